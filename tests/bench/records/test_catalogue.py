from collections import Counter

import pytest

from bench.errors import BenchError
from bench.machine.environment import current_environment
from bench.records.catalogue import INSTRUMENTS, depends_on_threads, find_instrument
from suites.step import DEFAULT_STEP, StepOptions
from tests.bench.choice.known import cost
from tests.records import point

EVERYWHERE = {
    "batch": 8,
    "mode": "train",
    "precision": "bf16",
    "execution": "compile",
    "memory_format": "channels_last",
    "step": StepOptions(optimizer="adam"),
    "dataset": "d",
    "seed": 3,
}
FULL = point(**EVERYWHERE)


def kept(label: str) -> set[str]:
    """The fields of a point that an instrument's figure depends on, of those that are set here."""
    canonical = find_instrument(label).canonical(FULL)
    return {name for name, value in EVERYWHERE.items() if getattr(canonical, name) == value}


WAYS = {"execution", "memory_format"}
STEP = {"batch", "mode", "precision", "step"}


@pytest.mark.parametrize(
    ("label", "fields"),
    [
        ("params:shapes", set()),
        ("macs:flop_counter", set()),
        ("macs:fvcore", set()),
        ("traffic:operators", STEP - {"mode", "step"}),
        ("memory:simulated", STEP),
        ("memory:cpu", STEP | WAYS),
        ("latency:cuda", STEP | WAYS),
        ("throughput:cpu", (STEP | WAYS) - {"batch"}),
        ("cpu_time:process", STEP | WAYS),
        ("energy:nvml", STEP | WAYS),
        ("accuracy:trained", {"precision", "dataset", "seed"}),
        ("accuracy:evaluated", {"precision", "dataset"}),
    ],
)
def test_an_instrument_keeps_the_fields_that_its_figure_depends_on(
    label: str, fields: set[str]
) -> None:
    assert kept(label) == fields


def test_inference_has_no_training_step() -> None:
    infer = FULL.model_copy(update={"mode": "infer"})
    assert find_instrument("memory:cpu").canonical(infer).step == DEFAULT_STEP


def test_an_instrument_is_found_by_its_label_or_as_the_first_of_its_quantity() -> None:
    assert find_instrument("macs:fvcore").name == "fvcore"
    assert find_instrument("macs").label == "macs:flop_counter"
    assert find_instrument("memory").label == "memory:simulated"
    assert find_instrument("latency").label == "latency:cpu"
    message = r"^there is no quantity 'mac' \(did you mean 'macs'\?\): choose one of params, "
    with pytest.raises(BenchError, match=message):
        find_instrument("mac")


def test_every_label_is_of_one_instrument_and_every_quantity_has_one_unit() -> None:
    assert max(Counter(one.label for one in INSTRUMENTS).values()) == 1
    units = {(one.quantity, one.unit) for one in INSTRUMENTS}
    assert len(units) == len({quantity for quantity, _ in units})


def test_figures_of_machines_are_those_of_instruments_with_a_device() -> None:
    assert {one.label for one in INSTRUMENTS if one.device == "cuda"} == {
        "memory:cuda",
        "latency:cuda",
        "throughput:cuda",
        "energy:nvml",
    }
    assert cost("latency:cpu", point(), 1.0).machine == current_environment().machine
    assert cost("memory:cpu", point(), 1).machine == current_environment().machine
    assert cost("memory:simulated", point(), 1).machine == ""


def test_times_by_the_clock_of_a_cpu_depend_on_its_threads() -> None:
    threaded = {one.label for one in INSTRUMENTS if depends_on_threads(one.label)}
    assert threaded == {"latency:cpu", "throughput:cpu"}
    assert not depends_on_threads("unknown:instrument")
