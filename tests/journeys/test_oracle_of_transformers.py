"""With weights from a formula, transformers of real size give their authors' logits."""

from pathlib import Path

import pytest
import torch
from torch import nn

import models
from tests.models import oracle

TOLERANCE = 1e-6  # of the largest logit
# Some norms of the libraries add another number to the variance than those of the authors: which
# norms, the authors' number, and how much it matters for these logits.
EPSILONS = {
    "mvit_v1_b_t16": ("norm_act", 1e-5, 5e-6),
    "videomae_base_t16": ("", 1e-6, 3e-7),
    "videomae_large_t2": ("", 1e-6, 2e-7),
    "vjepa2_large_t2": ("pooler", 1e-5, 4e-6),
}


@pytest.mark.parametrize("name", oracle.TRANSFORMERS)
def test_logits_of_an_authors_file(name: str, tmp_path: Path) -> None:
    network, _ = oracle.TRANSFORMERS[name]
    if not models.get_network(network).is_installed:
        pytest.skip(f"{network} needs a library")
    path = tmp_path / f"{name}.pth"
    oracle.save(name, path)
    model = oracle.load(name, path)
    if name in EPSILONS:
        where, epsilon, error = EPSILONS[name]
        assert oracle.error(name, model) == pytest.approx(error, rel=0.5)
        for place, module in model.named_modules():
            if isinstance(module, nn.LayerNorm) and where in place:
                module.eps = epsilon
    assert oracle.error(name, model) <= TOLERANCE / 1e3


def test_positions_of_a_video_swin_are_those_of_torchvision() -> None:
    model = models.create_model("swin3d_t", num_classes=6, frames=16)
    ours = model.get_buffer("network.features.0.0.attn.relative_position_index")
    assert torch.equal(ours, oracle.positions())
