"""A forward pass of a network on meta tensors: operators run, nothing is computed.

A clip is N x C x T x H x W.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

import torch
from torch import nn
from torch.func import functional_call

from bench.workload.clips import blank_clip, check_clip_shape
from models.shapes import Shapes


def dry_run(
    model: nn.Module, clip_shape: tuple[int, ...], *modes: AbstractContextManager[object]
) -> None:
    """Run `model` in eval mode over a clip of (N, C, T, H, W), inside of `modes`, which watch it.

    `model` may be on any device and is left as it was. Raises `BenchError` for another shape.
    """
    check_clip_shape(clip_shape)
    with torch.device("meta"):
        clip = blank_clip(model, clip_shape)
    tensors = (*model.named_parameters(), *model.named_buffers())
    state = {name: tensor.to("meta") for name, tensor in tensors}
    with ExitStack() as contexts:
        contexts.enter_context(evaluating(model))
        contexts.enter_context(torch.device("meta"))
        contexts.enter_context(torch.no_grad())
        contexts.enter_context(Shapes())
        for mode in modes:
            contexts.enter_context(mode)
        functional_call(model, state, (clip,))


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Within: `model` is in eval mode. After: every module is in its own mode again."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training
