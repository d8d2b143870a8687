from dataclasses import replace
from typing import Any

import pytest

from bench.choice.accuracies import (
    known_accuracies,
    option_sets,
    select_dataset,
    select_pretraining,
)
from bench.errors import BenchError
from bench.records.measurement import Measurement
from suites import Protocol, PublishedRow, load_published
from tests.bench.choice.known import accuracy
from tests.records import measurement, point

TAM = point(network="blvnet_tam", dataset="d", options={"formulation": "published", "window": 5})


def row(**fields: Any) -> PublishedRow:
    """A row of TSN at depth 50 over 8 frames."""
    defaults: dict[str, Any] = {
        "source": "s",
        "dataset": "d",
        "num_classes": 174,
        "network": "tsn",
        "options": (),
        "depth": 50,
        "frames": 8,
        "input_size": 224,
        "protocol": Protocol(1, 3, 256),
        "top1": 20.5,
        "note": "",
    }
    return replace(load_published()[0], **{**defaults, **fields})


def measured_accuracy(*samples: int, **fields: Any) -> Measurement:
    kind = {"quantity": "accuracy", "instrument": "evaluated", "unit": "percent"}
    return measurement(fields.pop("where", TAM), **{**kind, "samples": samples, **fields})


def test_an_accuracy_is_of_a_network_in_any_formulation_at_any_frames() -> None:
    wide = accuracy(TAM, 50, options=(("window", 5),))
    assert wide.is_of(TAM)
    assert wide.is_of(TAM.model_copy(update={"options": (("window", 5),), "frames": 64}))
    for other in (
        {"network": "tsn"},
        {"depth": 101},
        {"options": (("window", 3),)},
        {"options": ()},
    ):
        assert not wide.is_of(TAM.model_copy(update=other))


def test_a_published_row_is_an_accuracy_without_clips() -> None:
    (found,) = known_accuracies([row()], [])
    assert found.as_json() == {
        "frames": 8,
        "top1": 20.5,
        "kind": "published",
        "source": "s",
        "dataset": "d",
        "protocol": {"clips": 1, "crops": 3, "size": 256, "sampling": ""},
        "pretraining": "",
    }
    assert found.point(point()) == point(input_size=256)
    assert found.is_of(point())
    assert found.num_classes == 174


def test_a_measured_accuracy_names_its_weights_or_its_seed() -> None:
    named = measured_accuracy(100, 0, settings={"weights": "w.pth"})
    seeded = measured_accuracy(100, where=TAM.model_copy(update={"seed": 3}), instrument="trained")
    found = known_accuracies([], [named, seeded])
    assert [(a.top1, a.kind, a.videos, a.source) for a in found] == [
        (50, "measured", 2, "accuracy:evaluated, w.pth"),
        (100, "measured", 1, "accuracy:trained, trained here, seed 3"),
    ]
    assert all(a.is_of(TAM) for a in found)
    data = found[0].as_json()
    assert (data["videos"], data["interval"]) == (2, list(named.interval))


def test_the_newest_of_each_point_and_instrument_counts() -> None:
    other = TAM.model_copy(update={"frames": 16})
    found = known_accuracies(
        [row(top1=1.0)],
        [
            measured_accuracy(0),
            measured_accuracy(100),
            measured_accuracy(0, where=other),
            measured_accuracy(0, instrument="trained"),
        ],
    )
    assert [(a.top1, a.frames) for a in found] == [(1.0, 8), (100, 8), (0, 16), (0, 8)]


def test_other_quantities_and_failures_do_not_count() -> None:
    failed = measured_accuracy(status="failed", reason="r")
    assert known_accuracies([], [measurement(TAM), failed]) == []


def test_accuracies_are_selected_by_data_set() -> None:
    first, second = accuracy(TAM, 50), accuracy(TAM, 60, dataset="something-v2")
    assert select_dataset([first, second], "d") == [first]
    message = (
        r"^no accuracy is known on 'something-v1' \(did you mean 'something-v2'\?\): "
        r"choose among d, something-v2$"
    )
    with pytest.raises(BenchError, match=message):
        select_dataset([second, first], "something-v1")


def test_option_sets_are_those_of_accuracies() -> None:
    assert list(option_sets([accuracy(TAM, 50)])) == [("blvnet_tam", 50, TAM.options)]


def test_a_measured_accuracy_has_the_protocol_of_its_settings() -> None:
    settings = {"views": 2, "crops": 3, "sampling": "dense"}
    where = TAM.model_copy(update={"input_size": 256})
    (found,) = known_accuracies([], [measured_accuracy(100, where=where, settings=settings)])
    assert found.protocol == Protocol(2, 3, 256, "dense")
    (trained,) = known_accuracies([], [measured_accuracy(100)])
    assert trained.protocol == Protocol(1, 1, 224, "uniform")


def test_an_accuracy_of_unknown_protocol_has_no_point_and_a_row_without_top1_no_accuracy() -> None:
    (unknown,) = known_accuracies([row(protocol=None), row(top1=None)], [])
    assert unknown.as_json()["protocol"] is None
    with pytest.raises(ValueError, match="protocol of s is not known"):
        unknown.point(TAM)


def test_accuracies_are_selected_by_pretraining_in_any_case() -> None:
    known = known_accuracies(load_published(), [])
    mixed = select_dataset(known, "kinetics-400")
    alike = select_pretraining(mixed, ["In1k"])
    assert {one.pretraining for one in alike} == {"IN1k"}
    both = select_pretraining(mixed, ["none", "in1k"])
    assert {one.pretraining for one in both} == {"IN1k", "none"}
    unknown = select_pretraining(mixed, ["not known"])
    assert {one.pretraining for one in unknown} == {""}
    assert select_pretraining(mixed, []) == mixed


def test_an_unknown_pretraining_is_refused_with_the_known_ones() -> None:
    mixed = select_dataset(known_accuracies(load_published(), []), "kinetics-400")
    with pytest.raises(
        BenchError, match=r"'in1' and .*\(did you mean 'in1k'\?\): choose among CLIP-400M, "
    ):
        select_pretraining(mixed, ["in1"])


def test_a_pretraining_of_another_data_set_says_of_which() -> None:
    here, there = accuracy(TAM, 50), accuracy(TAM, 60, dataset="e", pretraining="CLIP")
    message = (
        r"^no network here is pretrained on 'clip' and tested on d \(those tested on e are\): "
        "choose among not known$"
    )
    with pytest.raises(BenchError, match=message):
        select_pretraining([here], ["clip"], [here, there])
