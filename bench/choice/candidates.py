"""Which networks may be chosen, and over which frames each of them can be tried."""

from collections.abc import Collection, Iterable, Sequence

import models
from bench.choice.accuracies import Accuracy, option_sets
from bench.choice.budget import Candidates
from bench.errors import BenchError
from bench.records.point import Point
from bench.workload.networks import FILE_MARK, configure
from models import NetworkError
from models.user_file import load_factory

MAX_FRAMES = 64  # the longest clips of the published tables


def variants(
    names: Sequence[str], depths: Sequence[int], setting: Point, accuracies: Iterable[Accuracy]
) -> list[Point]:
    """The networks `names`, or all of them, at `setting`: each depth with its options as they are.

    And with every other set of options that one of `accuracies` is of. `depths` restricts networks
    that have a choice. Raises `NetworkError` for an unknown name, and `BenchError` for a named
    network, or a restriction, that leaves nothing.
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
                f"choose among {', '.join(map(str, default))}"
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
            f"no network has a depth of {', '.join(map(str, depths))}: 'blvbench models' lists them"
        )
    return list(found)


def _at(
    setting: Point, network: str, depth: int | None, options: tuple[tuple[str, object], ...]
) -> Point:
    """`setting` with another network, over frames that it takes."""
    kind = models.get_network(network)
    fields = {"network": network, "depth": depth, "options": options}
    frames = kind.only_frames or kind.frame_multiple
    return configure(setting.model_copy(update={**fields, "frames": frames}))


def own_networks(files: Iterable[str], setting: Point) -> list[Point]:
    """The networks of a user's `files` at `setting`.

    Raises `NetworkError` for a file that has none.
    """
    once = list(dict.fromkeys(files))
    for file in once:
        load_factory(file)
    own = {"depth": None, "options": ()}
    return [setting.model_copy(update={**own, "network": file}) for file in once]


def frame_candidates(
    base: Point, max_frames: int, only: int | None, recorded: Collection[int] | None = None
) -> Candidates:
    """The frames that the network of `base` takes, up to `max_frames`, or `only` this number.

    `recorded` restricts them to those with a figure.
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
        end = f"it takes {kind.only_frames} frames and no others"
    sure = sum(frames < kind.smallest_clip[0] for frames in taken) + 1
    return Candidates(base, "frames", taken, end, sure)


def _taken(base: Point, tried: Iterable[int]) -> tuple[tuple[int, ...], str]:
    """Those that the network can be built for, and the last refusal of another one."""
    taken, refusal = [], ""
    for frames in tried:
        try:
            configure(base.model_copy(update={"frames": frames}))
        except NetworkError as error:
            refusal = str(error)
        else:
            taken.append(frames)
    return tuple(taken), refusal
