from typing import Any

import pytest
from pydantic import ValidationError

from bench.errors import BenchError
from bench.records.measurement import Measurement
from bench.records.proportions import accuracy_interval
from tests.records import measurement, point, tsn_reference


def test_a_record_survives_json() -> None:
    options = {"window": 5, "wide": True}
    record = measurement(point(options=options), samples=(1, 2.5), reference=tsn_reference(2, 3))
    assert Measurement.model_validate_json(record.model_dump_json()) == record


def test_texts_of_a_record_are_printable() -> None:
    nasty, shown = "a\nb\x1b[2J\u202e", "a b\ufffd[2J\ufffd"
    where = point(network=nasty, dataset=nasty, options={nasty: nasty})
    assert (where.network, where.dataset, where.options) == (shown, shown, ((shown, shown),))
    record = measurement(
        where,
        warnings=(nasty,),
        settings={nasty: nasty},
        details={nasty: {nasty: 1}},
        reason=nasty,
    )
    assert record.warnings == (shown,)
    assert (record.settings, record.details) == ({shown: shown}, {shown: {shown: 1}})
    assert Measurement.model_validate_json(record.model_dump_json()) == record


@pytest.mark.parametrize("value", [10**400, float("inf"), float("nan")])
def test_a_number_that_arithmetic_cannot_take_is_refused(value: float) -> None:
    for fields in ({"settings": {"a": value}}, {"details": {"a": {"b": value}}}):
        with pytest.raises(ValidationError):
            measurement(point(), **fields)
    with pytest.raises(ValidationError):
        point(options={"a": value})


def test_value_is_the_median_of_the_samples() -> None:
    assert measurement(point(), samples=(9, 1, 2)).value == 2
    assert measurement(point(), samples=(9, 1, 2)).as_json()["value"] == 2


def test_a_saving_is_of_samples_of_the_same_round() -> None:
    assert measurement(point(), samples=(1, 2, 10), reference=tsn_reference(2, 6, 100)).saving == 3
    with pytest.raises(BenchError, match="no reference"):
        _ = measurement(point()).saving


def test_a_saving_comes_with_the_reference_in_the_same_rounds() -> None:
    record = measurement(point(), samples=(1, 2, 10), reference=tsn_reference(2, 6, 100))
    expected = {"reference_value": 6, "saving": 3, "saving_low": 2, "saving_high": 10}
    assert record.saving_figures == expected
    found = record.as_json()
    assert (found["reference_value"], found["saving"], found["saving_interval"]) == (6, 3, [2, 10])
    assert "saving_low" not in found
    for alone in (
        measurement(point()),
        measurement(point(), samples=(0,), reference=tsn_reference(1)),
    ):
        assert alone.saving_figures == {}
        assert "saving" not in alone.as_json()


def test_a_platform_is_a_machine_with_the_threads_that_the_figure_depends_on() -> None:
    of_cpu = {"quantity": "latency", "instrument": "cpu", "unit": "seconds"}
    one, two = (measurement(point(), settings={"threads": n}, **of_cpu) for n in (1, 2))
    assert (one.threads, one.platform) == (1, f"{one.machine}, 1 thread")
    assert (two.threads, two.platform) == (2, f"{one.machine}, 2 threads")
    plain = measurement(point(), **of_cpu)
    assert (plain.threads, plain.platform) == (0, plain.machine)
    on_gpu = measurement(point(), settings={"threads": 2}, **{**of_cpu, "instrument": "cuda"})
    assert (on_gpu.threads, on_gpu.platform) == (0, on_gpu.machine)
    count = measurement(point(), settings={"threads": 2})
    assert (count.threads, count.platform) == (0, "")


def test_what_is_missing_has_a_reason_and_no_value() -> None:
    record = measurement(point(), status="failed", samples=(), reason="out of luck")
    assert "value" not in record.as_json()
    with pytest.raises(BenchError, match="out of luck"):
        _ = record.value


@pytest.mark.parametrize(
    "fields",
    [
        {"samples": ()},
        {"samples": (-1,)},
        {"samples": (float("nan"),)},
        {"samples": (float("inf"),)},
        {"status": "failed", "samples": (), "reason": ""},
        {"status": "failed", "samples": (1,), "reason": "x"},
        {"status": "splendid"},
        {"measured_at": "yesterday"},
        {"surprise": 1},
        {"reference": tsn_reference()},
        {"reference": tsn_reference(1, 2)},
        {"reference": tsn_reference(-1)},
        {"settings": {"threads": 0}},
        {"settings": {"threads": "2"}},
    ],
)
def test_impossible_records_are_rejected(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        measurement(point(), **fields)


@pytest.mark.parametrize(
    ("samples", "sizes"),
    [
        ((100, 50), {}),
        ((100, 0), {"a": 1}),
        ((100, 0), {"a": 3, "b": -1}),
        ((100,), {"a": 1, "b": 0}),
    ],
)
def test_an_accuracy_is_of_answers_in_whole_groups(
    samples: tuple[int, ...], sizes: dict[str, int]
) -> None:
    fields: dict[str, Any] = {"quantity": "accuracy", "unit": "percent"}
    measurement(point(), samples=(100, 0), details={"group_sizes": {"a": 1, "b": 1}}, **fields)
    with pytest.raises(ValueError, match=r"an answer is|each group needs"):
        measurement(point(), samples=samples, details={"group_sizes": sizes}, **fields)


@pytest.mark.parametrize(
    ("dataset", "settings", "sizes", "warnings", "has_pairs"),
    [
        ("arrow-of-time", {"reversed_pairs": True}, {"a": 2, "b": 2}, (), True),
        ("arrow-of-time", {"reversed_pairs": False}, {"a": 2, "b": 2}, (), False),
        ("own", {"reversed_pairs": True}, {"a": 2, "b": 2}, (), True),
        ("arrow-of-time", {}, {"a": 2, "b": 2}, (), True),  # an older record
        ("arrow-of-time", {}, {}, (), True),
        ("arrow-of-time", {}, {"a": 1, "b": 3}, (), False),
        ("arrow-of-time", {}, {"a": 2, "b": 2}, ("x is empty: has 0 bytes",), False),
        ("own", {}, {"a": 2, "b": 2}, (), False),
    ],
)
def test_answers_to_motions_and_their_reverse_are_pairs(
    dataset: str,
    settings: dict[str, bool],
    sizes: dict[str, int],
    warnings: tuple[str, ...],
    has_pairs: bool,
) -> None:
    found = measurement(
        point(dataset=dataset),
        quantity="accuracy",
        unit="percent",
        samples=(100, 0, 100, 0),
        details={"group_sizes": sizes},
        settings=settings,
        warnings=warnings,
    )
    assert found.has_reversed_pairs is has_pairs
    assert found.interval == accuracy_interval(found.samples, reversed_pairs=has_pairs)


def test_half_a_pair_is_refused() -> None:
    with pytest.raises(ValueError, match="answers to pairs need an even number in each group"):
        measurement(
            point(),
            quantity="accuracy",
            unit="percent",
            samples=(100, 0, 100, 0),
            details={"group_sizes": {"a": 1, "b": 3}},
            settings={"reversed_pairs": True},
        )
