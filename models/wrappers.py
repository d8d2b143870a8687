"""Networks inside of wrappers, and networks whose modules learn their sizes from an input."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from models.errors import NetworkError

PARALLEL = (nn.DataParallel, nn.parallel.DistributedDataParallel)


def look_through(model: nn.Module) -> nn.Module:
    """The network inside of DataParallel, DistributedDataParallel and `torch.compile`.

    Wrappers inside of it are passed by, and keep their names: whether a network is compiled or
    distributed is a field of a point.
    """
    while (inner := _wrapped(model)) is not None:
        model = inner
    for module in model.modules():
        inner = _wrapped(module)
        if inner is not None:
            vars(module)["forward"] = inner
        if vars(module).get("_compiled_call_impl") is not None:  # of `module.compile()`
            vars(module)["_compiled_call_impl"] = None
    return model


def _wrapped(model: nn.Module) -> nn.Module | None:
    """The network in a wrapper, None for a network itself."""
    if isinstance(model, PARALLEL):
        return model.module
    if isinstance(model, torch.jit.ScriptModule):
        return None
    return model._modules.get("_orig_mod")  # of `torch.compile`


def initialise_lazy(model: nn.Module, clip_shape: tuple[int, ...]) -> None:
    """Run `model` once over a clip of (1, C, T, H, W) if it has lazy modules.

    Raises `NetworkError` for a lazy module that this pass does not reach.
    """
    if not any(_lazy_names(model)):
        return
    with torch.no_grad(), evaluating(model):
        model(torch.zeros(1, *clip_shape[1:]))
    for name in _lazy_names(model):
        raise NetworkError(f"a forward pass leaves {name!r} lazy: give the module its size")


def _lazy_names(model: nn.Module) -> Iterator[str]:
    tensors = chain(model.named_parameters(), model.named_buffers())
    return (name for name, tensor in tensors if is_lazy(tensor))


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
