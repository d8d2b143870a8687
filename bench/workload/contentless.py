"""Networks on tensors without contents: shapes and storages are right, nothing is computed."""

from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode, unset_fake_temporarily
from torch.overrides import TorchFunctionMode

from bench.workload.steps import HALF
from models.meta import build_on_meta, replace_tensors
from models.shapes import Shapes
from suites.fields import Precision

# PyTorch chooses their kernels, and with them what they store, by the device.
BY_DEVICE = {
    nn.functional.scaled_dot_product_attention,
    nn.functional.multi_head_attention_forward,
    torch._native_multi_head_attention,
    torch._transformer_encoder_layer_fwd,
    torch.lstm,
    torch.gru,
    torch.rnn_tanh,
    torch.rnn_relu,
}

T = TypeVar("T")


def run_contentless(
    model_factory: Callable[[], nn.Module], precision: Precision, run: Callable[[nn.Module], T]
) -> T:
    """What `run` returns of the network that `model_factory` builds; both are without contents.

    All tensors are on the meta device. Where that is not enough they are fake tensors of a CPU,
    which is slower: autocast does not know the meta device, kernels of attention are chosen by the
    device, and a network may ask for one or keep a constant of its own on the CPU.
    """
    if precision not in HALF:
        try:
            with torch.device("meta"), _WithoutDevice(), Shapes():
                return run(build_on_meta(model_factory))
        except Exception:  # what fails on fake tensors too, says so below
            pass
    with FakeTensorMode(allow_non_fake_inputs=True):
        return run(build_fake(model_factory))


class _WithoutDevice(TorchFunctionMode):
    """Within: functions that are computed in another way on each device raise `RuntimeError`."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if func in BY_DEVICE:
            raise RuntimeError(f"{func.__name__} depends on the device")
        return func(*args, **(kwargs or {}))


def build_fake(model_factory: Callable[[], nn.Module]) -> nn.Module:
    """The network with fake tensors for weights; call it inside of a FakeTensorMode."""
    try:
        return model_factory()
    except Exception:  # fake tensors have no values to read, and cannot change their type in place
        with unset_fake_temporarily():
            model = build_on_meta(model_factory)
    replace_tensors(model, _fake_like)
    return model


def _fake_like(tensor: Tensor) -> Tensor:
    return torch.empty_strided(tensor.size(), tensor.stride(), dtype=tensor.dtype)
