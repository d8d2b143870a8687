"""With weights from a formula, our networks give the authors' figures in `oracle/`."""

from pathlib import Path

import pytest
import torch
from torch import nn

import models
from bench.instruments import macs
from tests.models import oracle

WITH_GRADIENTS = [name for name in oracle.NETWORKS if "grad_norm" in oracle.read(name)]
TOLERANCE = {torch.float64: 1e-6, torch.float32: 1e-3}  # of the largest logit, as the oracle says


@pytest.fixture(params=oracle.NETWORKS)
def checkpoint(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path]:
    """The name of a network of the oracle, and a file of its weights in the authors' format."""
    name: str = request.param
    path = tmp_path / f"{name}.pth.tar"
    state = {f"module.{key}": value for key, value in oracle.weights(name).items()}
    torch.save({"epoch": 50, "arch": name, "state_dict": state}, path)
    return name, path


def test_logits_of_an_authors_file(checkpoint: tuple[str, Path]) -> None:
    name, path = checkpoint
    expected = torch.tensor(oracle.read(name)["logits"], dtype=torch.float64)
    for dtype, tolerance in TOLERANCE.items():
        model = oracle.build(name).to(dtype)
        report = models.load_checkpoint(model, path)
        assert set(report.loaded) == {f"module.{k}" for k in oracle.read(name)["state_shapes"]}
        with torch.no_grad():
            logits = model.eval()(oracle.clip(name).to(dtype)).double()
        assert (logits - expected).abs().max() <= tolerance * expected.abs().max()


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


@pytest.mark.parametrize("name", oracle.NETWORKS)
def test_parameters_and_macs(name: str) -> None:
    figures = oracle.read(name)
    network, _ = oracle.NETWORKS[name]
    is_reformulated = "formulation" in models.get_network(network).options
    with torch.device("meta"):  # the authors counted what they compute
        model = oracle.build(name, **{"formulation": "published"} if is_reformulated else {})
    assert sum(p.numel() for p in model.parameters()) == figures["params"]
    size, key = 224, "macs_by_operator_224"
    if key not in figures:  # counted on the clip itself
        size, key = figures["input_shape"][-1], "macs_by_operator"
    counted = macs.count(model, (1, 3, figures["frames"], size, size)).by_operator
    for kind in ("conv", "linear"):
        assert counted[kind] == figures[key][kind]


def test_some_gradients_are_known() -> None:
    assert WITH_GRADIENTS == ["tam_r50_t8", "blvnet_tam_r50_t16"]
