"""Networks on tensors without contents: they have shapes and storages, and nothing is computed."""

import logging
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager, nullcontext
from typing import Any, Literal, TypeVar

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode, unset_fake_temporarily
from torch.overrides import TorchFunctionMode

from bench.workload.gpu_autocast import autocast_as_on_gpu
from bench.workload.gpu_kernels import kernels_as_on_gpu
from bench.workload.saved_states import SavedStates
from bench.workload.steps import HALF
from models.meta import build_on_meta, replace_tensors
from models.shapes import Shapes
from suites.fields import Precision

Device = Literal["gpu", "cpu"]

# PyTorch chooses the kernels of these functions by device, and with them what is stored.
DEPENDING_ON_DEVICE = {
    torch._native_multi_head_attention,
    torch._transformer_encoder_layer_fwd,
    torch.lstm,
    torch.gru,
    torch.rnn_tanh,
    torch.rnn_relu,
}
ATTENTION = {  # whose kernels of a GPU are known: see bench.workload.gpu_kernels
    nn.functional.scaled_dot_product_attention,
    nn.functional.multi_head_attention_forward,
}

T = TypeVar("T")


def run_contentless(
    model_factory: Callable[[], nn.Module],
    precision: Precision,
    run: Callable[[nn.Module], T],
    device: Device = "gpu",
) -> T:
    """What `run` returns for the network that `model_factory` builds, without contents.

    Attention and dropout store what they store on `device`, and autocast chooses types as on a GPU.
    All tensors are on the meta device. Where that fails they are fake tensors of a CPU, which are
    slower: autocast does not support the meta device, some functions depend on the device, and a
    network may ask for a device or keep a constant on the CPU.
    """
    is_gpu = device == "gpu"
    with kernels_as_on_gpu() if is_gpu else nullcontext():
        if precision not in HALF:
            dependent = DEPENDING_ON_DEVICE if is_gpu else DEPENDING_ON_DEVICE | ATTENTION
            try:
                with torch.device("meta"), _Without(dependent), Shapes():
                    return run(build_on_meta(model_factory))
            except Exception:  # an error that fake tensors raise too is raised below
                pass
        with (
            _without_log(),
            FakeTensorMode(allow_non_fake_inputs=True),
            SavedStates(),
            autocast_as_on_gpu(),
        ):
            return run(build_fake(model_factory))


@contextmanager
def _without_log() -> Iterator[None]:
    """Within: PyTorch raises the errors of fake tensors, and does not print them as well."""
    log = logging.getLogger(FakeTensorMode.__module__)
    was_disabled, log.disabled = log.disabled, True
    try:
        yield
    finally:
        log.disabled = was_disabled


class _Without(TorchFunctionMode):
    """Within: `functions`, whose computation depends on the device, raise `RuntimeError`."""

    def __init__(self, functions: Set[Any]) -> None:
        super().__init__()
        self._functions = functions

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if func in self._functions:
            raise RuntimeError(f"{func.__name__} depends on the device")
        return func(*args, **(kwargs or {}))


def build_fake(model_factory: Callable[[], nn.Module]) -> nn.Module:
    """The network with fake tensors as weights. Call it inside of a FakeTensorMode."""
    try:
        return model_factory()
    except Exception:  # the network may read values, or change a type in place
        with unset_fake_temporarily():
            model = build_on_meta(model_factory)
    replace_tensors(model, _fake_like)
    return model


def _fake_like(tensor: Tensor) -> Tensor:
    return torch.empty_strided(tensor.size(), tensor.stride(), dtype=tensor.dtype)
