"""The efficient formulation against the published one, in every way to run a network."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor, nn

import models
from models.chain import Chain
from models.formulation import FORMULATIONS
from models.norm import BatchNorm2d, BatchNorm3d
from tests.models.networks import OWN, lively, small_clip

NARROW = 0.125
TOLERANCE = 1e-6  # in float64, relative


class Case(NamedTuple):
    name: str
    frames: int
    clip: tuple[int, int, int]  # N x H x W
    options: dict[str, Any]


CASES = [
    Case("blvnet", 2, (1, 65, 71), {"depth": 50}),
    Case("blvnet", 6, (3, 71, 65), {"depth": 50, "alpha": 4, "beta": 2}),
    Case("blvnet_tam", 2, (1, 65, 71), {"depth": 50}),
    Case("blvnet_tam", 4, (3, 71, 65), {"depth": 50, "window": 5}),
    Case("blvnet_tam", 6, (1, 64, 97), {"depth": 50, "window": 7, "alpha": 4, "beta": 2}),
    Case("blvnet_tam", 2, (3, 65, 65), {"depth": 50, "window": 7, "alpha": 1, "beta": 1}),
    Case("tam", 2, (3, 65, 71), {"depth": 18, "window": 7}),
    Case("tam", 3, (1, 71, 65), {"depth": 50, "window": 5, "temporal_pooling": "max"}),
    Case("tam", 6, (1, 65, 71), {"backbone": "inception_v1", "temporal_pooling": "max"}),
    Case("hiera", 2, (1, 224, 224), {}),
    Case("uniformer", 5, (2, 65, 71), {}),
    Case("uniformerv2", 3, (2, 224, 224), {"design": "motion"}),
]
FOLDED = [
    ("tsn", {"depth": 50}),
    ("tsm", {"depth": 18}),
    ("tam", {"depth": 50}),
    ("tam", {"backbone": "inception_v1", "temporal_pooling": "max"}),
    ("tsn_blnet", {"depth": 50}),
    ("blvnet", {"depth": 50}),
    ("blvnet_tam", {"depth": 50}),
]
COPYING = {"tam", "blvnet", "blvnet_tam"}  # as published, they copy frames
REORDERING = {"hiera", "uniformer", "uniformerv2"}  # as published, attention sums in another order
RUN_ANYHOW = [("tsm", {"depth": 18}), ("tam", {"depth": 18}), ("blvnet_tam", {"depth": 50})]


def network(name: str, frames: int = 4, **options: Any) -> nn.Module:
    """A narrow network in float64 and eval mode, without dropout."""
    torch.manual_seed(0)
    options = {"width": NARROW, **options}
    model = lively(models.create_model(name, num_classes=5, frames=frames, **options))
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0
        elif isinstance(module, nn.BatchNorm2d):  # at 0, a constant channel would be on ReLU's edge
            nn.init.normal_(module.bias, std=0.1)
    return model


def clip_of(case: Case) -> Tensor:
    batch, height, width = case.clip
    shape = (batch, 3, case.frames, height, width)
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


SMALL = clip_of(Case("", 4, (2, 33, 47), {}))


def logits(model: nn.Module, clip: Tensor) -> Tensor:
    with torch.no_grad():
        result: Tensor = model(clip)
    return result


def step(model: nn.Module, clip: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    """Logits, and the gradients of the sum of their squares for every weight."""
    result: Tensor = model(clip)
    gradients = torch.autograd.grad(result.float().square().sum(), [*model.parameters()])
    names = [name for name, _ in model.named_parameters()]
    return result.detach(), dict(zip(names, gradients, strict=True))


def assert_same_gradients(got: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    assert got.keys() == expected.keys()
    largest = max(gradient.abs().max().item() for gradient in expected.values())
    for name, gradient in expected.items():
        # Some are zero in theory; in practice a rounding error remains.
        torch.testing.assert_close(got[name], gradient, rtol=TOLERANCE, atol=1e-9 * largest)


@pytest.mark.parametrize("case", CASES)
def test_formulations_compute_the_same(case: Case) -> None:
    efficient, published = (
        network(case.name, case.frames, formulation=formulation, **case.options)
        for formulation in FORMULATIONS
    )
    assert [*efficient.state_dict()] == [*published.state_dict()]
    efficient.load_state_dict(published.state_dict())
    clip = clip_of(case)
    assert_near = partial(torch.testing.assert_close, rtol=TOLERANCE, atol=0)
    assert_near(logits(efficient, clip), logits(published, clip))
    (result, gradients), (expected, theirs) = (
        step(m.train(), clip) for m in (efficient, published)
    )
    assert_near(result, expected)
    assert_same_gradients(gradients, theirs)
    for name, statistic in published.named_buffers():
        torch.testing.assert_close(efficient.get_buffer(name), statistic)


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_saving_memory_changes_no_bit(name: str, precision: torch.dtype) -> None:
    model = network(name, small_clip(name)[2]).float()
    clip = torch.randn(small_clip(name, batch=2), generator=torch.Generator().manual_seed(1))
    results = []
    with torch.autocast("cpu", precision, enabled=precision != torch.float32):
        for saves in (True, False):
            for module in model.modules():
                if isinstance(module, Chain | BatchNorm2d | BatchNorm3d):
                    assert module.saves_memory or not saves
                    module.saves_memory = saves
            results.append(logits(model, clip))
    assert torch.equal(*results)


@pytest.mark.parametrize("name", sorted({*OWN} - COPYING - REORDERING))
def test_without_copies_to_save_the_formulations_agree_to_the_bit(name: str) -> None:
    frames = small_clip(name)[2]
    clip = torch.randn(small_clip(name, batch=2), generator=torch.Generator().manual_seed(1))
    efficient = network(name, frames).float()
    published = network(name, frames, formulation="published").float()
    assert not any(getattr(module, "saves_memory", False) for module in published.modules())
    assert [*efficient.state_dict()] == [*published.state_dict()]
    assert torch.equal(logits(efficient, clip), logits(published, clip))
    (_, gradients), (_, theirs) = (step(model.train(), clip) for model in (efficient, published))
    assert all(torch.equal(gradients[key], theirs[key]) for key in theirs)


@pytest.fixture
def _compiler() -> Iterator[None]:
    torch.compiler.reset()
    yield
    torch.compiler.reset()


@pytest.mark.usefixtures("_compiler")
@pytest.mark.parametrize(("name", "options"), RUN_ANYHOW)
def test_a_network_compiles_as_one_graph(name: str, options: dict[str, Any]) -> None:
    model = network(name, width=0.05, **options).train()
    expected, theirs = step(model, SMALL)
    model.compile(fullgraph=True, backend="aot_eager")
    result, gradients = step(model, SMALL)
    torch.testing.assert_close(result, expected)
    assert_same_gradients(gradients, theirs)


@pytest.mark.parametrize(("name", "options"), RUN_ANYHOW)
def test_a_network_runs_under_autocast(name: str, options: dict[str, Any]) -> None:
    model = network(name, **options).float()  # in training mode, batch norms make rounding large
    clip = SMALL.float()
    expected, theirs = step(model, clip)
    with torch.autocast("cpu", torch.bfloat16):
        result, gradients = step(model, clip)
        trained, _ = step(model.train(), clip)
    assert result.dtype == trained.dtype == torch.bfloat16
    assert trained.isfinite().all()
    assert (result - expected).norm() <= 0.02 * expected.norm()
    for key, gradient in gradients.items():
        assert gradient.dtype == torch.float32
        near = torch.cosine_similarity(gradient.flatten(), theirs[key].flatten(), dim=0)
        assert near > 0.9, key


def is_by_pixel(x: Tensor) -> bool:
    """Whether frames are channels-last in memory, or views of such frames."""
    return x[0].unsqueeze(0).is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(("name", "options"), FOLDED)
def test_activations_are_channels_last(name: str, options: dict[str, Any]) -> None:
    model = network(name, **options)
    seen = dict.fromkeys(("by pixel", "by channel"), 0)
    expected = logits(model, SMALL)

    def look(module: nn.Module, args: Any, out: Any) -> None:
        for x in out if isinstance(out, list) else [out]:
            if x.dim() == 4 and x.shape[1] > 1 and x[0, 0].numel() > 1:
                seen["by pixel" if is_by_pixel(x) else "by channel"] += 1

    for module in model.modules():
        module.register_forward_hook(look)
    logits(model, SMALL)
    assert seen["by pixel"] > 20
    assert seen["by channel"] == 0
    model.to(memory_format=torch.contiguous_format)
    torch.testing.assert_close(logits(model, SMALL), expected)
    assert seen["by channel"] > 20


@pytest.mark.parametrize(("name", "options"), FOLDED)
def test_a_saved_network_is_channels_last_again(
    name: str, options: dict[str, Any], tmp_path: Path
) -> None:
    model = network(name, **options)
    models.save_checkpoint(model, tmp_path / "saved.safetensors")
    loaded = models.load_model(tmp_path / "saved.safetensors").eval()
    torch.testing.assert_close(logits(loaded, SMALL), logits(model, SMALL))
    kernels = [p for p in loaded.parameters() if p.dim() == 4]
    assert len(kernels) > 10
    assert all(kernel.is_contiguous(memory_format=torch.channels_last) for kernel in kernels)
