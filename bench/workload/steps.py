"""One step of a network over a batch: the unit of latency and of peak memory.

A clip is N x C x T x H x W. `infer` is a forward pass in eval mode without gradients. `train` is
forward, cross-entropy, backward and an update by SGD with momentum, which changes the weights.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import get_args

import torch
from torch import Tensor, nn

from bench.errors import BenchError
from suites.fields import Mode, Precision

LEARNING_RATE = 0.01
MOMENTUM = 0.9  # unless it is 0, SGD keeps a buffer for each parameter
HALF = {"bf16": torch.bfloat16, "fp16": torch.float16}  # the types that autocast uses

Step = Callable[[], object]


def make_step(model: nn.Module, clip: Tensor, mode: Mode, precision: Precision = "fp32") -> Step:
    """A function that runs one step of `model` over `clip`, on the clip's device.

    Raises `BenchError` for an unknown mode, and for training a network without parameters.
    """
    check_mode(mode)
    if mode == "train":
        return TrainingStep(model, clip, precision)
    model.eval()

    def infer() -> None:
        with torch.no_grad(), autocast(clip, precision):
            model(clip)

    return infer


def check_mode(mode: str) -> None:
    """Raise `BenchError` unless `mode` is a mode."""
    if mode not in get_args(Mode):
        raise BenchError(f"mode must be 'train' or 'infer', not {mode!r}")


def autocast(clip: Tensor, precision: Precision) -> AbstractContextManager[object]:
    """Within: operators compute in `precision` where autocast chooses it for them."""
    if precision not in HALF:
        return nullcontext()
    return torch.autocast(clip.device.type, HALF[precision])


class TrainingStep:
    """A training step; calling it runs it. `loss` is its first part.

    With fp16 the loss is scaled, as its range requires. `foreach` is SGD's option: None lets
    PyTorch choose.
    """

    def __init__(
        self,
        model: nn.Module,
        clip: Tensor,
        precision: Precision = "fp32",
        *,
        foreach: bool | None = None,
    ) -> None:
        self.parameters = [p for p in model.parameters() if p.requires_grad]
        if not self.parameters:
            raise BenchError("the network has no parameter to train: use mode 'infer'")
        self.labels = torch.zeros(len(clip), dtype=torch.long, device=clip.device)
        self.optimizer = torch.optim.SGD(self.parameters, LEARNING_RATE, MOMENTUM, foreach=foreach)
        self._model, self._clip, self._precision = model.train(), clip, precision
        self._scaler = torch.amp.GradScaler(clip.device.type, enabled=precision == "fp16")

    def loss(self) -> Tensor:
        """Run the forward pass and return the cross-entropy."""
        with autocast(self._clip, self._precision):
            return nn.functional.cross_entropy(self._model(self._clip), self.labels)

    def __call__(self) -> None:
        """Run the step. The gradients of the previous step are freed before the forward pass."""
        self.optimizer.zero_grad()
        self._scaler.scale(self.loss()).backward()
        self._scaler.step(self.optimizer)
        self._scaler.update()
