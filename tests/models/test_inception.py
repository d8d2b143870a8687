from functools import partial
from typing import Any

import pytest
import torch
import torchvision

import models
from models.chain import Chain
from models.errors import ClipError
from models.inception import MODULES
from tests.models.networks import build
from tests.models.torchvision_images import check_against_torchvision, lively_norms


def test_the_inception_is_torchvisions() -> None:
    theirs = torchvision.models.GoogLeNet(num_classes=4, aux_logits=False, init_weights=False)
    check_against_torchvision("tsn", lively_norms(theirs), {"backbone": "inception_v1"})


@pytest.mark.parametrize(
    ("name", "pooling", "least"), [("s3d", "none", 2), ("s3d", "max", 5), ("tsn", "max", 1)]
)
def test_too_few_frames_are_refused_with_the_least_that_do(
    name: str, pooling: str, least: int
) -> None:
    options: dict[str, Any] = {"temporal_pooling": pooling}
    if name == "tsn":
        options["backbone"] = "inception_v1"
    build = partial(models.create_model, name, num_classes=3, **options)
    with torch.device("meta"):
        build(frames=least)(torch.empty(1, 3, least, 64, 64))
        for frames in range(1, least):
            with pytest.raises(ClipError, match=f"need {least} frames or more, not {frames}: use"):
                build(frames=frames)


def test_channels_are_those_of_the_table() -> None:
    with torch.device("meta"):
        trunk = build("tsn", backbone="inception_v1").get_submodule("trunk.layers")
        x = torch.empty(1, 3, 64, 64)
        outputs = {}
        for name, layer in trunk.named_children():
            x = layer([x] if isinstance(layer, Chain) else x)
            outputs[name] = x.shape[1]
    for name, (single, _, wide3, _, wide5, projected) in MODULES.items():
        assert outputs[f"inception{name}"] == single + wide3 + wide5 + projected
