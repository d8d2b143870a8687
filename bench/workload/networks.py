"""The network of a point: a registered name, or `path/to/file.py:factory` in a user's file."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import models
from bench.records.point import Point
from bench.source import code_version
from models import meta
from models.user_file import load_factory

if TYPE_CHECKING:
    from torch import nn

    from models.sources import Sources

FILE_MARK = ".py:"  # no registered name contains it

_checked: "dict[tuple[Path, Point], Sources]" = {}


def configure(point: Point) -> Point:
    """`point` with the network's default depth filled in, and without options at their defaults.

    Raises `NetworkError` for settings that the network cannot be built with, and for a network in a
    file that does not accept the point's clip.
    """
    if FILE_MARK in point.network:
        if point.depth is not None:
            is_option = load_factory(point.network).names("depth")
            raise models.NetworkError(
                f"{point.network} takes its depth as an option: use --option depth={point.depth}"
                if is_option
                else f"{point.network} comes in one depth: leave depth {point.depth} out"
            )
        network_version(point)
        return point
    configuration = models.get_network(point.network).configure(
        num_classes=point.num_classes,
        frames=point.frames,
        depth=point.depth,
        options=dict(point.options),
    )
    options = tuple(sorted(configuration.options.items()))
    return point.model_copy(update={"depth": configuration.depth, "options": options})


def build(point: Point) -> "nn.Module":
    """Build the network of `point` on torch's current default device."""
    if FILE_MARK in point.network:
        network = load_factory(point.network)
        return network.build(point.clip_shape, point.num_classes, dict(point.options))
    return models.create_model(
        point.network,
        num_classes=point.num_classes,
        frames=point.frames,
        depth=point.depth,
        **dict(point.options),
    )


def build_on_meta(point: Point) -> "nn.Module":
    """Build the network of `point` on torch's meta device."""
    return meta.build_on_meta(partial(build, point))


def network_version(point: Point) -> str:
    """A fingerprint of the source code that the network of `point` is built from."""
    if FILE_MARK in point.network:
        return _own_sources(point).fingerprint()
    return code_version(models.get_network(point.network).module)


def _own_sources(point: Point) -> "Sources":
    """The files that a user's network is built from, known after a forward pass.

    The file is executed anew for each point: an earlier point may have imported files that this one
    would have to import itself.
    """
    key = (Path.cwd(), point)
    sources = _checked.get(key)
    if sources is None or not sources.are_current():
        network = load_factory(point.network, fresh=True)
        network.check(point.clip_shape, point.num_classes, dict(point.options))
        sources = _checked[key] = network.sources()
    return sources
