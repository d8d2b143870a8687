"""With weights from a formula, our networks give the authors' figures in `oracle/`."""

from pathlib import Path

import pytest
import torch
from torch import nn

import models
from bench.instruments import macs
from tests.models import oracle

WITH_GRADIENTS = [name for name in oracle.NETWORKS if "grad_norm" in oracle.read(name)]
COMPARED = ("conv", "linear", "matmul")  # the authors' counts of other operators have other rules
TOLERANCE = {torch.float64: 1e-6, torch.float32: 1e-3}  # of the largest logit, as the oracle says


@pytest.mark.parametrize("name", oracle.NETWORKS)
def test_logits_of_an_authors_file(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.pth.tar"
    oracle.save(name, path)
    for dtype, tolerance in TOLERANCE.items():
        assert oracle.error(name, oracle.load(name, path, dtype), dtype) <= tolerance


@pytest.mark.parametrize("name", WITH_GRADIENTS)
def test_gradients(name: str, tmp_path: Path) -> None:
    torch.save(oracle.weights(name), tmp_path / "bare.pth")
    model = oracle.build(name).double()
    report = models.load_checkpoint(model, tmp_path / "bare.pth")
    for module in model.train().modules():
        if isinstance(module, nn.Dropout):
            module.p = 0
    loss = model(oracle.clip(name)).square().mean()
    loss.backward()
    assert loss.item() == pytest.approx(oracle.read(name)["train_loss"], rel=1e-6)
    theirs = dict(zip(model.state_dict(), report.loaded, strict=True))
    gradients = {theirs[name]: p.grad for name, p in model.named_parameters()}
    norms = {name: g.norm().item() for name, g in gradients.items() if g is not None}
    assert norms == pytest.approx(oracle.read(name)["grad_norm"], rel=1e-6)


@pytest.mark.parametrize("name", oracle.ALL)
def test_parameters_and_macs(name: str) -> None:
    figures = oracle.read(name)
    network, _ = oracle.ALL[name]
    if not models.get_network(network).is_installed:
        pytest.skip(f"{network} needs a library")
    is_reformulated = "formulation" in models.get_network(network).options
    with torch.device("meta"):  # the authors counted what they compute
        model = oracle.build(name, **{"formulation": "published"} if is_reformulated else {})
    assert sum(p.numel() for p in model.parameters()) == figures["params"]
    size, key = 224, "macs_by_operator_224"
    if key not in figures:  # counted on the clip itself
        size, key = figures["input_shape"][-1], "macs_by_operator"
    counted = macs.count(model, (1, 3, figures["frames"], size, size)).by_operator
    for kind, expected in figures[key].items():
        if kind in COMPARED:
            assert counted[kind] == expected


def test_some_gradients_are_known() -> None:
    assert WITH_GRADIENTS == ["tam_r50_t8", "blvnet_tam_r50_t16"]
