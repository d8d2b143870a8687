from pathlib import Path

import pytest
import torch
from torch import nn

import models
from models.tanet import AUTHORS, MMACTION2, TemporalAdaptation
from tests.models import checkpoints
from tests.models.zoo_counter import count_layers

# open-mmlab/mmaction2 configs/recognition/tanet/metafile.yml, of 8 frames of 256 x 256 pixels
PRINTED_FLOPS, PRINTED_PARAMS = 43_065_983_104, 25_590_320


def test_printed_figures_to_the_last_digit() -> None:
    """The zoo counts layers alone, and so none of the convolutions with adaptive kernels."""
    with torch.device("meta"):
        model = models.create_model("tanet", num_classes=400, frames=8, formulation="published")
    last_pool = 8 * 2048 * 8 * 8  # a layer there
    assert count_layers(model, (1, 3, 8, 256, 256)) + last_pool == PRINTED_FLOPS
    assert sum(p.numel() for p in model.parameters()) == PRINTED_PARAMS


def test_a_kernel_is_that_of_its_channel_and_clip() -> None:
    torch.manual_seed(0)
    clips, frames, channels = 2, 5, 8
    module = TemporalAdaptation(channels, frames).double().eval()
    x = torch.randn(clips * frames, channels, 3, 4, dtype=torch.float64)
    out = module([x]).unflatten(0, (clips, frames))
    for number, clip in enumerate(x.unflatten(0, (clips, frames))):  # T x C x H x W
        means = clip.mean(dim=(2, 3)).T  # C x T
        scales = module.scale(means[None])[0]
        for channel in range(channels):
            kernel = module.kernel(means[channel : channel + 1])[0]
            assert kernel.sum().item() == pytest.approx(1)
            scaled = clip[:, channel] * scales[channel, :, None, None]
            padded = nn.functional.pad(scaled, (0, 0, 0, 0, 1, 1))
            parts = [weight * padded[k : k + frames] for k, weight in enumerate(kernel)]
            torch.testing.assert_close(out[number, :, channel], torch.stack(parts).sum(dim=0))


# our name -> the names of the authors and of MMAction2
NAMES = {
    "trunk.stem.bn1.bias": ("bn1.bias", "backbone.conv1.bn.bias"),
    "trunk.stages.1.3.residual.tam.kernel.3.weight": (
        "layer2.3.tam.G.3.weight",
        "backbone.layer2.3.tam.G.3.weight",
    ),
    "trunk.stages.0.0.residual.tam.scale.1.bias": (
        "layer1.0.tam.L.1.bias",
        "backbone.layer1.0.tam.L.1.bias",
    ),
    "trunk.stages.0.0.residual.conv2.weight": (
        "layer1.0.net.conv2.weight",
        "backbone.layer1.0.block.conv2.conv.weight",
    ),
    "trunk.stages.3.0.downsample.1.bias": (
        "layer4.0.net.downsample.1.bias",
        "backbone.layer4.0.block.downsample.bn.bias",
    ),
}


@pytest.mark.parametrize("ours", NAMES)
def test_names_in_the_files_of_the_authors_and_of_mmaction2(ours: str) -> None:
    assert (AUTHORS.rename(ours), MMACTION2.rename(ours)) == NAMES[ours]


def test_a_file_of_a_tam_is_another_network(tmp_path: Path) -> None:
    model, path = checkpoints.build("tanet"), tmp_path / "tam.pth"
    torch.save(checkpoints.build("tam", depth=50).state_dict(), path)
    with checkpoints.refused(path, model):
        models.load_checkpoint(model, path)
