"""A forward pass of a network on meta tensors: operators run, nothing is computed.

A clip is N x C x T x H x W.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

import torch
from torch import nn
from torch.func import functional_call

from bench.workload.clips import blank_clip, check_clip_shape
from bench.workload.networks import NEEDS_VALUES
from bench.workload.torch_settings import fix_seed
from models.shapes import Shapes
from models.wrappers import evaluating


def dry_run(
    model: nn.Module, clip_shape: tuple[int, ...], *modes: AbstractContextManager[object]
) -> None:
    """Run `model` in eval mode over a clip of (N, C, T, H, W), inside of `modes`, which watch it.

    `model` may be on any device and is left as it was. One that needs values is on the CPU, and
    computes on random ones. Raises `BenchError` for another shape.
    """
    check_clip_shape(clip_shape)
    if getattr(model, NEEDS_VALUES, False):
        _run_with_values(model, clip_shape, *modes)
        return
    with torch.device("meta"):
        clip = blank_clip(model, clip_shape)
    with ExitStack() as contexts:
        contexts.enter_context(_frozen(model))
        tensors = (*model.named_parameters(), *model.named_buffers())
        state = {name: tensor.to("meta") for name, tensor in tensors}
        contexts.enter_context(evaluating(model))
        contexts.enter_context(torch.device("meta"))
        contexts.enter_context(torch.no_grad())
        contexts.enter_context(Shapes())
        for mode in modes:
            contexts.enter_context(mode)
        if all(tensor.is_meta for _, tensor in tensors):
            model(clip)  # which may be scripted
        else:
            functional_call(model, state, (clip,))


def _run_with_values(
    model: nn.Module, clip_shape: tuple[int, ...], *modes: AbstractContextManager[object]
) -> None:
    with fix_seed(), torch.device("cpu"):
        clip = blank_clip(model, clip_shape).normal_()
    with ExitStack() as contexts:
        contexts.enter_context(_frozen(model))
        contexts.enter_context(evaluating(model))
        contexts.enter_context(torch.no_grad())
        for mode in modes:
            contexts.enter_context(mode)
        model(clip)


@contextmanager
def _frozen(model: nn.Module) -> Iterator[None]:
    """Within: no parameter of `model` needs a gradient.

    Without gradients, a view of one that does has none, which PyTorch's counter takes for an error
    where a module is given such a view.
    """
    learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
    try:
        for parameter in learned:
            parameter.requires_grad_(False)
        yield
    finally:
        for parameter in learned:
            parameter.requires_grad_(True)
