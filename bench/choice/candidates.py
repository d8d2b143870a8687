"""The candidates of a choice: networks, and the numbers of frames that each accepts."""

from collections.abc import Collection, Iterable, Sequence

import models
from bench.choice.accuracies import Accuracy, option_sets
from bench.choice.budget import Candidates
from bench.errors import BenchError
from bench.records.point import Point
from bench.workload.networks import FILE_MARK, configure
from models import NetworkError
from models.user_file import load_factory

MAX_FRAMES = 64  # the longest clips in the published tables
MAX_BATCH = 1 << 20  # no memory holds more clips; it ends the search for a tiny network


def expand_networks(
    names: Sequence[str],
    depths: Sequence[int],
    setting: Point,
    accuracies: Iterable[Accuracy],
    *,
    own_sizes: bool = True,
) -> list[Point]:
    """A point for each depth of the networks `names`, or of all installed ones if there are none.

    The other fields are those of `setting`; with `own_sizes`, a network that takes only one size of
    frames has that. Options are at their defaults; every set of options with a known accuracy is
    added. `depths` restricts networks that have a choice of depths. Raises `NetworkError` for an
    unknown name, and `BenchError` if a named network has none of the depths, or no network has.
    """
    found: dict[Point, None] = {}
    for name in dict.fromkeys(names or installed_networks()):
        kind = models.get_network(name)
        default = kind.depths[kind.options.get("backbone", "")]
        allowed = [depth for depth in default if not depths or depth in depths]
        if names and default and not allowed:
            raise BenchError(
                f"{name} has none of the depths {', '.join(map(str, depths))}: "
                f"choose from {', '.join(map(str, default))}"
            )
        plain = [(name, depth, ()) for depth in (allowed if default else [None])]
        extra = [
            (network, depth, options)
            for network, depth, options in option_sets(accuracies)
            if network == name and (depth is None or not depths or depth in depths)
        ]
        own = [_at(setting, *one) for one in (*plain, *extra)]
        size = {} if own_sizes else {"input_size": setting.input_size}
        found |= {point.model_copy(update=size): None for point in own}
    if depths and not any(point.depth in depths for point in found):
        raise BenchError(
            f"no network has depth {' or '.join(map(str, depths))}: see 'blvbench models'"
        )
    return list(found)


def installed_networks() -> list[str]:
    """The networks whose libraries are installed."""
    return [name for name in models.list_models() if models.get_network(name).is_installed]


def missing_networks() -> dict[str, list[str]]:
    """The networks that cannot be built here, by the library that they need."""
    missing: dict[str, list[str]] = {}
    for network in map(models.get_network, models.list_models()):
        if not network.is_installed:
            missing.setdefault(network.library, []).append(network.name)
    return missing


def _at(
    setting: Point, network: str, depth: int | None, options: tuple[tuple[str, object], ...]
) -> Point:
    """`setting` with another network, and frames that it accepts, in number and in size."""
    kind = models.get_network(network)
    fields = {"network": network, "depth": depth, "options": options}
    clip = {
        "frames": kind.only.frames or kind.frame_multiple,
        "input_size": kind.find_size(dict(options)) or setting.input_size,
    }
    return configure(setting.model_copy(update={**fields, **clip}))


def load_user_networks(files: Iterable[str], setting: Point) -> list[Point]:
    """A point for each network in a user's `files`, with the other fields of `setting`.

    Raises `NetworkError` for a file without the named network.
    """
    networks = list(dict.fromkeys(files))
    for network in networks:
        load_factory(network)
    fields = {"depth": None, "options": ()}
    return [setting.model_copy(update={**fields, "network": network}) for network in networks]


def frame_candidates(
    base: Point, max_frames: int, only: int | None, recorded: Collection[int] | None = None
) -> Candidates:
    """The numbers of frames that the network of `base` accepts: up to `max_frames`, or `only` one.

    `recorded` restricts them to those with a recorded figure.
    """
    if only is not None:
        allowed, end = [only], f"--frames {only}"
    else:
        allowed, end = list(range(1, max_frames + 1)), f"--max-frames {max_frames}"
    if recorded is not None:
        allowed = [n for n in allowed if n in recorded]
        end = "no other frames are recorded" if len(allowed) == len(recorded) else end
    accepted, refusal = _check_frames(base, allowed)
    if not accepted:
        return Candidates(base, "frames", (), refusal or "no latency of this network is recorded")
    if FILE_MARK in base.network:
        return Candidates(base, "frames", accepted, end, rising=False)
    kind = models.get_network(base.network)
    if kind.only.frames:
        end = f"the network accepts only {kind.only.frames} frames"
    sure = sum(frames < kind.smallest_clip[0] for frames in accepted) + 1
    return Candidates(base, "frames", accepted, end, sure)


def batch_candidates(base: Point) -> Candidates:
    """The batches of `base`, whose own batch does not matter."""
    return Candidates(base, "batch", range(1, MAX_BATCH + 1), f"a batch of {MAX_BATCH:,}")


def _check_frames(base: Point, allowed: Iterable[int]) -> tuple[tuple[int, ...], str]:
    """The numbers that the network accepts, and the last reason why it refuses one."""
    accepted, refusal = [], ""
    for frames in allowed:
        try:
            configure(base.model_copy(update={"frames": frames}))
        except NetworkError as error:
            refusal = str(error)
        else:
            accepted.append(frames)
    return tuple(accepted), refusal
