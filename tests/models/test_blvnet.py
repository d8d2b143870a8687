import pytest
import torch

import models
from models.blresnet import BigLittleStem
from models.blvnet import BLVNet
from models.formulation import FORMULATIONS
from tests.models.networks import lively, logits


@pytest.mark.parametrize("formulation", FORMULATIONS)
def test_even_frames_go_to_the_little_branch_and_odd_ones_to_the_big(formulation: str) -> None:
    model = lively(
        models.create_model("blvnet", num_classes=5, frames=4, width=0.1, formulation=formulation)
    )
    assert isinstance(model, BLVNet)
    seen: list[torch.Tensor] = []
    stem = model.trunk.fusions[0]
    assert isinstance(stem, BigLittleStem)
    for part in (model.trunk.entry, stem.little[0], stem.big[0]):
        part.register_forward_hook(
            lambda module, args, out: seen.append(out if module is model.trunk.entry else args[0])
        )
    logits(model, torch.randn(2, 3, 4, 64, 64, dtype=torch.float64))
    entry, little, big = seen
    assert torch.equal(little, entry[::2])
    assert torch.equal(big, entry[1::2])
