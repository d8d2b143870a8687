import pytest
import torch
from torchvision.models.video import mvit_v2_s

import models
from bench.instruments import macs, params
from models import torchvision_large

LAYER_NORM = 5  # operations for each element, by the counter of MMAction2; ours has 2


@pytest.mark.parametrize(
    ("name", "frames", "size", "gmacs", "params_m"),
    [("swin3d_l", 32, 224, "604", "197"), ("mvit_v2_l", 40, 312, "2828", "213")],
)
def test_they_cost_what_mmaction2_prints(
    name: str, frames: int, size: int, gmacs: str, params_m: str
) -> None:
    with torch.device("meta"):
        model = models.create_model(name, num_classes=400, frames=frames)
    counted = macs.count(model, (1, 3, frames, size, size))
    assert counted.uncounted == {}
    printed = counted.total + LAYER_NORM / 2 * counted.by_operator["norm"]
    assert f"{printed / 1e9:.0f}" == gmacs
    assert f"{params.count(model) / 1e6:.0f}" == params_m


def test_the_mvit_is_built_as_torchvision_builds_its_small_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    small = ((1, 96, 1, 1, 8), (2, 192, 2, 2, 4), (11, 384, 4, 2, 2), (2, 768, 8, 2, 1))
    monkeypatch.setattr(torchvision_large, "MVIT_STAGES", small)
    monkeypatch.setattr(torchvision_large, "MVIT_CLIP", (16, 224))
    with torch.device("meta"):
        ours, theirs = torchvision_large.mvit_v2_l(400), mvit_v2_s()
    shapes = [{name: v.shape for name, v in m.state_dict().items()} for m in (ours, theirs)]
    assert shapes[0] == shapes[1]
    counts = [macs.count(m, (1, 3, 16, 224, 224)).by_operator for m in (ours, theirs)]
    assert counts[0] == counts[1]


def test_the_mvit_takes_its_own_clip_alone() -> None:
    with pytest.raises(models.NetworkError, match="takes 40 frames, not 16"):
        models.create_model("mvit_v2_l", num_classes=6, frames=16)
    with torch.device("meta"):
        model = models.create_model("mvit_v2_l", num_classes=6, frames=40)
        with pytest.raises(models.NetworkError, match="312 x 312 pixels, not 224 x 224"):
            model(torch.empty(1, 3, 40, 224, 224))
