import torch

import models
from models.blresnet import BigLittleStem, BLResNet
from tests.models.networks import lively, logits


def test_both_branches_see_every_frame() -> None:
    model = lively(models.create_model("tsn_blnet", num_classes=5, frames=2, width=0.1))
    assert isinstance(model.trunk, BLResNet)
    seen: list[torch.Tensor] = []
    stem = model.trunk.fusions[0]
    assert isinstance(stem, BigLittleStem)
    for branch in (stem.big, stem.little):
        branch[0].register_forward_hook(lambda _, args, out: seen.append(args[0]))
    logits(model, torch.randn(2, 3, 2, 64, 64, dtype=torch.float64))
    big, little = seen
    assert len(big) == 2 * 2
    assert torch.equal(big, little)
