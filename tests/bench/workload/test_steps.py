from math import log

import pytest
import torch
from torch import Tensor, nn

from bench.errors import BenchError
from bench.workload.steps import (
    LEARNING_RATE,
    MOMENTUM,
    TrainingStep,
    autocast,
    check_mode,
    make_step,
)
from suites.fields import Precision


class Linear(nn.Module):
    """Logits that are a clip's first values times a weight; it keeps what it saw last."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(2))
        self.frozen = nn.Parameter(torch.ones(2), requires_grad=False)
        self.seen: dict[str, object] = {}

    def forward(self, clip: Tensor) -> Tensor:
        product = clip.flatten(1)[:, :2] @ torch.diag(self.weight)
        self.seen = {"training": self.training, "grad": product.requires_grad}
        self.seen["type"] = product.dtype
        return product


def clip(batch: int = 1) -> Tensor:
    return torch.ones(batch, 2, 1, 1, 1)


def test_inference_takes_no_gradients_and_changes_nothing() -> None:
    model = Linear()
    make_step(model, clip(), "infer")()
    assert model.seen == {"training": False, "grad": False, "type": torch.float32}
    assert model.weight.tolist() == [0, 0]
    assert model.weight.grad is None


def test_training_steps_down_the_gradient_with_momentum() -> None:
    model = Linear().eval()
    step = make_step(model, clip(batch=3), "train")
    step()
    assert model.seen == {"training": True, "grad": True, "type": torch.float32}
    # Of logits that are equal the gradient is -1/2 for the label, which is the first, and 1/2.
    first = LEARNING_RATE / 2
    assert model.weight.tolist() == pytest.approx([first, -first])
    assert model.weight.grad is not None
    step()
    slope = 1 / (1 + torch.tensor(2 * first).exp().item())
    expected = first + LEARNING_RATE * (MOMENTUM / 2 + slope)
    assert model.weight.tolist() == pytest.approx([expected, -expected])
    assert model.weight.grad.tolist() == pytest.approx([-slope, slope])  # of the last step alone


def test_the_optimizer_keeps_a_buffer_for_each_parameter_that_is_trained() -> None:
    training = TrainingStep(Linear(), clip())
    training()
    (state,) = training.optimizer.state.values()
    assert state["momentum_buffer"].tolist() == [-0.5, 0.5]


def test_what_is_frozen_is_not_trained() -> None:
    model = Linear()
    training = TrainingStep(model, clip())
    assert [id(p) for p in training.parameters] == [id(model.weight)]
    training()
    assert model.frozen.tolist() == [1, 1]


def test_the_loss_is_the_cross_entropy_with_the_first_class() -> None:
    training = TrainingStep(Linear(), clip(batch=3))
    assert training.labels.tolist() == [0, 0, 0]
    assert training.loss().item() == pytest.approx(log(2))
    training.labels.fill_(1)
    training()
    assert training.parameters[0].tolist() == pytest.approx([-LEARNING_RATE / 2, LEARNING_RATE / 2])


def test_a_network_without_parameters_is_not_trained() -> None:
    with pytest.raises(BenchError, match="no parameter to train: use mode 'infer'"):
        make_step(nn.Flatten(), clip(), "train")
    make_step(nn.Flatten(), clip(), "infer")()


def test_an_unknown_mode_is_refused() -> None:
    for mode in ("train", "infer"):
        check_mode(mode)
    with pytest.raises(BenchError, match="mode must be 'train' or 'infer', not 'test'"):
        make_step(Linear(), clip(), "test")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("precision", "kind"),
    [
        ("fp32", torch.float32),
        ("tf32", torch.float32),
        ("bf16", torch.bfloat16),
        ("fp16", torch.float16),
    ],
)
def test_products_are_of_the_precisions_type(precision: Precision, kind: torch.dtype) -> None:
    model = Linear()
    make_step(model, clip(), "infer", precision)()
    assert model.seen["type"] is kind
    TrainingStep(model, clip(), precision).loss()
    assert model.seen["type"] is kind
    assert model.weight.dtype is torch.float32
    with autocast(clip(), "fp32"):
        assert not torch.is_autocast_enabled("cpu")


def test_the_loss_of_fp16_alone_is_scaled() -> None:
    scales = {
        precision: TrainingStep(Linear(), clip(), precision)._scaler.is_enabled()
        for precision in ("fp32", "bf16", "fp16")
    }
    assert scales == {"fp32": False, "bf16": False, "fp16": True}


def test_a_scaled_loss_gives_the_same_step() -> None:
    model = Linear()
    make_step(model, clip(), "train", "fp16")()
    first = LEARNING_RATE / 2
    assert model.weight.tolist() == pytest.approx([first, -first])
