"""The networks by name. The file of each network registers its builder here."""

import difflib
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from models.errors import MissingLibraryError, NetworkError
from models.layouts import Layout

if TYPE_CHECKING:
    from torch import nn

    Builder = Callable[..., nn.Module]

COMMON_ARGUMENTS = ("num_classes", "frames", "depth")  # of all builders; others are options
CONFIGURATION = "configuration"  # the attribute of a built network
FRAMES = "image networks over frames"
CONVOLUTIONS = "convolutions over clips"
TRANSFORMERS = "transformers"
GROUPS = (FRAMES, CONVOLUTIONS, TRANSFORMERS)
DEFAULT_DEPTH = 50  # of the paper's headline tables; every family with depths has it


@dataclass(frozen=True)
class Between:
    """The numbers from `low` to `high`, as the choices of an option."""

    low: float
    high: float

    def __contains__(self, value: object) -> bool:
        return isinstance(value, int | float) and self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{self.low} to {self.high}"


@dataclass(frozen=True)
class OrOf:
    """The values `own`, or the name of anything in a `library`, an extra of this package.

    Such a name is written `library:NAME`. The builder refuses those that the library lacks.
    """

    own: tuple[str, ...]
    library: str

    def __contains__(self, value: object) -> bool:
        return value in self.own or self.is_of_library(value)

    def is_of_library(self, value: object) -> bool:
        """Whether `value` is the name of something in the library."""
        return isinstance(value, str) and value.startswith(f"{self.library}:")

    def __str__(self) -> str:
        return f"{', '.join(self.own)}, {self.library}:NAME"


Choices = Collection[int | str] | Between | OrOf


def describe(choices: Choices) -> str:
    """The allowed values of an option, in words."""
    if isinstance(choices, range):
        return f"{choices[0]} to {choices[-1]}"
    return str(choices) if isinstance(choices, Between | OrOf) else ", ".join(map(str, choices))


@dataclass(frozen=True)
class Only:
    """What a network takes of clips, where it takes only one: `frames`, and `sizes` in pixels.

    The sizes are by variant, under "" for a network without a choice. `size_of` finds that of a
    backbone; it returns None for one that takes any.
    """

    frames: int | None = None
    sizes: Mapping[str, int] = field(default_factory=dict)
    size_of: Callable[[str], int | None] | None = None


ANY = Only()


@dataclass(frozen=True)
class Configuration:
    """The arguments of `create_model`: enough to build the same network again."""

    network: str
    num_classes: int
    frames: int
    depth: int | None
    options: Mapping[str, int | float | str] = field(default_factory=dict)


