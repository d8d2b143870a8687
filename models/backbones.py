"""The image networks that a clip's frames can share."""

from models.inception2d import Inception2D
from models.layouts import (
    CLASSIFIER,
    RESNET,
    TAM_RESNET_LISTED,
    TAM_RESNET_NAMED,
    Layout,
    Rule,
)
from models.residual import DEPTHS
from models.resnet2d import ResNet2D
from models.temporal import TemporalBuilder

BACKBONES = {"resnet": DEPTHS, "inception_v1": ()}  # with their depths
RESNET_RULES: tuple[Rule, ...] = ((r"^trunk\.", ""), *RESNET, (r"\btemporal\.", "tam."))
_INCEPTION: tuple[Rule, ...] = (
    (r"^trunk\.layers\.", ""),
    (r"^temporal", "tam"),
    CLASSIFIER,
)
_AUXILIARY = r"(^|\.)aux[12]\."  # the image network has two classifiers more
LAYOUTS = tuple(
    Layout((*rules, *tam), leaves_out)
    for rules, leaves_out in ((RESNET_RULES, None), (_INCEPTION, _AUXILIARY))
    for tam in (TAM_RESNET_NAMED, TAM_RESNET_LISTED)
)


def build_trunk(
    backbone: str,
    depth: int | None,
    temporal: TemporalBuilder,
    *,
    frames: int,
    temporal_pooling: str,
    width: float,
) -> ResNet2D | Inception2D:
    """The image network `backbone` over clips of `frames`, with `temporal` modules in it."""
    if backbone == "inception_v1":
        return Inception2D(temporal, frames=frames, temporal_pooling=temporal_pooling, width=width)
    assert depth is not None
    return ResNet2D(depth, temporal, frames=frames, temporal_pooling=temporal_pooling, width=width)
