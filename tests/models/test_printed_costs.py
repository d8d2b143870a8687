"""Printed parameters and GFLOPs of zoo networks, recomputed by the rule that each was counted by.

The zoos print multiply-accumulates as FLOPs, some with the operations of batch norms.
"""

from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

import pytest
import torch
from torch import nn

import models
from bench.instruments import macs, params

PYTORCHVIDEO = "facebookresearch/pytorchvideo@366138bc docs/source/model_zoo.md"
MMACTION2 = "open-mmlab/mmaction2@f05b1ddc configs/recognition/csn/README.md"
I3D = "open-mmlab/mmaction2 configs/recognition/i3d/metafile.yml"
TSM = "open-mmlab/mmaction2@bad0595d configs/recognition/tsm/README.md"
UNIFORMER = "Sense-X/UniFormer@45843cb3 video_classification/README.md"
KINETICS, SOMETHING, CHARADES = 400, 174, 157  # classes
# Operations for each element that a batch norm maps, which a row adds to those of its convolutions.
IN_TRAINING, IN_EVALUATION, NOT_COUNTED = 5, 2, 0


# A printed figure -> what the zoo's own counter gives for its network (97,642,512,384).
RECOUNTED = {"97.63": "97.64"}


class Row(NamedTuple):
    """A printed row. `size` is the height and width in pixels of the clip that was counted.

    `positions` is how often the layers behind the head's pool were counted, for each time that they
    are computed. A zoo's pool may have the window of training, so that larger frames leave several
    positions, or classify the mean of all frames. `classes` are those of the parameters.
    """

    source: str
    network: str
    options: dict[str, Any]
    frames: int
    size: int
    norm: int
    positions: float
    classes: int
    gflops: str
    params_m: str


ROWS = [
    Row(PYTORCHVIDEO, *row)
    for row in (
        ("c2d", {"temporal_pooling": "max"}, 8, 256, IN_TRAINING, 4, KINETICS, "25.89", "24.33"),
        ("i3d_3x1x1", {}, 8, 256, IN_TRAINING, 4, KINETICS, "37.53", "28.04"),
        ("slowonly", {}, 4, 256, IN_TRAINING, 4, KINETICS, "27.55", "32.45"),
        ("slowonly", {}, 8, 256, NOT_COUNTED, 4, KINETICS, "54.52", "32.45"),
        ("slowonly", {}, 8, 256, IN_TRAINING, 4, CHARADES, "55.10", "31.96"),
        ("slowfast", {"sampling": "4x16"}, 32, 256, IN_TRAINING, 4, KINETICS, "36.69", "34.48"),
        ("slowfast", {}, 32, 256, NOT_COUNTED, 4, KINETICS, "65.71", "34.57"),
        ("slowfast", {}, 32, 256, IN_TRAINING, 4, SOMETHING, "66.60", "34.04"),
        ("slowfast", {}, 32, 256, IN_TRAINING, 4, CHARADES, "66.60", "34.00"),
        ("slowfast", {"depth": 101}, 32, 256, IN_TRAINING, 4, KINETICS, "127.20", "62.83"),
        (
            "slowfast",
            {"depth": 101, "sampling": "16x8"},
            64,
            256,
            IN_TRAINING,
            4,
            KINETICS,
            "215.61",
            "53.77",
        ),
        ("csn", {"depth": 101}, 32, 256, IN_TRAINING, 4, KINETICS, "75.62", "22.21"),
        ("r2plus1d", {}, 16, 256, IN_TRAINING, 4, KINETICS, "76.45", "28.11"),
        ("x3d", {"variant": "xs"}, 4, 182, IN_TRAINING, 4, KINETICS, "0.91", "3.79"),
        ("x3d", {"variant": "s"}, 13, 182, IN_TRAINING, 4, KINETICS, "2.96", "3.79"),
        ("x3d", {"variant": "m"}, 16, 256, IN_TRAINING, 4, KINETICS, "6.72", "3.79"),
    )
]
ROWS += [
    Row(MMACTION2, "csn", options, 32, 256, IN_EVALUATION, 1, KINETICS, gflops, params_m)
    for options, gflops, params_m in (
        ({"depth": 152}, "97.63", "29.70"),
        ({"depth": 50}, "55.90", "13.13"),
        ({"depth": 152, "interaction": "preserved"}, "109.9", "33.02"),
    )
]
ROWS += [
    Row(I3D, "i3d_3x1x1", {"stem_stride": 4}, 32, 256, IN_EVALUATION, 1, KINETICS, "43.5", "28.0"),
]
ROWS += [
    Row(TSM, "tsm", options, frames, size, IN_EVALUATION, 1 / frames, classes, gflops, params_m)
    for options, frames, size, classes, gflops, params_m in (
        ({}, 8, 224, SOMETHING, "32.88", "23.87"),
        ({}, 16, 224, SOMETHING, "65.75", "23.87"),
        ({"depth": 101}, 8, 224, SOMETHING, "62.66", "42.86"),
        ({"backbone": "mobilenet_v2"}, 8, 256, KINETICS, "3.269", "2.736"),
    )
]


