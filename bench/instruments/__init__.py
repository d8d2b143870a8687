"""The instruments: a module for each, which measures a point with its function `read`.

`read(point)` returns a `Reading`. An instrument whose figures depend on the machine has
`read(point, device)`. Importing this package is cheap: the module of an instrument, which imports
torch, is imported when it measures.
"""

from importlib import import_module

from bench.instruments.reading import Reading
from bench.records.catalogue import Instrument
from bench.records.point import Point
from bench.source import code_version

MODULES = {
    "params:shapes": "bench.instruments.params",
    "macs:flop_counter": "bench.instruments.macs",
    "macs:fvcore": "bench.instruments.macs_fvcore",
    "traffic:operators": "bench.instruments.traffic",
    "memory:simulated": "bench.instruments.memory.simulated",
    "memory:cpu": "bench.instruments.memory.measured",
    "memory:cuda": "bench.instruments.memory.measured",
    "latency:cpu": "bench.instruments.latency",
    "latency:cuda": "bench.instruments.latency",
    "throughput:cpu": "bench.instruments.throughput",
    "throughput:cuda": "bench.instruments.throughput",
    "cpu_time:process": "bench.instruments.cpu_time",
    "energy:nvml": "bench.instruments.energy",
    "accuracy:trained": "bench.instruments.accuracy.trained",
    "accuracy:evaluated": "bench.instruments.accuracy.evaluated",
}


def read(instrument: Instrument, point: Point) -> Reading:
    """Measure `point` with `instrument`.

    Raises `UnsupportedError` for what this machine cannot measure, and whatever the network raises.
    """
    module = import_module(MODULES[instrument.label])
    reading: Reading = (
        module.read(point, instrument.device) if instrument.device else module.read(point)
    )
    return reading


def instrument_version(instrument: Instrument) -> str:
    """A fingerprint of the source that measures with `instrument`."""
    return code_version(MODULES[instrument.label])
