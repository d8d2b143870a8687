"""One step of a network over a batch: the unit of latency and of peak memory.

A clip is N x C x T x H x W. `infer` is a forward pass in eval mode without gradients. `train` is
forward, cross-entropy, backward and an update of the weights, as `suites.step` describes it.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, get_args

import torch
from torch import Tensor, nn

from bench.errors import BenchError
from bench.workload.data_parallel import distribute
from suites.fields import Mode, Precision
from suites.step import DEFAULT_STEP, StepOptions

LEARNING_RATE = 0.01
MOMENTUM = 0.9
HALF = {"bf16": torch.bfloat16, "fp16": torch.float16}  # the types that autocast uses
UPDATES: dict[str, dict[str, Any]] = {
    "default": {},
    "foreach": {"foreach": True},
    "fused": {"fused": True},
    "single": {"foreach": False, "fused": False},
}

Step = Callable[[], object]


def make_step(
    model: nn.Module,
    clip: Tensor,
    mode: Mode,
    precision: Precision = "fp32",
    options: StepOptions = DEFAULT_STEP,
) -> Step:
    """A function that runs one step of `model` over `clip`, on the clip's device.

    `options` are those of a training step. Raises `BenchError` for an unknown mode, and for
    training a network without parameters.
    """
    check_mode(mode)
    if mode == "train":
        return TrainingStep(
            distribute(model, clip.device, options.parallel), clip, precision, options
        )
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


def make_optimizer(parameters: list[nn.Parameter], options: StepOptions) -> torch.optim.Optimizer:
    """The optimizer of a step."""
    update = UPDATES[options.update]
    if options.optimizer == "adam":
        return torch.optim.Adam(parameters, LEARNING_RATE, **update)
    if options.optimizer == "adamw":
        return torch.optim.AdamW(parameters, LEARNING_RATE, **update)
    momentum = MOMENTUM if options.optimizer == "sgd_momentum" else 0
    return torch.optim.SGD(parameters, LEARNING_RATE, momentum, **update)


class TrainingStep:
    """A training step; calling it runs it. `loss` is its first part.

    With fp16 the loss is scaled, as its range requires.
    """

    def __init__(
        self,
        model: nn.Module,
        clip: Tensor,
        precision: Precision = "fp32",
        options: StepOptions = DEFAULT_STEP,
    ) -> None:
        self.parameters = [p for p in model.parameters() if p.requires_grad]
        if not self.parameters:
            raise BenchError("the network has no parameter to train: use mode 'infer'")
        self.labels = torch.zeros(len(clip), dtype=torch.long, device=clip.device)
        self.options = options
        self.optimizer = make_optimizer(self.parameters, options)
        self._model, self._clip, self._precision = model.train(), clip, precision
        self._scaler = torch.amp.GradScaler(clip.device.type, enabled=precision == "fp16")

    def loss(self) -> Tensor:
        """Run the forward pass and return the cross-entropy."""
        with autocast(self._clip, self._precision):
            return nn.functional.cross_entropy(self._model(self._clip), self.labels)

    def __call__(self) -> None:
        """Run the step; the gradients of the previous step are freed or zeroed first."""
        self.optimizer.zero_grad(set_to_none=self.options.gradients == "freed")
        for _ in range(self.options.accumulation - 1):
            with self._without_exchange():
                self._scaler.scale(self.loss()).backward()
        self._scaler.scale(self.loss()).backward()
        self._scaler.step(self.optimizer)
        self._scaler.update()

    def _without_exchange(self) -> AbstractContextManager[object]:
        """Within: DistributedDataParallel keeps the gradients to itself."""
        model: Any = self._model
        is_parallel = isinstance(model, nn.parallel.DistributedDataParallel)
        return model.no_sync() if is_parallel else nullcontext()
