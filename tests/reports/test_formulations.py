from collections.abc import Callable
from typing import Any

from bench.machine.environment import current_environment
from bench.records.measurement import Environment, Measurement, Reference
from bench.records.point import Point
from reports.formulations import COSTS, HEADINGS, MEASURED_BY, build_formulations
from tests.records import measurement, point

FAST, SLOW = (
    current_environment().model_copy(update={"processor": name, "cores": 2, "memory_bytes": 2**33})
    for name in ("Fast", "Slow")
)
TSN = point(frames=16)
PUBLISHED_TSN = point(frames=16, options={"formulation": "published"})
EFFICIENT = point(network="blvnet_tam", frames=16)
PUBLISHED = point(network="blvnet_tam", frames=16, options={"formulation": "published"})


def macs(where: Point, giga: float) -> Measurement:
    return measurement(where, samples=(giga * 1e9,))


def timed(where: Point, *samples: float, machine: Environment = FAST, **fields: Any) -> Measurement:
    kind = {"quantity": "latency", "instrument": "cpu", "unit": "seconds", "environment": machine}
    return measurement(where, **kind, samples=samples, **fields)


def rows(*measurements: Measurement) -> list[list[str]]:
    table = build_formulations(measurements)
    return [[cell.text for cell in row] for row in table.rows]


def sides(cost: Callable[[Point, float], Measurement], *figures: float) -> list[Measurement]:
    """TSN and ours as published, then both efficient."""
    points = (PUBLISHED_TSN, PUBLISHED, TSN, EFFICIENT)
    return [cost(*pair) for pair in zip(points, figures, strict=True)]


def infer_mib(where: Point, size: float) -> Measurement:
    kind = {"quantity": "memory", "instrument": "simulated", "unit": "bytes"}
    return measurement(where.model_copy(update={"batch": 8}), **kind, samples=(size * 2**20,))


MISSING = "not measured"


def test_counts_divide_as_they_are() -> None:
    (row,) = rows(*sides(macs, 60, 24, 60, 20))
    assert row == [
        *("50", "MACs of a clip (G)"),
        *("60.000", "24.000", "2.5000", "60.000", "20.000", "3.0000"),
        *("1.0000", "1.2000"),
    ]


def test_the_idea_is_what_is_left_where_both_networks_save_what_they_can() -> None:
    (row,) = rows(*sides(infer_mib, 1439, 3354, 1047, 953))
    assert row[1] == "peak memory, infer, batch 8 (MiB)"
    by_heading = dict(zip(HEADINGS, row, strict=True))
    assert by_heading["idea: TSN / bLVNet-TAM, both efficient"] == "1.0986"  # not 1439 / 953
    assert by_heading["as published: TSN / bLVNet-TAM"] == "0.4290"
    assert by_heading["implementation of TSN: published / efficient"] == "1.3744"
    assert by_heading["implementation of bLVNet-TAM: published / efficient"] == "3.5194"


def test_without_a_side_there_is_no_quotient_of_it_and_a_note_says_what_measures() -> None:
    table = build_formulations([macs(TSN, 60), macs(EFFICIENT, 20)])
    (row,) = ([cell.text for cell in row] for row in table.rows)
    assert row[2:] == [MISSING] * 3 + ["60.000", "20.000", "3.0000"] + [MISSING] * 2
    assert table.notes == (f"To measure what is missing: {MEASURED_BY}.",)
    assert build_formulations(sides(macs, 60, 24, 60, 20)).notes == ()


def test_without_a_figure_of_ours_over_16_frames_there_are_no_rows() -> None:
    failed = measurement(EFFICIENT, status="oom", samples=(), reason="r")
    assert rows() == rows(macs(TSN, 60)) == rows(macs(TSN, 60), failed) == []
    assert rows(macs(TSN, 60), macs(EFFICIENT.model_copy(update={"frames": 8}), 1)) == []


def test_a_ratio_of_latencies_stands_beside_the_seconds_of_its_rounds() -> None:
    def beside_tsn(tsn: Point, *samples: float) -> Reference:
        return Reference(point=tsn, samples=samples)

    (row,) = rows(
        timed(TSN, 100.0),  # in other rounds
        timed(PUBLISHED, 2.0, 3.0, reference=beside_tsn(PUBLISHED_TSN, 4.0, 9.0)),
        timed(EFFICIENT, 1.0, 1.5, reference=beside_tsn(TSN, 4.0, 6.0)),
    )
    assert row[1] == "latency, infer, batch 1 (s), Fast, 2 cores, 8 GiB"
    assert row[2:5] == ["6.500", "2.500", "2.5000 (2.000 to 3.000)"]  # 2 and 3 times
    assert row[5:8] == ["5.000", "1.250", "4.0000"]
    # Of different rounds: by the medians, with an interval by those of both.
    assert row[8:] == ["1.3000 (0.667 to 2.250)", "2.0000 (1.333 to 3.000)"]


def test_rounds_with_another_tsn_are_no_rounds_of_the_pair() -> None:
    other = Reference(point=TSN, samples=(9.0,))
    (row,) = rows(timed(PUBLISHED, 2.0, reference=other), timed(PUBLISHED_TSN, 4.0))
    assert row[2:5] == ["4.000", "2.000", "2.0000"]


def test_every_platform_has_rows_of_its_own() -> None:
    found = rows(
        timed(TSN, 4.0, settings={"threads": 2}),
        timed(EFFICIENT, 2.0, settings={"threads": 2}),
        timed(EFFICIENT.model_copy(update={"mode": "train"}), 2.0, settings={"threads": 1}),
        timed(EFFICIENT, 1.0, machine=SLOW),
        macs(EFFICIENT, 20),
    )
    assert [row[1] for row in found] == [
        "MACs of a clip (G)",
        "latency, train, batch 1 (s), Fast, 2 cores, 8 GiB, 1 thread",
        "latency, infer, batch 1 (s), Fast, 2 cores, 8 GiB, 2 threads",
        "latency, infer, batch 1 (s), Slow, 2 cores, 8 GiB",
    ]
    assert [row[7] for row in found] == [MISSING, MISSING, "2.0000", MISSING]


def test_depths_come_in_order_and_a_quotient_by_0_is_none() -> None:
    deep = {"depth": 101}
    found = rows(
        macs(EFFICIENT.model_copy(update=deep), 20),
        macs(TSN, 60),
        macs(EFFICIENT, 0),
    )
    assert [row[0] for row in found] == ["50", "101"]
    assert found[0][7] == MISSING


def test_every_cost_is_another_one() -> None:
    assert len({(cost.label, cost.batch, cost.mode) for cost in COSTS}) == len(COSTS)
