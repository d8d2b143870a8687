from typing import Any

from bench.machine.environment import current_environment
from bench.records.measurement import Environment, Measurement
from bench.records.point import Point
from reports.formulations import COSTS, MEASURED_BY, build_formulations
from tests.records import measurement, point, tsn_reference

FAST, SLOW = (
    current_environment().model_copy(update={"processor": name, "cores": 2, "memory_bytes": 2**33})
    for name in ("Fast", "Slow")
)
TSN = point(frames=16)
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


def test_counts_divide_as_they_are() -> None:
    assert rows(macs(TSN, 60), macs(PUBLISHED, 24), macs(EFFICIENT, 20)) == [
        ["50", "MACs of a clip (G)", "60.000", "24.000", "20.000", "2.500", "3.000", "1.200"]
    ]


def test_without_a_side_there_is_no_quotient_of_it_and_a_note_says_what_measures() -> None:
    table = build_formulations([macs(TSN, 60), macs(EFFICIENT, 20)])
    (row,) = ([cell.text for cell in row] for row in table.rows)
    missing = "not measured"
    assert row[2:] == ["60.000", missing, "20.000", missing, "3.000", missing]
    assert table.notes == (f"To measure what is missing: {MEASURED_BY}.",)
    whole = build_formulations([macs(TSN, 60), macs(PUBLISHED, 24), macs(EFFICIENT, 20)])
    assert whole.notes == ()


def test_without_a_figure_of_ours_over_16_frames_there_are_no_rows() -> None:
    failed = measurement(EFFICIENT, status="oom", samples=(), reason="r")
    assert rows() == rows(macs(TSN, 60)) == rows(macs(TSN, 60), failed) == []
    assert rows(macs(TSN, 60), macs(EFFICIENT.model_copy(update={"frames": 8}), 1)) == []


def test_latencies_divide_by_the_rounds_that_they_were_taken_in() -> None:
    reference = tsn_reference(4.0, 9.0).model_copy(update={"point": TSN})
    (row,) = rows(
        timed(TSN, 100.0),
        timed(PUBLISHED, 2.0, 3.0, reference=reference),  # 2 and 3 times
        timed(EFFICIENT, 1.0, 1.5, reference=reference),  # 4 and 6 times
    )
    assert row[1] == "latency, infer, batch 1 (s), Fast, 2 cores, 8 GiB"
    assert row[2:5] == ["100.000", "2.500", "1.250"]
    assert row[5:] == ["2.500", "5.000", "2.000"]


def test_every_machine_has_rows_of_its_own() -> None:
    found = rows(
        timed(TSN, 4.0),
        timed(EFFICIENT, 2.0),
        timed(EFFICIENT, 1.0, machine=SLOW),
        macs(EFFICIENT, 20),
    )
    assert [row[1] for row in found] == [
        "MACs of a clip (G)",
        "latency, infer, batch 1 (s), Fast, 2 cores, 8 GiB",
        "latency, infer, batch 1 (s), Slow, 2 cores, 8 GiB",
    ]
    assert [row[6] for row in found] == ["not measured", "2.000", "not measured"]


def test_depths_come_in_order_and_a_quotient_by_0_is_none() -> None:
    deep = {"depth": 101}
    found = rows(
        macs(EFFICIENT.model_copy(update=deep), 20),
        macs(TSN, 60),
        macs(EFFICIENT, 0),
    )
    assert [row[0] for row in found] == ["50", "101"]
    assert found[0][6] == "not measured"


def test_memory_is_that_of_batches_of_8_in_mebibytes() -> None:
    kind = {"quantity": "memory", "instrument": "simulated", "unit": "bytes"}
    where = {"batch": 8, "mode": "train"}
    sides = [
        measurement(one.model_copy(update=where), **kind, samples=(size * 2**20,))
        for one, size in ((TSN, 6000), (EFFICIENT, 1500))
    ]
    (row,) = rows(*sides)
    assert row[1] == "peak memory, train, batch 8 (MiB)"
    assert row[2:5] == ["6,000", "not measured", "1,500"]


def test_every_cost_is_another_one() -> None:
    assert len({(cost.label, cost.batch, cost.mode) for cost in COSTS}) == len(COSTS)
