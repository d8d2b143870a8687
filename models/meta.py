"""Build networks on PyTorch's meta device, where tensors have shapes but no values."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor, nn


def build_on_meta(factory: "Callable[[], nn.Module]") -> "nn.Module":
    """The network that `factory` builds, on the meta device.

    A `factory` that fails there, because it reads values, is called on the CPU.
    """
    import torch

    from models.shapes import Shapes

    try:
        with torch.device("meta"), Shapes():
            return factory()
    except Exception:
        with torch.device("cpu"):
            model = factory()
    replace_tensors(model, lambda tensor: tensor.detach().to("meta"))
    return model


def replace_tensors(model: "nn.Module", like: "Callable[[Tensor], Tensor]") -> None:
    """Replace each parameter and buffer by `like(tensor)`, in place.

    Shared tensors stay shared, unlike with `model.to("meta")`.
    """
    from torch import Tensor, nn

    replaced: dict[Tensor, Tensor] = {}
    for module in model.modules():
        kinds: tuple[dict[str, Any], ...] = (module._parameters, module._buffers)
        for tensors in kinds:
            for name, tensor in tensors.items():
                if tensor is None:
                    continue
                if tensor not in replaced:
                    new = like(tensor)
                    is_parameter = isinstance(tensor, nn.Parameter)
                    replaced[tensor] = (
                        nn.Parameter(new, tensor.requires_grad) if is_parameter else new
                    )
                tensors[name] = replaced[tensor]


@contextmanager
def real_tensors() -> Iterator[None]:
    """Context in which new tensors have values, even inside a meta device or a fake-tensor mode.

    Modes that are active outside, such as counters, do not see the operators that run inside.
    """
    import torch
    from torch.utils._python_dispatch import _disable_current_modes

    with _disable_current_modes(), torch.device("cpu"):
        yield
