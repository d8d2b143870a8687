from typing import Any

import pytest
from pydantic import ValidationError

from bench.gate.entry import Entry, newest_entries
from bench.machine.environment import current_environment
from bench.records.catalogue import find_instrument
from bench.records.measurement import CodeVersion, Measurement
from tests.bench.choice.known import MACS, cost
from tests.bench.gate.entries import entry, seconds
from tests.records import measurement, point, tsn_reference

SECONDS = {"unit": "seconds", "quantity": "latency", "instrument": "cpu"}
TAM = point(network="tam")


def timed(**fields: Any) -> Measurement:
    return cost("latency:cpu", TAM, *fields.pop("samples", (1.0, 3.0)), **fields)


def test_an_entry_has_the_fields_that_the_gate_compares() -> None:
    found = Entry.of(
        timed(
            reference=tsn_reference(2.0, 2.0),
            settings={"threads": 2, "seed": 0, "busy": True, "reference_version": "v"},
            code=CodeVersion(network="n", instrument="i"),
        )
    )
    assert (found.label, found.subject) == ("latency:cpu", ("latency:cpu", TAM))
    assert (found.busy, found.reference_version, found.network_version) == (True, "v", "n")
    assert found.relative_samples == (0.5, 1.5)
    assert found.value == 1.0
    assert found.conditions["threads"] == "2"
    assert found.conditions["machine"] == current_environment().machine
    assert found.conditions["reference"] == str(point())
    assert not {"busy", "reference_version", "seed"} & set(found.conditions)


def test_the_conditions_of_a_count_are_libraries_without_the_machine() -> None:
    uncounted = {"by_operator": {"conv": 9}, "uncounted": {"aten.sort": 2}}
    found = Entry.of(cost(MACS, point(), 9, details=uncounted, settings={"threads": 2}))
    packages = current_environment().packages
    names = ("blvbench", *find_instrument(MACS).libraries)
    assert found.conditions == {name: packages[name] for name in names}
    assert found.uncounted == {"aten.sort": 2}
    assert not found.busy


def test_the_conditions_of_an_accuracy_have_its_clips() -> None:
    fields = {"quantity": "accuracy", "instrument": "evaluated", "unit": "percent"}
    found = Entry.of(
        measurement(
            point(dataset="d"),
            **fields,
            samples=(100, 0, 100, 100),
            settings={"clips": "c", "views": 3, "weights": "w"},
        )
    )
    assert (found.conditions["clips"], found.conditions["views"]) == ("c", "3")
    assert "weights" not in found.conditions
    assert (found.value, found.figure) == (75, "75.00 %")
    assert not found.reversed_pairs


def test_an_entry_knows_that_its_answers_are_of_pairs() -> None:
    fields = {"quantity": "accuracy", "instrument": "trained", "unit": "percent"}
    answers = measurement(point(dataset="arrow-of-time"), **fields, samples=(100, 0))
    assert Entry.of(answers).reversed_pairs


def test_an_entry_has_either_a_point_or_a_benchmark() -> None:
    assert entry(1.0, benchmark="t").subject == ("macs:flop_counter", "t")
    for wrong in ({"point": None}, {"benchmark": "t", "point": point()}):
        with pytest.raises(ValidationError, match="an entry has either a point or a benchmark"):
            entry(1.0, **wrong)
    with pytest.raises(ValidationError, match="a measurement has samples exactly if"):
        entry()


def test_rates_and_accuracies_are_better_if_higher() -> None:
    units = ("clips/s", "percent", "seconds", "MACs", "joules")
    assert [entry(100, unit=unit).is_higher_better for unit in units] == [True, True] + 3 * [False]


def test_samples_without_a_positive_reference_have_no_ratios() -> None:
    assert seconds(1.5).relative_samples == (1.5,)
    assert seconds(1.5, reference=tsn_reference(0.0)).relative_samples == (3.0,)
    assert seconds(1.5, reference=None).relative_samples == (3.0,)


@pytest.mark.parametrize(
    ("one", "figure"),
    [
        (entry(4_087_136_256), "4,087,136,256 MACs"),
        (entry(2.0), "2.0 MACs"),
        (entry(0.123456789, **SECONDS), "0.123457 seconds"),
        (entry(1234.5678, **SECONDS), "1,234.57 seconds"),
        (seconds(1.25), "1.2500 of tsn (2.5 / 2 seconds)"),
        (entry(status="oom", reason="r"), "oom"),
    ],
)
def test_whole_numbers_have_all_their_digits(one: Entry, figure: str) -> None:
    assert one.figure == figure


def test_the_newest_of_each_subject_counts_in_the_order_of_a_report() -> None:
    longer = point(frames=16)
    found = newest_entries(
        [
            cost(MACS, longer, 1),
            cost(MACS, TAM, 2),
            cost(MACS, point(), 3),
            cost("params", point(), 4),
            cost(MACS, point(), 5),
        ]
    )
    assert [(e.point, e.label, e.value) for e in found] == [
        (TAM, MACS, 2),
        (point(), MACS, 5),
        (point(), "params:shapes", 4),
        (longer, MACS, 1),
    ]
    benchmark = entry(1.0, benchmark="a")
    assert max([entry(1.0), benchmark], key=lambda e: e.sort_key) is benchmark
