"""What can be measured: every quantity by every instrument, as data.

`bench.instruments` has the code that measures. This module says what a figure depends on.
"""

from dataclasses import dataclass
from functools import cache

from bench.errors import BenchError
from bench.records.point import Device, Point
from models import did_you_mean

PERCENT = "percent"  # the unit of accuracies

PLACEMENT = ("execution", "memory_format")  # fields that do not affect a count
TRAINING = ("dataset", "seed")  # fields that do not affect a cost
STEP = ("mode", "step")
PER_CLIP = ("batch", *STEP, "precision", *PLACEMENT, *TRAINING)
TORCH = ("torch", "torchvision")


@dataclass(frozen=True)
class Instrument:
    """One way to measure one quantity.

    `ignores` are the fields of a point that do not affect its figure. `device` is what it measures
    on, if the figure depends on the machine: then it runs alone, in a fresh process. `libraries`
    are the packages whose versions may change the figure. `takes_free_cores`: it computes with as
    many threads as cores are free, so that figures of different numbers do not compare.
    """

    quantity: str
    name: str
    unit: str
    ignores: tuple[str, ...]
    device: Device | None = None
    libraries: tuple[str, ...] = TORCH
    takes_free_cores: bool = False

    @property
    def label(self) -> str:
        """`quantity:name`, as `find_instrument` takes it."""
        return f"{self.quantity}:{self.name}"

    def canonical(self, point: Point) -> Point:
        """`point` with the fields that this instrument ignores at their defaults.

        Inference ignores the training step.
        """
        ignored = self.ignores if point.mode == "train" else (*self.ignores, "step")
        return point.model_copy(update={name: Point.model_fields[name].default for name in ignored})


INSTRUMENTS = (
    Instrument("params", "shapes", "parameters", PER_CLIP),
    Instrument("macs", "flop_counter", "MACs", PER_CLIP),
    Instrument("macs", "fvcore", "MACs", PER_CLIP, libraries=(*TORCH, "fvcore")),
    Instrument("traffic", "operators", "bytes", (*STEP, *PLACEMENT, *TRAINING)),
    Instrument("memory", "simulated", "bytes", (*PLACEMENT, *TRAINING)),
    Instrument("memory", "cpu", "bytes", TRAINING, "cpu"),
    Instrument("memory", "cuda", "bytes", TRAINING, "cuda"),
    Instrument("latency", "cpu", "seconds", TRAINING, "cpu", takes_free_cores=True),
    Instrument("latency", "cuda", "seconds", TRAINING, "cuda"),
    Instrument("throughput", "cpu", "clips/s", ("batch", *TRAINING), "cpu", takes_free_cores=True),
    Instrument("throughput", "cuda", "clips/s", ("batch", *TRAINING), "cuda"),
    Instrument("cpu_time", "process", "seconds", TRAINING, "cpu"),
    Instrument("energy", "nvml", "joules", TRAINING, "cuda", (*TORCH, "nvidia-ml-py")),
    Instrument(
        "accuracy",
        "trained",
        PERCENT,
        ("batch", *STEP, *PLACEMENT),
        libraries=(*TORCH, "av", "numpy"),
    ),
    Instrument(
        "accuracy",
        "evaluated",
        PERCENT,
        ("batch", *STEP, *PLACEMENT, "seed"),
        libraries=(*TORCH, "av", "numpy"),
    ),
)


def find_instrument(name: str) -> Instrument:
    """The instrument called `quantity:instrument`, or the first one of a `quantity`.

    Raises `BenchError` with the known names.
    """
    by_name = _by_name()
    if name in by_name:
        return by_name[name]
    raise BenchError(
        f"there is no quantity {name!r}{did_you_mean(name, by_name)}: "
        f"choose one of {', '.join(by_name)}"
    )


@cache
def _by_name() -> dict[str, Instrument]:
    found: dict[str, Instrument] = {}
    for instrument in INSTRUMENTS:
        found.setdefault(instrument.quantity, instrument)
        found[instrument.label] = instrument
    return found


@cache
def depends_on_machine(label: str) -> bool:
    """Whether figures of `quantity:instrument` depend on the machine; False for an unknown one."""
    instrument = _by_name().get(label)
    return instrument is not None and instrument.device is not None


@cache
def depends_on_threads(label: str) -> bool:
    """Whether figures of `quantity:instrument` depend on how many cores were free."""
    instrument = _by_name().get(label)
    return instrument is not None and instrument.takes_free_cores
