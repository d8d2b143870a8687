from dataclasses import dataclass
from typing import Any

import pytest

from bench.instruments import latency
from bench.instruments.ceilings import Ceilings
from bench.instruments.reading import Reading
from bench.instruments.reference import cpu_time_reference, latency_reference, reference_of
from bench.records.measurement import REFERENCE_VERSION
from bench.records.point import Point
from bench.workload.networks import network_version
from tests.records import point


def test_only_times_are_measured_in_turn_with_another_network() -> None:
    tam = point(network="tam")
    assert reference_of("latency", tam) == point()
    assert reference_of("cpu_time", point()) == point(network="tsm")
    assert reference_of("memory", tam) is None


def test_a_latency_is_taken_in_turn_with_a_tsn_of_the_same_depth() -> None:
    assert latency_reference(point(network="tam", depth=101, options={"window": 5})) == point(
        depth=101
    )
    assert latency_reference(point()) is None
    assert latency_reference(point(depth=18)) is None
    pooled = point(options={"temporal_pooling": "max"})
    assert latency_reference(pooled) == point()


def test_both_networks_of_a_ratio_are_computed_alike() -> None:
    published = {"formulation": "published"}
    ours = point(network="blvnet_tam", options={"window": 5, **published})
    assert latency_reference(ours) == point(options=published)
    assert cpu_time_reference(ours) == point(options=published)
    assert latency_reference(point(options=published)) == point()
    assert cpu_time_reference(point(options=published)) == point(network="tsm", options=published)
    assert latency_reference(point(network="a.py:Net", depth=None, options=published)) == point()


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

    def place(self, where: Point, device: str) -> tuple[str, str]:
        self.placed.append(where)
        if len(self.placed) == 2 and self.error:
            raise self.error
        return where.network, device

    def measure(self, *_: object, reference: object) -> latency.LatencySamples:
        reference_samples = (4.0, 6.0) if reference else ()
        return latency.LatencySamples((1.0, 2.0), reference_samples, ("w",), {"threads": 2})


@pytest.fixture
def timed(monkeypatch: pytest.MonkeyPatch) -> Shortage:
    made = Shortage([])
    monkeypatch.setattr(latency, "place", made.place)
    monkeypatch.setattr(latency, "measure", made.measure)
    monkeypatch.setattr(latency, "measure_ceilings", lambda *_: Ceilings(5.0, 6.0))
    return made


TAM = point(network="tam")


def read(where: Point) -> Reading:
    return latency.read(where, "cpu")


def test_a_latency_has_its_references_samples_and_version(timed: Shortage) -> None:
    reading = read(TAM)
    assert timed.placed == [TAM, point()]
    assert reading.samples == (1.0, 2.0)
    assert reading.reference is not None
    assert (reading.reference.point, reading.reference.samples) == (point(), (4.0, 6.0))
    assert reading.settings == {"threads": 2, REFERENCE_VERSION: network_version(point())}
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
    assert lost.startswith("there is no ratio: the reference, tsn depth 50")
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