@dataclass(frozen=True)
class Network:
    """A registered network: its builder, the arguments that it accepts, and its source.

    - `group`: the kind of network, one of `GROUPS`
    - `source`: the paper or repository
    - `depths`: by backbone, under "" for a network without a choice; a backbone of one depth may be
      left out
    - `frame_multiple`: the number of frames must be a multiple of it
    - `smallest_clip`: frames and pixels that are enough for every option
    - `only`: the number and the size of frames, if the network takes only one
    - `choices`: the allowed values of each option
    - `layouts`: how checkpoints name the weights
    - `classifier`: the layer whose size is the number of classes
    - `library`: the package that the network is built by, if it is an extra of this one
    - `differing`: other libraries that have another network of this name, and what differs there
    """

    name: str
    build: "Builder"
    summary: str
    group: str
    source: str
    depths: Mapping[str, tuple[int, ...]]
    frame_multiple: int
    smallest_clip: tuple[int, int]
    only: Only
    choices: Mapping[str, Choices]
    layouts: tuple[Layout, ...]
    classifier: str
    library: str = ""
    differing: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_installed(self) -> bool:
        """Whether the library of the network is installed, if it needs one."""
        return not self.library or find_spec(self.library) is not None

    def find_library(self, options: Mapping[str, object]) -> str:
        """The extra package that the network needs with `options`; "" for none."""
        for name, value in options.items():
            choices = self.choices.get(name)
            if isinstance(choices, OrOf) and choices.is_of_library(value):
                return choices.library
        return self.library

    @property
    def module(self) -> str:
        """The import name of the file that defines the network."""
        return self.build.__module__

    @property
    def options(self) -> dict[str, Any]:
        """The builder's own keyword arguments, with their defaults."""
        parameters = inspect.signature(self.build).parameters.values()
        return {p.name: p.default for p in parameters if p.name not in COMMON_ARGUMENTS}

    def find_size(self, options: Mapping[str, Any]) -> int | None:
        """The height and width in pixels that it takes with `options`; None if it takes any."""
        chosen = {**self.options, **options}
        if self.only.size_of:
            return self.only.size_of(chosen["backbone"])
        return self.only.sizes.get(chosen.get("variant", ""))

    def configure(
        self,
        *,
        num_classes: int,
        frames: int,
        depth: int | None = None,
        options: Mapping[str, Any] | None = None,
        input_size: int | None = None,
    ) -> Configuration:
        """The configuration, with the default depth filled in and default options left out.

        Raises `NetworkError` for arguments that the network cannot be built with, and for frames of
        an `input_size` in pixels, if it is known, that it does not take.
        """
        check_positive("num_classes", num_classes)
        check_positive("frames", frames)
        checked = {name: self._check_option(name, value) for name, value in (options or {}).items()}
        changed = {name: value for name, value in checked.items() if value != self.options[name]}
        depth = self._check_depth(depth, changed)
        if input_size is not None:
            self._check_size(input_size, changed)
        self._check_frames(frames)
        return Configuration(self.name, num_classes, frames, depth, changed)

    def _check_depth(self, depth: object, options: Mapping[str, Any]) -> int | None:
        """The depth, or its default; raises `NetworkError` for one that the backbone lacks."""
        backbone = options.get("backbone", self.options.get("backbone", ""))
        depths = self.depths.get(backbone, ())
        if depth is None:
            return DEFAULT_DEPTH if depths else None
        if isinstance(depth, int) and not isinstance(depth, bool) and depth in depths:
            return depth
        which = f"{self.name} with {backbone}" if backbone else self.name
        if not depths:
            raise NetworkError(f"{which} comes in one depth: leave depth {depth!r} out")
        known = ", ".join(map(str, depths))
        raise NetworkError(f"{which} has no depth {depth!r}: choose one of {known}")

    def _check_frames(self, frames: int) -> None:
        """Raise `NetworkError` for a number of frames that it does not take."""
        if frames % self.frame_multiple:
            below = frames - frames % self.frame_multiple
            nearest = [n for n in (below, below + self.frame_multiple) if n > 0]
            raise NetworkError(
                f"{self.name} takes a multiple of {self.frame_multiple} frames, not {frames}: "
                f"use {' or '.join(map(str, nearest))}"
            )
        if self.only.frames not in (None, frames):
            only = self.only.frames
            raise NetworkError(f"{self.name} takes {only} frames, not {frames}: use {only}")

    def _check_size(self, size: int, options: Mapping[str, Any]) -> None:
        """Raise `NetworkError` for frames of another size than it takes with `options`."""
        only = self.find_size(options)
        if only in (None, size):
            return
        chosen = "".join(f" with {name}={value}" for name, value in options.items())
        raise NetworkError(
            f"{self.name}{chosen} takes frames of {only} px, not {size} px: use {only}"
        )

    def _check_option(self, option: str, value: object) -> Any:
        """The value of an option, in its type; raises `NetworkError` if it is not a choice."""
        if option not in self.options:
            known = f"its options are {', '.join(self.options)}" if self.options else "it has none"
            raise NetworkError(
                f"{self.name} has no option {option!r}{did_you_mean(option, self.options)}: {known}"
            )
        kind, choices = type(self.options[option]), self.choices[option]
        is_whole = kind is float and type(value) is int  # 2 stands for 2.0
        if not (is_whole or type(value) is kind) or value not in choices:
            raise NetworkError(
                f"{option} of {self.name} is one of {describe(choices)}, not {value!r:.60}"
            )
        return kind(value)


