"""The changes that a report shows since older results."""

from typing import Any

from bench.machine.environment import current_environment
from bench.records.measurement import CodeVersion, Measurement
from reports.changes import GONE, MOVED, NEW, UNDECIDED, ChangeGroup, Changes, GroupKey
from reports.page import build_page
from tests.records import claim, measurement, point, tsn_reference

SLOW, FAST = (
    current_environment().model_copy(update={"processor": name, "cores": 2, "memory_bytes": 2**33})
    for name in ("Slow", "Fast")
)
SLOW_NAME, FAST_NAME = "Slow, 2 cores, 8 GiB", "Fast, 2 cores, 8 GiB"
PEAK = {"quantity": "memory", "instrument": "simulated", "unit": "bytes"}


def changes(old: list[Measurement], new: list[Measurement]) -> Changes:
    found = build_page(new, [claim()], old).changes
    assert found is not None
    return found


def counted(network: str, macs: int, **fields: Any) -> Measurement:
    return measurement(point(network=network), samples=(macs,), **fields)


def timed(*ratios: float, **fields: Any) -> Measurement:
    """A latency of TAM, given by its ratios to that of the TSN timed in turn with it."""
    seconds = {"quantity": "latency", "instrument": "cpu", "unit": "seconds", "environment": SLOW}
    samples = tuple(2 * ratio for ratio in ratios)
    reference = tsn_reference(*(2.0 for _ in ratios))
    where = point(network="tam")
    return measurement(where, **{**seconds, "samples": samples, "reference": reference, **fields})


def answered(*answers: int, clips: str = "a") -> Measurement:
    scored = {"quantity": "accuracy", "instrument": "evaluated", "unit": "percent"}
    return measurement(point(), **scored, samples=answers, settings={"clips": clips})


def around(middle: float) -> tuple[float, ...]:
    return tuple(middle * (1 + step / 500) for step in range(-4, 5))


def test_without_others_nothing_is_said_of_changes() -> None:
    assert build_page([measurement(point())], [claim()]).changes is None


def test_the_same_results_have_not_changed() -> None:
    failed = measurement(point(network="s3d"), status="failed", samples=(), reason="no")
    records = [counted("tsn", 9), counted("tam", 3), timed(1.0), failed]
    found = changes(records, records)
    assert (found.claims, found.figures, found.groups, found.environment) == ((), (), (), ())
    assert found.tables == ()
    assert found.summary == "No verdict and no figure changed. Other measurements: 4 unchanged."


def test_a_count_that_differs_at_all_has_changed() -> None:
    code = CodeVersion(network="other", instrument="i")
    old = [counted("tsn", 10**9), counted("tam", 7)]
    found = changes(old, [counted("tsn", 10**9 + 10**6, code=code), counted("tam", 7)])
    (row,) = found.figures_table.rows
    assert dict(zip(found.figures_table.headings, (cell.text for cell in row), strict=True)) == {
        "quantity": "macs:flop_counter",
        "point": str(point()),
        "then": "1,000,000,000 MACs",
        "now": "1,001,000,000 MACs",
        "difference": "+0.10 %",
        "note": "the code of the network changed",
    }
    assert found.unchanged == 1


def test_a_claim_that_flips_has_both_verdicts_and_figures() -> None:
    tam = counted("tam", 10)
    found = changes([counted("tsn", 40), tam], [counted("tsn", 20), tam])
    (flipped,) = found.claims
    assert flipped.is_flipped
    (row,) = found.claims_table.rows
    texts = ["t", "depth 50", "4.0000", "2.0000", "reproduced", "not reproduced"]
    assert [cell.text for cell in row] == texts
    assert found.summary.startswith("1 verdict, 1 measurement changed.")


def test_a_figure_of_a_claim_may_change_alone() -> None:
    tam = counted("tam", 10)
    found = changes([counted("tsn", 40), tam], [counted("tsn", 50), tam])
    assert [one.is_flipped for one in found.claims] == [False]
    assert found.summary.startswith("1 claim's figures, 1 measurement changed.")
    assert found.as_json()["claims"] == [
        {
            "id": "c",
            "verdict": {"old": "reproduced", "new": "reproduced"},
            "cases": [{"label": "depth 50", "old": "4.0000", "new": "5.0000"}],
        }
    ]


def test_a_claim_that_nobody_could_judge_before() -> None:
    tsn, tam = counted("tsn", 40), counted("tam", 10)
    (one,) = changes([tsn], [tsn, tam]).claims
    assert one.cases[0].figures == ("not measured", "4.0000")


def test_what_only_one_side_has_is_new_or_gone() -> None:
    other = measurement(point(), **PEAK)
    found = changes([counted("tsn", 1), counted("tam", 1)], [counted("tsn", 1), other])
    assert found.groups == (
        ChangeGroup(GroupKey(NEW, "memory:simulated", ""), (point(),)),
        ChangeGroup(GroupKey(GONE, "macs:flop_counter", ""), (point(network="tam"),)),
    )
    assert found.summary.endswith("Other measurements: 1 unchanged, 1 new, 1 gone.")


