from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest

from bench import ceilings, instruments, latency
from bench.ceilings import Ceilings
from bench.environment import current
from bench.errors import BenchError, UnsupportedError
from bench.instruments import (
    INSTRUMENTS,
    Reading,
    cpu_time_reference,
    find_instrument,
    latency_reference,
    machine_of,
)
from bench.networks import version
from bench.records import REFERENCE_VERSION, Point
from tests.bench.costs import cost
from tests.records import point

EVERYWHERE = {
    "batch": 8,
    "mode": "train",
    "precision": "bf16",
    "execution": "compile",
    "memory_format": "channels_last",
    "dataset": "d",
    "seed": 3,
}
FULL = point(**EVERYWHERE)


def kept(label: str) -> set[str]:
    """The fields of a point that an instrument's figure depends on, of those that are set here."""
    canonical = find_instrument(label).canonical(FULL)
    return {name for name, value in EVERYWHERE.items() if getattr(canonical, name) == value}


WAYS = {"execution", "memory_format"}
STEP = {"batch", "mode", "precision"}


@pytest.mark.parametrize(
    ("label", "fields"),
    [
        ("params:shapes", set()),
        ("macs:flop_counter", set()),
        ("macs:fvcore", set()),
        ("traffic:operators", STEP - {"mode"}),
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


def test_an_instrument_is_found_by_its_label_or_as_the_first_of_its_quantity() -> None:
    assert find_instrument("macs:fvcore").name == "fvcore"
    assert find_instrument("macs").label == "macs:flop_counter"
    assert find_instrument("memory").label == "memory:simulated"
    assert find_instrument("latency").label == "latency:cpu"
    message = r"^there is no quantity 'mac' \(did you mean 'macs'\?\): choose among params, "
    with pytest.raises(BenchError, match=message):
        find_instrument("mac")


def test_every_label_is_of_one_instrument_and_every_quantity_has_one_unit() -> None:
    assert max(Counter(one.label for one in INSTRUMENTS).values()) == 1
    units = {(one.quantity, one.unit) for one in INSTRUMENTS}
    assert len(units) == len({quantity for quantity, _ in units})


def test_figures_of_machines_are_those_of_instruments_with_a_device() -> None:
    assert {one.label for one in INSTRUMENTS if one.device == "cuda"} == {
        *("memory:cuda", "latency:cuda", "throughput:cuda", "energy:nvml")
    }
    assert machine_of(cost("latency:cpu", point(), 1.0)) == current().machine
    assert machine_of(cost("memory:cpu", point(), 1)) == current().machine
    assert machine_of(cost("memory:simulated", point(), 1)) == ""


def test_the_version_of_the_source_tells_instruments_apart() -> None:
    versions = {one.label: one.code_version for one in INSTRUMENTS}
    assert versions["macs:flop_counter"] != versions["macs:fvcore"]
    assert versions["latency:cpu"] == versions["latency:cuda"]
    assert versions["latency:cpu"] != versions["throughput:cpu"]


def test_a_latency_is_taken_in_turn_with_a_tsn_of_the_same_depth() -> None:
    assert latency_reference(point(network="tam", depth=101, options={"window": 5})) == point(
        depth=101
    )
    assert latency_reference(point()) is None
    assert latency_reference(point(depth=18)) is None
    pooled = point(options={"temporal_pooling": "max"})
    assert latency_reference(pooled) == point()


def test_without_the_depth_or_a_choice_of_depths_it_is_the_tsns_default() -> None:
    assert latency_reference(point(network="i3d", depth=None)) == point(depth=50)
    assert latency_reference(point(network="a.py:Net", depth=7)) == point(depth=50)


def test_processor_time_is_taken_beside_a_tsn_as_wide_and_of_a_tsn_beside_a_tsm() -> None:
    narrow = {"width": 0.25}
    tam = point(network="tam", depth=18, options={"window": 5, **narrow})
    assert cpu_time_reference(tam) == point(depth=18, options=narrow)
    tsn = point(depth=18, options=narrow)
    assert cpu_time_reference(tsn) == point(network="tsm", depth=18, options=narrow)
    own = point(network="a.py:Net", depth=None, options=narrow)
    assert cpu_time_reference(own) == point(depth=50)


@dataclass
class Shortage:
    """What `place` and `measure` of latencies give: a shortage while there is a reference."""

    placed: list[Point]
    error: Exception | None = None

    def place(self, _: object, where: Point, device: str) -> tuple[str, str]:
        self.placed.append(where)
        if len(self.placed) == 2 and self.error:
            raise self.error
        return where.network, device

    def measure(self, *_: object, reference: object) -> latency.LatencySamples:
        beside = (4.0, 6.0) if reference else ()
        return latency.LatencySamples((1.0, 2.0), beside, ("w",), {"threads": 2})


@pytest.fixture
def timed(monkeypatch: pytest.MonkeyPatch) -> Shortage:
    made = Shortage([])
    monkeypatch.setattr("bench.placement.place", made.place)
    monkeypatch.setattr(latency, "measure", made.measure)
    monkeypatch.setattr(ceilings, "measure", lambda *_: Ceilings(5.0, 6.0))
    return made


TAM = point(network="tam")


def read(where: Point) -> Reading:
    return find_instrument("latency:cpu").read(where)


def test_a_latency_has_its_references_samples_and_version(timed: Shortage) -> None:
    reading = read(TAM)
    assert timed.placed == [TAM, point()]
    assert reading.samples == (1.0, 2.0)
    assert reading.reference is not None
    assert (reading.reference.point, reading.reference.samples) == (point(), (4.0, 6.0))
    assert reading.settings == {"threads": 2, REFERENCE_VERSION: version(point())}
    assert list(reading.details["ceilings"].values()) == [5.0, 6.0]
    assert reading.warnings == ("w",)


def test_the_reference_itself_is_timed_alone(timed: Shortage) -> None:
    reading = read(point())
    assert timed.placed == [point()]
    assert (reading.reference, reading.settings) == (None, {"threads": 2})


def test_where_the_memory_does_not_hold_both_it_is_timed_alone_and_said(timed: Shortage) -> None:
    timed.error = RuntimeError("CUDA out of memory")
    reading = read(TAM)
    assert timed.placed == [TAM, point(), TAM]
    assert reading.reference is None
    lost, own = reading.warnings
    assert lost.startswith(
        "there is no ratio: the memory does not hold its reference, tsn depth 50"
    )
    assert own == "w"


def test_another_error_is_the_measurements(timed: Shortage) -> None:
    timed.error = RuntimeError("mat1 and mat2")
    with pytest.raises(RuntimeError, match="mat1"):
        read(TAM)


def test_of_a_point_without_a_reference_a_shortage_is_its_own(
    timed: Shortage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> Any:
        raise MemoryError

    monkeypatch.setattr(latency, "measure", full)
    with pytest.raises(MemoryError):
        read(point())
    assert timed.placed == [point()]  # and not once more


def test_networks_are_trained_on_one_data_set_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.accuracy.measure", None)
    with pytest.raises(UnsupportedError, match=r"trained on 'arrow-of-time' alone, of \d+ classes"):
        find_instrument("accuracy:trained").read(point(dataset="kinetics"))
    with pytest.raises(UnsupportedError, match="'blvbench evaluate' takes them"):
        find_instrument("accuracy:evaluated").read(point())


def test_counts_are_those_of_a_small_network() -> None:
    small = point(depth=18, frames=1, input_size=32)
    counted = find_instrument("macs").read(small)
    stem, first = 16 * 16 * 64 * 3 * 49, 4 * 8 * 8 * 64 * 64 * 9
    convolutions = stem + first + 3 * 8 * 8 * 2**17  # the later stages cost the same
    assert counted.samples == (convolutions + 174 * 512,)
    assert counted.details["by_operator"]["conv"] == convolutions
    assert counted.details["uncounted"] == {}
    assert counted.warnings == ()
    (params,) = find_instrument("params").read(small).samples
    assert params == 11_176_512 + 174 * 513


def test_an_operator_that_nobody_counts_is_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    from bench import macs

    counted = macs.MacCount({"conv": 7}, {"b": 1, "a": 2})
    monkeypatch.setattr(macs, "count", lambda *_: counted)
    monkeypatch.setattr(instruments, "build_on_meta", lambda _: None)
    reading = find_instrument("macs").read(point())
    assert reading.samples == (7,)
    assert reading.warnings == ("nobody counts a", "nobody counts b")
    assert reading.details["uncounted"] == {"b": 1, "a": 2}
