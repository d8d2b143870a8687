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


def variants(
    names: Sequence[str], depths: Sequence[int], setting: Point, accuracies: Iterable[Accuracy]
) -> list[Point]:
    """Each depth of the networks `names`, or of all networks, with the other fields of `setting`.

    Options are at their defaults; every set of options with a known accuracy is added. `depths`
    restricts networks that have a choice. Raises `NetworkError` for an unknown name, and
    `BenchError` if a named network has none of the depths, or no network has.
    """
    wanted = list(dict.fromkeys(names or models.list_models()))
    found: dict[Point, None] = {}
    for name in wanted:
        own = models.get_network(name).depths
        default = own[models.get_network(name).options.get("backbone", "")]
        chosen = [depth for depth in default if not depths or depth in depths]
        if names and default and not chosen:
            raise BenchError(
                f"{name} has none of the depths {', '.join(map(str, depths))}: "
                f"choose from {', '.join(map(str, default))}"
            )
        sets = [(name, depth, ()) for depth in (chosen if default else [None])]
        extra = [
            (network, depth, options)
            for network, depth, options in option_sets(accuracies, setting.input_size)
            if network == name and (depth is None or not depths or depth in depths)
        ]
        found |= {_at(setting, *one): None for one in (*sets, *extra)}
    if depths and not any(point.depth in depths for point in found):
        raise BenchError(
            f"no network has depth {' or '.join(map(str, depths))}: see 'blvbench models'"
        )
    return list(found)


def _at(
    setting: Point, network: str, depth: int | None, options: tuple[tuple[str, object], ...]
) -> Point:
    """`setting` with another network, and a number of frames that it accepts."""
    kind = models.get_network(network)
    fields = {"network": network, "depth": depth, "options": options}
    frames = kind.only_frames or kind.frame_multiple
    return configure(setting.model_copy(update={**fields, "frames": frames}))


def own_networks(files: Iterable[str], setting: Point) -> list[Point]:
    """The networks in a user's `files`, with the other fields of `setting`.

    Raises `NetworkError` for a file without the named network.
    """
    once = list(dict.fromkeys(files))
    for file in once:
        load_factory(file)
    own = {"depth": None, "options": ()}
    return [setting.model_copy(update={**own, "network": file}) for file in once]


def frame_candidates(
    base: Point, max_frames: int, only: int | None, recorded: Collection[int] | None = None
) -> Candidates:
    """The numbers of frames that the network of `base` accepts: up to `max_frames`, or `only` one.

    `recorded` restricts them to those with a recorded figure.
    """
    if only is not None:
        tried, end = [only], f"--frames {only}"
    else:
        tried, end = list(range(1, max_frames + 1)), f"--max-frames {max_frames}"
    if recorded is not None:
        tried = [n for n in tried if n in recorded]
        end = "no other frames are recorded" if len(tried) == len(recorded) else end
    taken, refusal = _taken(base, tried)
    if not taken:
        return Candidates(base, "frames", (), refusal or "no latency of it is recorded")
    if FILE_MARK in base.network:
        return Candidates(base, "frames", taken, end)
    kind = models.get_network(base.network)
    if kind.only_frames:
        end = f"it accepts {kind.only_frames} frames only"
    sure = sum(frames < kind.smallest_clip[0] for frames in taken) + 1
    return Candidates(base, "frames", taken, end, sure)


def _taken(base: Point, tried: Iterable[int]) -> tuple[tuple[int, ...], str]:
    """The numbers for which the network can be built, and the last reason why it cannot."""
    taken, refusal = [], ""
    for frames in tried:
        try:
            configure(base.model_copy(update={"frames": frames}))
        except NetworkError as error:
            refusal = str(error)
        else:
            taken.append(frames)
    return tuple(taken), refusal
