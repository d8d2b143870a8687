from typing import Any

from bench.machine.environment import current_environment
from bench.records.measurement import Environment, Measurement
from bench.records.point import Point
from reports.predictions import PredictionSection, build_predictions
from tests.records import measurement, point

GIB = 2**30
ONE, OTHER = (
    current_environment().model_copy(
        update={"accelerator": name, "accelerator_memory_bytes": 80 * GIB}
    )
    for name in ("One GPU", "Other GPU")
)


def at(batch: int, **fields: Any) -> Point:
    return point(batch=batch, **{"mode": "train", **fields})


def simulated(where: Point, gib: float, **fields: Any) -> Measurement:
    kind = {"quantity": "memory", "instrument": "simulated", "unit": "bytes"}
    return measurement(where, **{**kind, "samples": (gib * GIB,), **fields})


def measured(where: Point, gib: float, machine: Environment = ONE, **fields: Any) -> Measurement:
    kind = {"quantity": "memory", "instrument": "cuda", "unit": "bytes", "environment": machine}
    return measurement(where, **{**kind, "samples": (gib * GIB,), **fields})


def only(*measurements: Measurement) -> PredictionSection:
    (found,) = build_predictions(measurements)
    return found


def test_a_peak_must_be_simulated_and_measured() -> None:
    failed = measured(at(1), 0, status="oom", samples=(), reason="r")
    assert build_predictions([simulated(at(1), 2), measured(at(2), 2), failed]) == ()
    assert build_predictions([]) == ()


def test_the_errors_of_large_training_points_are_bounded() -> None:
    found = only(
        *(simulated(at(n), 2) for n in (1, 2, 3)),
        measured(at(1), 2 / 1.029),
        measured(at(2), 2 / 1.031),
        measured(at(3), 2 / 0.96),
    )
    assert found.finding == (
        "1 of 3 training points over 1 GiB are within 3% of the measured peak. The largest error "
        "of all points is -4.0%: tsn depth 50, 8 frames, batch 3, train, 224 px."
    )
    assert [text.rpartition(": ")[2] for text in found.beyond] == ["-4.0%", "+3.1%"]


def test_the_largest_error_comes_first() -> None:
    found = only(
        *(simulated(at(n), 2) for n in (1, 2)),
        measured(at(1), 2 / 1.04),
        measured(at(2), 2 / 1.5),
    )
    assert found.beyond == (
        "tsn depth 50, 8 frames, batch 2, train, 224 px: +50.0%",
        "tsn depth 50, 8 frames, batch 1, train, 224 px: +4.0%",
    )
    assert (
        "The largest error of all points is +50.0%: tsn depth 50, 8 frames, batch 2"
        in found.finding
    )
    assert [row[-3].text for row in found.table.rows] == ["+50.0%", "+4.0%"]


def test_inference_small_peaks_and_compiled_networks_have_no_bound() -> None:
    compiled = at(2, execution="compile")
    found = only(
        simulated(at(1, mode="infer"), 4),
        simulated(at(2), 4),
        simulated(at(3), 2),
        measured(at(1, mode="infer"), 2),
        measured(compiled, 2),
        measured(at(3), 1),
    )
    assert found.beyond == ()
    assert found.finding.startswith(
        "The bound of 3% applies to training points over 1 GiB; there are none. The largest error "
        "of all points is +100.0%"
    )


def test_a_cpu_has_no_bound() -> None:
    found = only(simulated(at(1), 4), measured(at(1), 2, current_environment(), instrument="cpu"))
    assert found.instrument == "cpu"
    assert found.machine == current_environment().machine
    assert found.beyond == ()
    assert found.finding.startswith("The bound of 3% applies to CUDA only")


def test_each_machine_has_its_table_with_allocated_and_reserved_memory() -> None:
    reserved = {"allocator": {"reserved": 3 * GIB}}
    first, second = build_predictions(
        [
            simulated(at(1), 2, details={"allocator": {"reserved": 2.5 * GIB}}),
            measured(at(1), 2, OTHER),
            measured(at(1), 2, ONE, details=reserved),
        ]
    )
    assert (first.machine, second.machine) == ("One GPU, 80 GiB", "Other GPU, 80 GiB")
    assert [cell.text for cell in first.table.rows[0][-5:]] == [
        "2,048",
        "2,048",
        "+0.0%",
        "2,560",
        "3,072",
    ]
    assert [cell.text for cell in second.table.rows[0][-2:]] == ["2,560", "not measured"]
