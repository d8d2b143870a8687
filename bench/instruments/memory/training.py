"""A training step on tensors without contents, in its steady state, for a ledger to follow.

The optimizer's state exists from the start, and so do zeroed gradients. They count where an
operator uses them: a parameter that gets no gradient has neither.
"""

from contextlib import nullcontext

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import unset_fake_temporarily

from bench.instruments.memory.buckets import GradientBuckets
from bench.instruments.memory.ledger import Ledger
from bench.workload.steps import TrainingStep
from models.meta import real_tensors
from suites.fields import Precision
from suites.step import StepOptions

STATE = {  # an optimizer's tensors of the size of a parameter
    "sgd": (),
    "sgd_momentum": ("momentum_buffer",),
    "adam": ("exp_avg", "exp_avg_sq"),
    "adamw": ("exp_avg", "exp_avg_sq"),
}


def train(
    model: nn.Module, clip: Tensor, precision: Precision, options: StepOptions, ledger: Ledger
) -> None:
    """Run a training step of `model` over `clip`, N x C x T x H x W, under `ledger`.

    A GPU updates all parameters at once unless `options` say otherwise. A fused update makes no
    tensors and is not run. Of accumulated batches the first and the last are run: those between
    need the same as the last.
    """
    is_fused = options.update == "fused"
    as_run = {"update": "foreach"} if options.update in ("default", "fused") else {}
    step = TrainingStep(model, clip, precision, options.model_copy(update=as_run))
    gradients = _Gradients(step, ledger)
    state = _make_state(step, ledger, on_device=is_fused)
    ledger.enter([step.labels], "inputs")
    with ledger:
        for exchanges in [False, True] if options.accumulation > 1 else [True]:
            gradients.are_exchanged = exchanges
            ledger.born_as = "activations"
            loss = step.loss()
            ledger.born_as = "temporaries"
            loss.backward()
            del loss
        gradients.drop_unused()
        if is_fused:
            ledger.meet(t for p in gradients.received for t in state[p])
        else:
            ledger.counts_contents = False
            with unset_fake_temporarily():  # Adam reads its counts, which have contents
                step.optimizer.step()


def _make_state(
    step: TrainingStep, ledger: Ledger, *, on_device: bool
) -> dict[nn.Parameter, list[Tensor]]:
    """Give the optimizer its state of each parameter; Adam counts its updates on the CPU or not."""
    made: dict[nn.Parameter, list[Tensor]] = {}
    for parameter in step.parameters:
        state = step.optimizer.state[parameter]
        for name in STATE[step.options.optimizer]:
            state[name] = torch.empty_like(parameter)
        if "exp_avg" in state:
            with nullcontext() if on_device else real_tensors():
                state["step"] = torch.ones((), dtype=torch.float32)
        made[parameter] = list(state.values())
        ledger.expect(made[parameter], "optimizer")
    return made


class _Gradients:
    """The gradients of a step, from before it to its end."""

    def __init__(self, step: TrainingStep, ledger: Ledger) -> None:
        self.received: set[nn.Parameter] = set()
        self.are_exchanged = True
        self._step, self._ledger = step, ledger
        is_parallel = step.options.parallel != "none"
        self._buckets = GradientBuckets(step.parameters if is_parallel else ())
        ledger.enter(self._buckets.tensors, "buckets")
        self._views = self._buckets.views if step.options.parallel == "ddp_views" else {}
        for parameter in step.parameters:
            if step.options.gradients == "zeroed":
                parameter.grad = self._views.get(parameter, torch.empty_like(parameter))
                ledger.expect([parameter.grad], "gradients")
            parameter.register_post_accumulate_grad_hook(self._receive)

    def _receive(self, parameter: nn.Parameter) -> None:
        """Count a gradient that has arrived, or let it move into its bucket."""
        assert parameter.grad is not None
        self.received.add(parameter)
        if self._views and self.are_exchanged:
            parameter.grad = self._views[parameter]
        else:
            self._ledger.enter_as(parameter.grad, "gradients")

    def drop_unused(self) -> None:
        """Remove zeroed gradients of parameters that the loss does not depend on."""
        for parameter in self._step.parameters:
            if parameter not in self.received:
                parameter.grad = None
