"""Every option of a training step against hand arithmetic, to the byte."""

from itertools import product
from typing import Any, get_args

import pytest
import torch
from torch import nn

from bench.instruments.memory import simulate
from bench.instruments.memory.ledger import Kind
from suites.step import Gradients, Optimizer, Parallel, StepOptions, Update
from tests.bench.instruments.memory.test_simulated import FLOAT, two_layers

SHAPE = (3, 3, 1, 2, 2)
FIRST, SECOND = 12 * 7 * FLOAT, 7 * 5 * FLOAT  # weights
WEIGHTS = FIRST + SECOND
HIDDEN, LOGITS, LOSS = 3 * 7 * FLOAT, 3 * 5 * FLOAT, FLOAT
INPUTS = 3 * 12 * FLOAT + 3 * 8

# In the backward pass, when the first weight's gradient is born.
BACKWARD = {
    "parameters": WEIGHTS,
    "gradients": SECOND,
    "optimizer": WEIGHTS,
    "inputs": INPUTS,
    "activations": LOSS,
    "temporaries": HIDDEN + LOSS + FIRST,
}
# In the update, when there is nothing of the passes but the gradients.
UPDATE = {
    "parameters": WEIGHTS,
    "gradients": WEIGHTS,
    "optimizer": 2 * WEIGHTS,
    "inputs": INPUTS,
}


def by_kind(**options: Any) -> dict[str, int]:
    peak = simulate(two_layers, SHAPE, step=StepOptions(**options), device="cpu")
    assert peak.peak_bytes == sum(peak.by_kind.values())
    return {kind: size for kind, size in peak.by_kind.items() if size}


@pytest.mark.parametrize(
    ("options", "changes"),
    [
        ({}, {}),
        ({"optimizer": "sgd"}, {"optimizer": 0}),
        ({"update": "foreach"}, {}),
        ({"update": "single"}, {}),
        ({"update": "fused"}, {}),
        ({"gradients": "zeroed"}, {"gradients": WEIGHTS}),
        ({"accumulation": 2}, {"gradients": WEIGHTS}),
        ({"accumulation": 9}, {"gradients": WEIGHTS}),
        ({"parallel": "ddp"}, {"buckets": WEIGHTS}),
        ({"parallel": "ddp_views"}, {"buckets": WEIGHTS, "gradients": 0}),
        (
            {"parallel": "ddp", "gradients": "zeroed"},
            {"buckets": WEIGHTS, "gradients": WEIGHTS},
        ),
        (
            {"parallel": "ddp_views", "gradients": "zeroed"},
            {"buckets": WEIGHTS, "gradients": 0},
        ),
        # Batches before the last exchange nothing: their gradients are outside of the buckets until
        # their sums are there. So most is alive when the second layer's new gradients are born.
        (
            {"parallel": "ddp_views", "accumulation": 2},
            {
                "buckets": WEIGHTS,
                "gradients": WEIGHTS,
                "activations": LOSS + HIDDEN,
                "temporaries": LOSS + LOGITS + SECOND + HIDDEN,
            },
        ),
    ],
)
def test_a_peak_in_the_backward_pass(options: dict[str, Any], changes: dict[str, int]) -> None:
    expected = {kind: size for kind, size in (BACKWARD | changes).items() if size}
    assert by_kind(**options) == expected


@pytest.mark.parametrize("optimizer", ["adam", "adamw"])
@pytest.mark.parametrize("gradients", ["freed", "zeroed"])
def test_adam_needs_roots_of_all_its_averages(optimizer: str, gradients: str) -> None:
    assert by_kind(optimizer=optimizer, gradients=gradients) == UPDATE | {"temporaries": WEIGHTS}


def test_adam_on_single_tensors_needs_a_root_and_its_quotient() -> None:
    found = by_kind(optimizer="adam", update="single")
    assert found == UPDATE | {"temporaries": 2 * FIRST}


def test_fused_adam_needs_no_temporaries_and_counts_its_updates_on_the_device() -> None:
    found = by_kind(optimizer="adam", update="fused")
    assert found == BACKWARD | {"optimizer": 2 * WEIGHTS + 2 * FLOAT}


def test_adam_with_buckets_and_views() -> None:
    found = by_kind(optimizer="adamw", parallel="ddp_views")
    buckets = {"buckets": WEIGHTS, "temporaries": WEIGHTS}
    assert found == {k: v for k, v in (UPDATE | buckets).items() if k != "gradients"}


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_autocast_keeps_its_casts_of_weights(precision: Any) -> None:
    peak = simulate(two_layers, SHAPE, "infer", precision, device="cpu")
    # When the logits are born, both weights' casts are in the cache; the clip's cast is gone.
    assert peak.by_kind["activations"] == (WEIGHTS + HIDDEN + LOGITS) // 2


def test_a_weight_that_is_used_twice_is_cast_once() -> None:
    def shared() -> nn.Module:
        layer = nn.Linear(12, 12, bias=False)
        return nn.Sequential(nn.Flatten(), layer, layer)

    peak = simulate(shared, SHAPE, "infer", "bf16", device="cpu")
    clip = hidden = 3 * 12 * 2
    assert peak.by_kind["activations"] == 12 * 12 * 2 + clip + hidden


class Half(nn.Module):
    """Its second layer gets no gradient."""

    def __init__(self) -> None:
        super().__init__()
        self.used = nn.Linear(12, 5, bias=False)
        self.unused = nn.Linear(12, 100, bias=False)

    def forward(self, clip: torch.Tensor) -> torch.Tensor:
        return self.used(clip.flatten(1))


@pytest.mark.parametrize("optimizer", get_args(Optimizer))
@pytest.mark.parametrize("gradients", get_args(Gradients))
def test_a_parameter_without_a_gradient_has_no_state(optimizer: str, gradients: str) -> None:
    step = StepOptions.model_validate({"optimizer": optimizer, "gradients": gradients})

    def alone() -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.Linear(12, 5, bias=False))

    half = simulate(Half, SHAPE, step=step, device="cpu")
    whole = simulate(alone, SHAPE, step=step, device="cpu")
    assert half.peak_bytes == whole.peak_bytes + 12 * 100 * FLOAT  # the weight itself


def test_buckets_have_room_for_every_gradient() -> None:
    peak = simulate(Half, SHAPE, step=StepOptions(parallel="ddp"), device="cpu")
    assert peak.by_kind["buckets"] == 12 * (5 + 100) * FLOAT


class Attending(nn.Module):
    """Depends on the device, so that its tensors are of the other kind without contents."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(12, 5, bias=False)

    def forward(self, clip: torch.Tensor) -> torch.Tensor:
        x = clip.flatten(1)[None]
        return self.layer(nn.functional.scaled_dot_product_attention(x, x, x)[0])


@pytest.mark.parametrize(
    "values", [*product(get_args(Optimizer), get_args(Update), get_args(Parallel), (1, 2))]
)
def test_every_step_is_simulated_with_either_kind_of_tensors(values: tuple[Any, ...]) -> None:
    names = ("optimizer", "update", "parallel", "accumulation")
    step = StepOptions.model_validate(dict(zip(names, values, strict=True)))
    peak = simulate(Attending, SHAPE, step=step, device="cpu")
    states = {"sgd": 0, "sgd_momentum": 1, "adam": 2, "adamw": 2}[step.optimizer]
    counts = FLOAT if step.update == "fused" and states == 2 else 0
    assert peak.by_kind["optimizer"] == states * 12 * 5 * FLOAT + counts
    assert set(peak.by_kind) == set(get_args(Kind))
