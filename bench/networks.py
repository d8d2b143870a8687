"""The network of a point: one of ours by name, or `path/to/file.py:factory`, a user's."""

import functools
from typing import TYPE_CHECKING

import models
from bench.records import Point
from bench.source import code_version

if TYPE_CHECKING:
    from torch import nn

    from models.user_file import UserNetwork

FILE_MARK = ".py:"  # no network of ours has it in its name


def configured(point: Point) -> Point:
    """`point` as its network understands it: with a depth where it has some, without its defaults.

    Raises `NetworkError` for what the network cannot be built with, and for a network of a file
    that cannot take the point's clip.
    """
    if FILE_MARK in point.network:
        if point.depth is not None:
            raise models.NetworkError(
                f"{point.network} comes in one depth: leave depth {point.depth} out"
            )
        version(point)
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
    """The network of `point`, on torch's current default device."""
    if FILE_MARK in point.network:
        return _load(point.network).build(point.clip_shape, point.num_classes, dict(point.options))
    return models.create_model(
        point.network,
        num_classes=point.num_classes,
        frames=point.frames,
        depth=point.depth,
        **dict(point.options),
    )


def version(point: Point) -> str:
    """A fingerprint of the source that the network of `point` is built from."""
    if FILE_MARK in point.network:
        return _checked(point, _load(point.network).fingerprint())
    return code_version(models.get_network(point.network).module)


def _load(name: str) -> "UserNetwork":
    from models.user_file import load_factory

    return load_factory(name)


@functools.cache
def _checked(point: Point, loaded_version: str) -> str:
    """The fingerprint of a user's network after a forward pass, where files may import others."""
    network = _load(point.network)
    network.check(point.clip_shape, point.num_classes, dict(point.options))
    return network.fingerprint()
