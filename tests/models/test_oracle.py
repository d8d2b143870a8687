"""The authors' networks, with formula-made weights, give the figures of `oracle/`."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import models
from tests.models import probe
from tests.models.authors import our_name

ORACLE = Path(__file__).parent / "oracle"
NETWORKS = {
    "tsn_r50_t8": ("tsn", 50),
    "tsm_r50_t8": ("tsm", 50),
    "tam_r50_t8": ("tam", 50),
    "i3d_r50_t8": ("i3d_resnet", 50),
    "s3d_r50_t8": ("s3d_resnet", 50),
    "blvnet_tam_r50_t16": ("blvnet_tam", 50),
    "blvnet_tam_r101_t16": ("blvnet_tam", 101),
}
WITH_GRADIENTS = [
    name for name in NETWORKS if (ORACLE / f"{name}.json").read_text().count("grad_norm")
]
TOLERANCE = {torch.float64: 1e-6, torch.float32: 1e-3}  # of the largest logit, as the oracle says


def load(name: str, dtype: torch.dtype) -> tuple[dict[str, Any], nn.Module, torch.Tensor]:
    """The oracle's figures, our network with its weights, and its clip."""
    oracle = json.loads((ORACLE / f"{name}.json").read_text())
    network, depth = NETWORKS[name]
    model = models.create_model(network, num_classes=174, frames=oracle["frames"], depth=depth)
    weights = probe.fill(oracle["state_shapes"])
    model.to(dtype).load_state_dict(
        {our_name(network, k): torch.as_tensor(v) for k, v in weights.items()}
    )
    clip = torch.as_tensor(probe.clip(tuple(oracle["input_shape"]))).transpose(1, 2)
    return oracle, model, clip.to(dtype)


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize("name", NETWORKS)
def test_logits(name: str, dtype: torch.dtype) -> None:
    oracle, model, clip = load(name, dtype)
    with torch.no_grad():
        logits = model.eval()(clip).double()
    expected = torch.tensor(oracle["logits"], dtype=torch.float64)
    assert (logits - expected).abs().max() <= TOLERANCE[dtype] * expected.abs().max()


@pytest.mark.parametrize("name", WITH_GRADIENTS)
def test_gradients(name: str) -> None:
    oracle, model, clip = load(name, torch.float64)
    for module in model.train().modules():
        if isinstance(module, nn.Dropout):
            module.p = 0
    loss = model(clip).square().mean()
    loss.backward()
    norms = {key: p.grad.norm().item() for key, p in model.named_parameters() if p.grad is not None}
    network, _ = NETWORKS[name]
    expected = {our_name(network, key): norm for key, norm in oracle["grad_norm"].items()}
    assert loss.item() == pytest.approx(oracle["train_loss"], rel=1e-6)
    assert norms == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("name", NETWORKS)
def test_parameters(name: str) -> None:
    oracle = json.loads((ORACLE / f"{name}.json").read_text())
    network, depth = NETWORKS[name]
    with torch.device("meta"):
        model = models.create_model(network, num_classes=174, frames=oracle["frames"], depth=depth)
    assert sum(p.numel() for p in model.parameters()) == oracle["params"]


def test_some_gradients_are_known() -> None:
    assert WITH_GRADIENTS == ["tam_r50_t8", "blvnet_tam_r50_t16"]
