"""The networks by name: every file of this package registers the builder of one of them."""

import difflib
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from models.errors import NetworkError

if TYPE_CHECKING:
    from torch import nn

    Builder = Callable[..., nn.Module]

COMMON_ARGUMENTS = ("num_classes", "frames", "depth")
DEFAULT_DEPTH = 50  # the depth of the paper's headline tables; every family has it


@dataclass(frozen=True)
class Network:
    """A registered network: its builder, what the builder accepts, and where it comes from."""

    name: str
    build: "Builder"
    depths: tuple[int, ...]
    frame_multiple: int
    source: str
    choices: Mapping[str, Collection[int | str]]

    @property
    def summary(self) -> str:
        """The first line of the builder's docstring."""
        return (inspect.getdoc(self.build) or "").partition("\n")[0]

    @property
    def module(self) -> str:
        """The import name of the file that defines the network."""
        return self.build.__module__

    @property
    def options(self) -> dict[str, Any]:
        """The builder's own keyword arguments, with their defaults."""
        parameters = inspect.signature(self.build).parameters.values()
        return {p.name: p.default for p in parameters if p.name not in COMMON_ARGUMENTS}

    def check(self, *, frames: int, depth: int, options: Mapping[str, Any] | None = None) -> None:
        """Raise `NetworkError` for a combination that the builder would refuse."""
        if isinstance(depth, bool) or not isinstance(depth, int) or depth not in self.depths:
            known = ", ".join(map(str, self.depths))
            raise NetworkError(f"{self.name} has no depth {depth!r}: choose one of {known}")
        check_positive("frames", frames)
        if frames % self.frame_multiple:
            below = frames - frames % self.frame_multiple
            nearest = [n for n in (below, below + self.frame_multiple) if n > 0]
            raise NetworkError(
                f"{self.name} takes a multiple of {self.frame_multiple} frames, not {frames}: "
                f"use {' or '.join(map(str, nearest))}"
            )
        for option, value in (options or {}).items():
            self._check_option(option, value)

    def _check_option(self, option: str, value: object) -> None:
        if option not in self.options:
            raise NetworkError(
                f"{self.name} has no option {option!r}{did_you_mean(option, self.options)}"
            )
        known = self.choices[option]
        if type(value) is not type(self.options[option]) or value not in known:
            raise NetworkError(
                f"{option} of {self.name} is one of {', '.join(map(str, known))}, not {value!r}"
            )


_NETWORKS: dict[str, Network] = {}


def register(
    *,
    depths: tuple[int, ...],
    source: str,
    frame_multiple: int = 1,
    choices: Mapping[str, Collection[int | str]] | None = None,
) -> "Callable[[Builder], Builder]":
    """Register the decorated builder under its function name.

    The builder takes `num_classes`, `frames` and `depth`, and as keywords with defaults its own
    options. `frame_multiple` is what the number of frames must be divisible by; `source` the paper
    or repository; `choices` has the values that each option takes. Raises `ValueError` where the
    name is taken or an option has no choices.
    """

    def add(build: "Builder") -> "Builder":
        name = build.__name__
        if name in _NETWORKS:
            raise ValueError(f"two networks are called {name!r}: rename one of them")
        network = Network(name, build, depths, frame_multiple, source, choices or {})
        if set(network.options) != set(network.choices):
            raise ValueError(f"{name}: options and choices differ")
        _NETWORKS[name] = network
        return build

    return add


def _networks() -> dict[str, Network]:
    """Every registered network, by name: importing a file of this package registers its own."""
    package = importlib.import_module("models")
    for file in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"models.{file.name}")
    return _NETWORKS


def list_models() -> list[str]:
    """The names that `create_model` takes, sorted."""
    return sorted(_networks())


def get_network(name: str) -> Network:
    """The network registered under `name`; raises `NetworkError` with the nearest known name."""
    networks = _networks()
    if name not in networks:
        raise NetworkError(
            f"there is no network {name!r}{did_you_mean(name, networks)}: "
            f"choose one of {', '.join(sorted(networks))}"
        )
    return networks[name]


def create_model(
    name: str, *, num_classes: int, frames: int, depth: int | None = None, **options: Any
) -> "nn.Module":
    """Build a network that maps a clip, N x 3 x `frames` x H x W, to logits, N x `num_classes`.

    `depth` defaults to 50. Raises `NetworkError` for an unknown name, depth or option, and for a
    number of frames or classes that the network cannot take.
    """
    network = get_network(name)
    depth = DEFAULT_DEPTH if depth is None else depth
    check_positive("num_classes", num_classes)
    network.check(frames=frames, depth=depth, options=options)
    return network.build(num_classes=num_classes, frames=frames, depth=depth, **options)


def check_positive(what: str, value: object) -> None:
    """Raise `NetworkError` unless `value` is an integer above 0."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise NetworkError(f"{what} must be a whole number of at least 1, not {value!r}")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A clause that names the known name nearest to `name`, empty where none is near."""
    nearest = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean {nearest[0]!r}?)" if nearest else ""