def test_another_unit_is_a_change_without_a_difference() -> None:
    found = changes([measurement(point(), **PEAK)], [measurement(point(), **{**PEAK, "unit": "B"})])
    (one,) = found.figures
    assert (one.figures, one.difference) == (("1 bytes", "1 B"), "")


def test_a_figure_that_there_is_no_more_is_a_change_with_its_reason() -> None:
    lost = measurement(point(), **{**PEAK, "samples": ()}, status="oom", reason="too large")
    (one,) = changes([measurement(point(), **PEAK)], [lost]).figures
    assert (one.figures, one.difference, one.note) == (("1 bytes", "oom"), "", "too large")
    assert one.as_json()["new"] == {"status": "oom", "reason": "too large"}


def test_an_operator_that_is_counted_no_more_is_a_change() -> None:
    odd = counted("tsn", 5, details={"uncounted": {"aten::odd": 2}})
    (one,) = changes([counted("tsn", 5)], [odd]).figures
    assert one.note == "aten::odd: uncounted 0 times then, 2 now"


def test_zero_has_no_difference_in_percent() -> None:
    (one,) = changes([counted("tsn", 0)], [counted("tsn", 5)]).figures
    assert one.difference == ""
    assert "difference_percent" not in one.as_json()


def test_seconds_count_as_ratios_and_beyond_chance() -> None:
    old = timed(*around(1.0))
    assert changes([old], [timed(*around(1.02))]).unchanged == 1
    twice_as_slow_a_machine = timed(
        *around(1.0), samples=(4.0,) * 9, reference=tsn_reference(*(4.0,) * 9)
    )
    assert changes([old], [twice_as_slow_a_machine]).unchanged == 1
    (one,) = changes([old], [timed(*around(1.5))]).figures
    assert (one.figures, one.difference) == (
        ("1.0000 of tsn (2 / 2 seconds)", "1.5000 of tsn (3 / 2 seconds)"),
        "+50.00 %",
    )


def test_an_undecided_change_has_its_reason() -> None:
    other = tsn_reference(*(2.0,) * 9).model_copy(update={"point": point(network="tsm")})
    old = timed(*around(1.0))
    (group,) = changes([old], [timed(*around(1.5), reference=other)]).groups
    assert group.key[::3] == (UNDECIDED, "the latencies have different reference networks")
    (group,) = changes([old], [timed(1.0, 1.5)]).groups
    assert (group.key.kind, group.key.machine) == (UNDECIDED, SLOW_NAME)
    assert "2 samples and needs at least 5" in group.key.reason


def test_accuracies_are_compared_on_the_same_clips_and_in_points() -> None:
    old = answered(*(100,) * 10, *(0,) * 20)
    (one,) = changes([old], [answered(*(100,) * 25, *(0,) * 5)]).figures
    assert one.difference == "+50.00 points"
    assert changes([old], [answered(*(100,) * 11, *(0,) * 19)]).unchanged == 1
    (group,) = changes([old], [answered(*(100,) * 25, *(0,) * 5, clips="b")]).groups
    assert group.key[::3] == (UNDECIDED, "the accuracies are of different clips")


def test_equal_counts_of_two_machines_differ_by_their_environment_alone() -> None:
    newer = FAST.model_copy(update={"packages": {**FAST.packages, "torch": "99"}})
    then, now = ([counted("tsn", 9, environment=e)] for e in (SLOW, newer))
    found = changes(then, now)
    assert (found.claims, found.figures, found.groups) == ((), (), ())
    assert found.environment == (
        ("machine", SLOW_NAME, FAST_NAME),
        ("torch", SLOW.packages["torch"], "99"),
    )
    assert found.summary == (
        "No verdict and no figure changed. The machines or the versions differ. "
        "Other measurements: 1 unchanged."
    )


def test_seconds_of_two_machines_are_not_compared() -> None:
    found = changes([timed(*around(1.0))], [timed(*around(9.0), environment=FAST)])
    moved = f"{SLOW_NAME} then, {FAST_NAME} now"
    (group,) = found.groups
    assert group == ChangeGroup(GroupKey(MOVED, "latency:cpu", moved), (point(network="tam"),))
    assert found.figures == ()


def test_seconds_of_two_numbers_of_threads_are_not_compared() -> None:
    one, two = (timed(*around(1.0), settings={"threads": n}) for n in (1, 2))
    (group,) = changes([one], [two]).groups
    assert group.key.machine == f"{SLOW_NAME}, 1 thread then, {SLOW_NAME}, 2 threads now"


def test_the_newest_of_either_side_counts() -> None:
    found = changes([counted("tsn", 1), counted("tsn", 5)], [counted("tsn", 7), counted("tsn", 5)])
    assert (found.figures, found.unchanged) == ((), 1)
