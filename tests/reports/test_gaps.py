from bench.records.measurement import Measurement, Status
from reports.gaps import build_gaps
from tests.records import measurement, point


def without_figure(frames: int, status: Status, reason: str) -> Measurement:
    return measurement(point(frames=frames), status=status, samples=(), reason=reason)


def test_many_points_of_one_reason_are_a_line_that_names_the_first() -> None:
    (gap,) = build_gaps([without_figure(n, "unsupported", "no CUDA") for n in range(1, 201)])
    first = "; ".join(str(point(frames=n)) for n in (1, 2, 3))
    assert (
        gap.text == f"macs:flop_counter, 200 points: unsupported, no CUDA ({first}; and 197 more)"
    )


def test_every_point_that_memory_did_not_hold_is_named_with_what_was_asked_for() -> None:
    (gap,) = build_gaps([without_figure(n, "oom", "asked for 2 GiB") for n in range(1, 6)])
    assert gap.text.startswith("macs:flop_counter, 5 points: oom, asked for 2 GiB (")
    assert all(str(point(frames=n)) in gap.text for n in range(1, 6))
    assert "more" not in gap.text


def test_other_reasons_and_statuses_are_other_lines() -> None:
    gaps = build_gaps(
        [
            without_figure(1, "oom", "2 GiB"),
            without_figure(2, "failed", "2 GiB"),
            without_figure(3, "oom", "3 GiB"),
            measurement(point(frames=4)),
        ]
    )
    assert [(gap.status, gap.reason) for gap in gaps] == [
        ("oom", "2 GiB"),
        ("failed", "2 GiB"),
        ("oom", "3 GiB"),
    ]
    assert ", 1 point: " in gaps[0].text
