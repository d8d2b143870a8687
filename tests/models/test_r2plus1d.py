from typing import Any

import pytest
import torch
from torch import nn
from torchvision.models.video import resnet

import models
from models.norm import BatchNorm3d
from tests.models.networks import logits
from tests.models.torchvision_images import lively_norms

EPS = 1e-3  # of the authors' weights


def authors_network(num_classes: int) -> nn.Module:
    """R(2+1)D-34 from torchvision's parts.

    In a block whose input is narrower, torchvision gives the second convolution the inner channels
    of the first; its authors compute them for each.
    """
    model: Any = resnet.VideoResNet(
        resnet.BasicBlock,
        [resnet.Conv2Plus1D] * 4,
        [3, 4, 6, 3],
        resnet.R2Plus1dStem,
        num_classes=num_classes,
    )
    for stage, width in ((model.layer2, 128), (model.layer3, 256), (model.layer4, 512)):
        stage[0].conv2[0] = resnet.Conv2Plus1D(width, width, width * 9 // 4)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm3d):
            module.eps = EPS
    return lively_norms(model)


def test_34_layers_are_the_authors(tmp_path: Any) -> None:
    theirs = authors_network(num_classes=5)
    torch.save(theirs.state_dict(), tmp_path / "r2plus1d_34.pth")
    ours = models.create_model("r2plus1d", num_classes=5, frames=8, depth=34).double().eval()
    report = models.load_checkpoint(ours, tmp_path / "r2plus1d_34.pth")
    assert set(report.loaded) == set(theirs.state_dict())
    clip = torch.randn(1, 3, 8, 45, 35, dtype=torch.float64)
    torch.testing.assert_close(logits(ours, clip), logits(theirs, clip))


@pytest.mark.parametrize(("depth", "eps"), [(34, EPS), (50, 1e-5)])
def test_norms_have_the_epsilon_of_the_published_weights(depth: int, eps: float) -> None:
    with torch.device("meta"):
        model = models.create_model("r2plus1d", num_classes=5, frames=8, depth=depth)
    assert {m.eps for m in model.modules() if isinstance(m, BatchNorm3d)} == {eps}
