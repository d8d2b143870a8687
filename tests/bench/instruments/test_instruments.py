import ast
from importlib import util
from pathlib import Path

import pytest

from bench.instruments import MODULES, instrument_version, params, read
from bench.records.catalogue import INSTRUMENTS, find_instrument
from bench.records.point import Point
from tests.records import point


def test_every_instrument_of_the_catalogue_has_a_module_with_read() -> None:
    assert set(MODULES) == {one.label for one in INSTRUMENTS}
    for one in INSTRUMENTS:
        spec = util.find_spec(MODULES[one.label])
        assert spec is not None
        assert spec.origin is not None
        tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
        (function,) = (n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "read")
        takes = [argument.arg for argument in function.args.args]
        assert takes == (["point", "device"] if one.device else ["point"])


def test_a_point_is_read_by_the_instruments_module(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Point] = []
    monkeypatch.setattr(params, "read", seen.append)
    read(find_instrument("params"), point())
    assert seen == [point()]


def test_the_version_of_the_source_tells_instruments_apart() -> None:
    versions = {one.label: instrument_version(one) for one in INSTRUMENTS}
    assert versions["macs:flop_counter"] != versions["macs:fvcore"]
    assert versions["latency:cpu"] == versions["latency:cuda"]
    assert versions["latency:cpu"] != versions["throughput:cpu"]


def test_counts_are_those_of_a_small_network() -> None:
    small = point(depth=18, frames=1, input_size=32)
    counted = read(find_instrument("macs"), small)
    stem, first = 16 * 16 * 64 * 3 * 49, 4 * 8 * 8 * 64 * 64 * 9
    convolutions = stem + first + 3 * 8 * 8 * 2**17  # the later stages cost the same
    assert counted.samples == (convolutions + 174 * 512,)
    assert counted.details["by_operator"]["conv"] == convolutions
    assert counted.details["uncounted"] == {}
    assert counted.warnings == ()
    (params,) = read(find_instrument("params"), small).samples
    assert params == 11_176_512 + 174 * 513
