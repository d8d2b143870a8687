"""The network of a point: a registered name, or `path/to/file.py:factory` in a user's file."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import models
from bench.errors import BenchError
from bench.records.point import Point
from bench.source import code_version
from bench.wording import count_text
from models import meta
from models.errors import ClipError
from models.user_file import load_factory

if TYPE_CHECKING:
    from torch import nn

    from models.sources import Sources
    from models.trial import Findings

FILE_MARK = ".py:"  # no registered name contains it
NEEDS_VALUES = "needs_values"  # the attribute of a network that cannot run on the meta device

_checked: "dict[tuple[Path, Point], tuple[Sources, Findings]]" = {}


def configure(point: Point) -> Point:
    """`point` with the network's default depth filled in, and without options at their defaults.

    Raises `NetworkError` for settings that the network cannot be built with, for frames of another
    size than the only one that it takes, and for a network in a file that does not accept the
    point's clip.
    """
    if is_own(point):
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
        input_size=point.input_size,
    )
    options = tuple(sorted(configuration.options.items()))
    return point.model_copy(update={"depth": configuration.depth, "options": options})


def build(point: Point) -> "nn.Module":
    """Build the network of `point` on torch's current default device."""
    if is_own(point):
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
    """Build the network of `point` on torch's meta device, or on the CPU if it needs values."""
    if not needs_values(point):
        return meta.build_on_meta(partial(build, point))
    from bench.workload.torch_settings import fix_seed

    with meta.real_tensors(), fix_seed():
        model = build(point)
    setattr(model, NEEDS_VALUES, True)
    return model


def network_version(point: Point) -> str:
    """A fingerprint of the source code that the network of `point` is built from."""
    if is_own(point):
        return _check(point)[0].fingerprint()
    return code_version(models.get_network(point.network).module)


def network_libraries(point: Point) -> tuple[str, ...]:
    """The extra libraries that the network of `point` is built by."""
    if is_own(point):
        return ()
    library = models.get_network(point.network).find_library(dict(point.options))
    return (library,) if library else ()


def is_own(point: Point) -> bool:
    """Whether the network of `point` is in a user's file."""
    return FILE_MARK in point.network


def explain_refusal(point: Point, error: BaseException) -> str:
    """One line if `error` is how the network of `point` refuses its clip; else "".

    PyTorch raises such an error where a layer has nothing left of a clip that is smaller than those
    that the network is known to take.
    """
    if isinstance(error, ClipError):
        return str(error)
    if is_own(point) or not isinstance(error, RuntimeError | ValueError):
        return ""
    frames, size = models.get_network(point.network).smallest_clip
    if point.frames >= frames and point.input_size >= size:
        return ""
    return (
        f"{point.network} cannot take {count_text(point.frames, 'frame')} of {point.input_size} px "
        f"({count_text(frames, 'frame')} of {size} px are enough): {explain(point, error)}"
    )


def needs_values(point: Point) -> bool:
    """Whether the network of `point` cannot run on the meta device."""
    return is_own(point) and _check(point)[1].needs_values


def network_notes(point: Point) -> tuple[str, ...]:
    """What a reader of figures of `point` should know about its network."""
    return _check(point)[1].notes if is_own(point) else ()


def explain(point: Point, error: BaseException) -> str:
    """One line: an error of the network of `point`, and where it arose in a user's file."""
    if is_own(point):
        return load_factory(point.network).explain(error)
    return f"{type(error).__name__}: {error}".partition("\n")[0]


@contextmanager
def explained(point: Point) -> Iterator[None]:
    """Within: an error that the network of a user's file causes is a `NetworkError` of one line."""
    try:
        yield
    except (BenchError, models.NetworkError, OSError):
        raise
    except (Exception, SystemExit) as error:
        if not is_own(point):
            raise
        raise models.NetworkError(f"{point.network} fails: {explain(point, error)}") from error


def _check(point: Point) -> "tuple[Sources, Findings]":
    """The files that a user's network is built from, known after a forward pass, and its findings.

    The file is executed anew for each point: an earlier point may have imported files that this one
    would have to import itself.
    """
    key = (Path.cwd(), point)
    known = _checked.get(key)
    if known is None or not known[0].are_current():
        network = load_factory(point.network, fresh=True)
        findings = network.check(
            point.clip_shape, point.num_classes, dict(point.options), trains=point.mode == "train"
        )
        known = _checked[key] = network.sources(), findings
    return known