_NETWORKS: dict[str, Network] = {}


def register(  # noqa: PLR0913  # the fields of a network
    *,
    source: str,
    group: str = CONVOLUTIONS,
    depths: tuple[int, ...] | Mapping[str, tuple[int, ...]] = (),
    frame_multiple: int = 1,
    smallest_clip: tuple[int, int] = (4, 64),
    only: Only = ANY,
    choices: Mapping[str, Choices] | None = None,
    layouts: tuple[Layout, ...] = (),
    classifier: str = "head.classifier",
    library: str = "",
    differing: Mapping[str, str] | None = None,
) -> "Callable[[Builder], Builder]":
    """Register the decorated builder under its function name, with its docstring as summary.

    The builder takes `num_classes`, `frames`, `depth` if the network has `depths`, and its own
    options as keywords with defaults. The other arguments are fields of `Network`. Raises
    `ValueError` if the name is taken or an option has no choices.
    """

    def add(build: "Builder") -> "Builder":
        name = build.__name__
        if name in _NETWORKS:
            raise ValueError(f"two networks are called {name!r}: rename one of them")
        network = Network(
            name=name,
            build=build,
            summary=(inspect.getdoc(build) or "").partition("\n")[0],
            group=group,
            source=source,
            depths=depths if isinstance(depths, Mapping) else {"": depths},
            frame_multiple=frame_multiple,
            smallest_clip=smallest_clip,
            only=only,
            choices=choices or {},
            layouts=layouts,
            classifier=classifier,
            library=library,
            differing=differing or {},
        )
        if set(network.options) != set(network.choices):
            raise ValueError(f"{name}: options and choices differ: give each option its choices")
        _NETWORKS[name] = network
        return build

    return add


def _networks() -> dict[str, Network]:
    """Every registered network, by name. To register them, import all files of this package."""
    package = importlib.import_module("models")
    for file in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"models.{file.name}")
    return _NETWORKS


def list_models() -> list[str]:
    """The names that `create_model` takes, sorted."""
    return sorted(_networks())


def get_network(name: str) -> Network:
    """The network registered under `name`; raises `NetworkError` with the nearest known name."""
    is_known = isinstance(name, str) and name in _NETWORKS
    networks = _NETWORKS if is_known else _networks()
    if not isinstance(name, str) or name not in networks:
        name = str(name)
        raise NetworkError(
            f"there is no network {name!r}{did_you_mean(name, networks)}: "
            f"choose one of {', '.join(sorted(networks))}"
        )
    return networks[name]


def create_model(
    name: str, *, num_classes: int, frames: int, depth: int | None = None, **options: Any
) -> "nn.Module":
    """Build a network that maps a clip, N x 3 x `frames` x H x W, to logits, N x `num_classes`.

    `depth` defaults to 50 if the network has depths. The network keeps these arguments in its
    attribute `configuration`. Raises `NetworkError` for an unknown name, depth or option, and for a
    number of frames or classes that the network cannot take, and `MissingLibraryError` if its
    library is not installed.
    """
    network = get_network(name)
    configuration = network.configure(
        num_classes=num_classes, frames=frames, depth=depth, options=options
    )
    library = network.find_library(configuration.options)
    if library and find_spec(library) is None:
        raise MissingLibraryError(
            f"{name} needs the package {library}: python -m pip install {library}"
        )
    depths = {"depth": configuration.depth} if any(network.depths.values()) else {}
    model = network.build(num_classes=num_classes, frames=frames, **depths, **configuration.options)
    setattr(model, CONFIGURATION, configuration)
    return model


def check_positive(what: str, value: object) -> None:
    """Raise `NetworkError` unless `value` is an integer above 0."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise NetworkError(f"{what} must be a whole number of at least 1, not {value!r}")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A clause with the known name that is closest to `name`, empty if none is close."""
    nearest = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean {nearest[0]!r}?)" if nearest else ""