def recount(row: Row) -> tuple[float, float]:
    """GFLOPs and millions of parameters by the rule of a row."""
    with torch.device("meta"):
        model = models.create_model(
            row.network, num_classes=row.classes, frames=row.frames, **row.options
        )
    counted = macs.count(model, (1, 3, row.frames, row.size, row.size)).by_operator
    last = ("head.classifier", "features.conv2") if row.network == "x3d" else ("head.classifier",)
    behind = sum(model.get_parameter(f"{layer}.weight").numel() for layer in last)
    computed = behind * (row.frames if row.network == "tsm" else 1)
    total = counted["conv"] + counted["linear"] + computed * (row.positions - 1)
    return (total + row.norm * counted["norm"] / 2) / 1e9, params.count(model) / 1e6


def readings(value: float, printed: str) -> set[str]:
    """`value` with the digits of `printed`: rounded, rounded twice, or cut off."""
    digits = len(printed.partition(".")[2])
    twice = Decimal(f"{value:.{digits + 1}f}").quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    cut = Decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_DOWN)
    return {f"{value:.{digits}f}", str(twice), str(cut)}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.network}-{row.gflops}-{row.params_m}")
def test_printed_figures_follow_from_their_rule(row: Row) -> None:
    gflops, params_m = recount(row)
    assert RECOUNTED.get(row.gflops, row.gflops) in readings(gflops, row.gflops)
    assert row.params_m in readings(params_m, row.params_m)


# Printed GFLOPs of all views of a video -> the variant, frames and classes, and the views.
UNIFORMERS = {
    "70": ("small", 8, KINETICS, 4),
    "167": ("small", 16, KINETICS, 4),
    "438": ("small", 32, KINETICS, 4),
    "161": ("base", 8, KINETICS, 4),
    "387": ("base", 16, KINETICS, 4),
    "1036": ("base", 32, KINETICS, 4),
    "125": ("small", 16, SOMETHING, 3),
    "329": ("small", 32, SOMETHING, 3),
    "290": ("base", 16, SOMETHING, 3),
    "777": ("base", 32, SOMETHING, 3),
}
# Its authors' counter has 2 operations for each element of a batch norm and 5 of a layer norm.
BATCH_NORMS, LAYER_NORMS = 2, 5


def count_uniformer(variant: str, frames: int, classes: int) -> float:
    """GFLOPs of one view by the rule of its authors."""
    elements = dict.fromkeys((nn.BatchNorm3d, nn.LayerNorm), 0)
    with torch.device("meta"):
        model = models.create_model(
            "uniformer", num_classes=classes, frames=frames, variant=variant
        ).eval()

    def count(kind: type[nn.Module], x: torch.Tensor) -> None:
        elements[kind] += x.numel()

    for module in model.modules():
        for kind in elements:
            if isinstance(module, kind):
                module.register_forward_hook(lambda _, args, __, kind=kind: count(kind, args[0]))
    shape = (1, 3, frames, 224, 224)
    with torch.no_grad():
        model(torch.empty(shape, device="meta"))
    norms = BATCH_NORMS * elements[nn.BatchNorm3d] + LAYER_NORMS * elements[nn.LayerNorm]
    return (macs.count(model, shape).total + norms) / 1e9


@pytest.mark.parametrize("printed", UNIFORMERS)
def test_uniformers_printed_figures_are_those_of_a_view_times_the_views(printed: str) -> None:
    """A view is rounded to a digit behind the point; two rows have it as a whole number."""
    variant, frames, classes, views = UNIFORMERS[printed]
    view = count_uniformer(variant, frames, classes)
    digits = 0 if view > 200 else 1
    assert f"{round(view, digits) * views:.0f}" == printed, UNIFORMER


@pytest.mark.parametrize("printed", RECOUNTED)
def test_no_reading_gives_the_figure_of_a_misprint(printed: str) -> None:
    (row,) = (row for row in ROWS if row.gflops == printed)
    assert printed not in readings(recount(row)[0], printed)
