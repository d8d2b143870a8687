"""The simulated instrument against hand arithmetic."""

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint_sequential

from bench.errors import BenchError
from bench.instruments.memory import simulate
from tests.bench.instruments.memory.tiny import tiny

FLOAT = 4  # bytes


def two_layers() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(12, 7, bias=False), nn.Linear(7, 5, bias=False))


def test_training_by_hand_to_the_byte() -> None:
    peak = simulate(two_layers, (3, 3, 1, 2, 2), "train", device="cpu")
    weights = (12 * 7 + 7 * 5) * FLOAT
    # The peak is in the backward pass, when the first weight's gradient is born: the second's is
    # there, and so are the hidden layer's gradient, the loss and the gradient that it started from.
    # The hidden layer, the logits and the logits' gradient are gone.
    hidden, loss = 3 * 7 * FLOAT, FLOAT
    assert peak.by_kind == {
        "parameters": weights,
        "optimizer": weights,
        "inputs": 3 * 12 * FLOAT + 3 * 8,
        "buffers": 0,
        "gradients": 7 * 5 * FLOAT,
        "buckets": 0,
        "activations": loss,
        "temporaries": hidden + loss + 12 * 7 * FLOAT,
    }
    assert peak.peak_bytes == sum(peak.by_kind.values())


def test_inference_by_hand_to_the_byte() -> None:
    peak = simulate(two_layers, (3, 3, 1, 2, 2), "infer", device="cpu")
    assert peak.by_kind == {
        "parameters": (12 * 7 + 7 * 5) * FLOAT,
        "inputs": 3 * 12 * FLOAT,
        "activations": (3 * 7 + 3 * 5) * FLOAT,  # a layer's input lives until its output is there
        "buffers": 0,
        "gradients": 0,
        "buckets": 0,
        "optimizer": 0,
        "temporaries": 0,
    }


def test_every_storage_takes_whole_blocks() -> None:
    def layer() -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.Linear(129, 1, bias=False))

    shape = (1, 129, 1, 1, 1)  # 516 bytes, twice; and a logit of 4
    assert simulate(layer, shape, "infer", device="cpu").peak_bytes == 516 + 516 + 4
    assert simulate(layer, shape, "infer").peak_bytes == 1024 + 1024 + 512


def test_a_factory_that_reads_values_is_simulated() -> None:
    def tied() -> nn.Module:
        first, second = nn.Linear(12, 12, bias=False), nn.Linear(12, 12, bias=False)
        nn.init.trunc_normal_(first.weight)  # looks whether a value is out of bounds
        second.weight = first.weight
        return nn.Sequential(nn.Flatten(), nn.Flatten(), first, second)

    def plain() -> nn.Module:
        first, second = nn.Linear(12, 12, bias=False), nn.Linear(12, 12, bias=False)
        second.weight = first.weight
        return nn.Sequential(nn.Flatten(), nn.Flatten(), first, second)

    for mode in ("train", "infer"):
        assert simulate(tied, (1, 3, 1, 2, 2), mode) == simulate(plain, (1, 3, 1, 2, 2), mode)


def test_a_factory_that_changes_the_type_is_simulated() -> None:
    class Halved(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.classifier = nn.Linear(12, 5, bias=False)
            self.half()

        def forward(self, clip: torch.Tensor) -> torch.Tensor:
            return self.classifier(clip.flatten(1).half())

    peak = simulate(Halved, (1, 3, 1, 2, 2), "infer", device="cpu")
    assert peak.by_kind["parameters"] == 12 * 5 * 2


def test_a_simulation_repeats() -> None:
    first, second = (simulate(tiny("blvnet_tam"), (2, 3, 4, 64, 64)) for _ in range(2))
    assert first == second


def test_a_frozen_parameter_has_no_gradient_and_no_momentum() -> None:
    def frozen() -> nn.Module:
        network = two_layers()
        network[1].weight.requires_grad_(False)  # type: ignore[index]
        return network

    all_trained = simulate(two_layers, (3, 3, 1, 2, 2), device="cpu")
    part = simulate(frozen, (3, 3, 1, 2, 2), device="cpu")
    assert part.by_kind["optimizer"] == all_trained.by_kind["optimizer"] - 12 * 7 * FLOAT


def test_a_duplicated_tensor_is_seen() -> None:
    class Copying(nn.Module):
        def forward(self, clip: torch.Tensor) -> torch.Tensor:
            copy = clip.clone()
            return (clip + copy).mean((2, 3, 4))

    class Sparing(nn.Module):
        def forward(self, clip: torch.Tensor) -> torch.Tensor:
            return (clip + clip).mean((2, 3, 4))

    shape = (1, 3, 4, 8, 8)
    copying, sparing = (simulate(network, shape, "infer") for network in (Copying, Sparing))
    assert copying.peak_bytes - sparing.peak_bytes == 3 * 4 * 8 * 8 * FLOAT


def test_a_network_without_parameters_cannot_be_trained() -> None:
    with pytest.raises(BenchError, match="mode 'infer'"):
        simulate(nn.Flatten, (1, 3, 1, 2, 2), "train")
    assert simulate(nn.Flatten, (1, 3, 1, 2, 2), "infer").by_kind["parameters"] == 0


def test_a_shared_parameter_counts_once() -> None:
    def shared() -> nn.Module:
        layer = nn.Linear(12, 12, bias=False)
        return nn.Sequential(nn.Flatten(), layer, nn.ReLU(), layer)

    peak = simulate(shared, (3, 3, 1, 2, 2), "train", device="cpu")
    assert peak.by_kind["parameters"] == peak.by_kind["optimizer"] == 12 * 12 * FLOAT


def test_recomputed_activations_save_memory() -> None:
    class Recomputing(nn.Sequential):
        def forward(self, clip: torch.Tensor) -> torch.Tensor:
            x = checkpoint_sequential(self[:-1], 4, clip.flatten(1), use_reentrant=False)
            return self[-1](x)

    def deep(kind: type[nn.Sequential]) -> nn.Module:
        layers = [layer for _ in range(16) for layer in (nn.Linear(48, 48), nn.Tanh())]
        return kind(*layers, nn.Linear(48, 5))

    shape = (512, 3, 1, 4, 4)
    plain = simulate(lambda: nn.Sequential(nn.Flatten(), deep(nn.Sequential)), shape)
    sparing = simulate(lambda: deep(Recomputing), shape)
    assert sparing.peak_bytes < 0.6 * plain.peak_bytes


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(BenchError, match="'train' or 'infer', not 'eval'"):
        simulate(two_layers, (3, 3, 1, 2, 2), "eval")  # type: ignore[arg-type]
