import pytest
import torch

import models
from models.temporal import TemporalShift


def logits(name: str, clip: torch.Tensor, **options: str) -> torch.Tensor:
    torch.manual_seed(0)
    network = models.get_network(name)
    model = models.create_model(
        name, num_classes=6, frames=clip.shape[2], depth=network.depths[0], **options
    )
    for name_, parameter in model.named_parameters():
        if parameter.dim() == 1 and name_.endswith("weight"):
            torch.nn.init.uniform_(parameter, 0.5, 1)  # blocks that start as identity hide much
    torch.nn.init.normal_(model.head.classifier.weight)  # type: ignore[union-attr,arg-type]
    with torch.no_grad():
        result: torch.Tensor = model.double().eval()(clip)
    return result


@pytest.fixture
def clip() -> torch.Tensor:
    return torch.randn(2, 3, 4, 33, 47, dtype=torch.float64, generator=torch.manual_seed(1))


def test_tsn_is_blind_to_the_order_of_frames(clip: torch.Tensor) -> None:
    torch.testing.assert_close(logits("tsn", clip.flip(2)), logits("tsn", clip))


@pytest.mark.parametrize("name", ["tsm", "tam", "i3d_resnet", "s3d_resnet", "blvnet", "blvnet_tam"])
def test_the_others_see_the_order_of_frames(name: str, clip: torch.Tensor) -> None:
    one, other = logits(name, clip), logits(name, clip.flip(2))
    assert (one - other).abs().max() > 1e-6 * one.abs().max()


@pytest.mark.parametrize(("depth", "shifts"), [(18, 8), (50, 16), (101, 18), (152, 26)])
def test_tsm_shifts_every_second_block_of_long_networks(depth: int, shifts: int) -> None:
    with torch.device("meta"):
        model = models.create_model("tsm", num_classes=6, frames=4, depth=depth)
    assert sum(isinstance(module, TemporalShift) for module in model.modules()) == shifts


@pytest.mark.parametrize("name", models.list_models())
def test_starting_weights(name: str) -> None:
    model = models.create_model(name, num_classes=50, frames=2)
    assert [m.p for m in model.modules() if isinstance(m, torch.nn.Dropout)] == [0.5]
    classifier = model.get_parameter("head.classifier.weight")
    assert classifier.std().item() == pytest.approx(0.001, rel=0.05)
    for module in model.modules():
        if isinstance(module, torch.nn.Conv2d | torch.nn.Conv3d) and module.weight.numel() > 1e5:
            fan_out = module.out_channels * module.weight[0, 0].numel()
            assert module.weight.std().item() == pytest.approx((2 / fan_out) ** 0.5, rel=0.05)
    norms = [
        m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d | torch.nn.BatchNorm3d)
    ]
    scales = {norm.weight.mean().item() for norm in norms}
    assert scales == ({0.0, 1.0} if name.startswith("blvnet") else {1.0})


@pytest.mark.parametrize("name", ["tsn", "tsm", "tam", "i3d_resnet", "s3d_resnet"])
@pytest.mark.parametrize("frames", [1, 3, 4])
def test_temporal_pooling_takes_any_number_of_frames(
    name: str, frames: int, clip: torch.Tensor
) -> None:
    assert logits(name, clip[:, :, :frames], temporal_pooling="max").shape == (2, 6)


@pytest.mark.parametrize("name", models.list_models())
def test_clips_of_a_batch_do_not_mix(name: str, clip: torch.Tensor) -> None:
    torch.testing.assert_close(logits(name, clip)[:1], logits(name, clip[:1]))


@pytest.mark.parametrize("name", models.list_models())
def test_storage_order_of_the_clip_does_not_matter(name: str, clip: torch.Tensor) -> None:
    frames_first = clip.transpose(1, 2).contiguous().transpose(1, 2)
    torch.testing.assert_close(logits(name, frames_first), logits(name, clip))
