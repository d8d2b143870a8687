import pytest
import torch

import models


def logits(name: str, clip: torch.Tensor, **options: int) -> torch.Tensor:
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


@pytest.mark.parametrize("name", ["tsm", "tam", "i3d_resnet", "blvnet", "blvnet_tam"])
def test_the_others_see_the_order_of_frames(name: str, clip: torch.Tensor) -> None:
    one, other = logits(name, clip), logits(name, clip.flip(2))
    assert (one - other).abs().max() > 1e-6 * one.abs().max()


@pytest.mark.parametrize("name", models.list_models())
def test_clips_of_a_batch_do_not_mix(name: str, clip: torch.Tensor) -> None:
    torch.testing.assert_close(logits(name, clip)[:1], logits(name, clip[:1]))


@pytest.mark.parametrize("name", models.list_models())
def test_storage_order_of_the_clip_does_not_matter(name: str, clip: torch.Tensor) -> None:
    frames_first = clip.transpose(1, 2).contiguous().transpose(1, 2)
    torch.testing.assert_close(logits(name, frames_first), logits(name, clip))
