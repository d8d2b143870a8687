"""Networks on PyTorch's meta device, where tensors have shapes but no contents."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor, nn


def build_on_meta(factory: "Callable[[], nn.Module]") -> "nn.Module":
    """The network that `factory` builds, on the meta device.

    One that cannot be built there, since it reads values, is built on the CPU and moved.
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
    """Put `like(tensor)` in the place of each parameter and buffer.

    A shared one stays shared, unlike with `model.to("meta")`.
    """
    from torch import Tensor, nn

    replaced: dict[Tensor, Tensor] = {}
    for module in model.modules():
        held: tuple[dict[str, Any], ...] = (module._parameters, module._buffers)
        for tensors in held:
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
    """Within: new tensors have contents, also inside of a meta device or a mode as of fake tensors.

    Such a mode, or one that counts, sees nothing of what happens within.
    """
    import torch
    from torch.utils._python_dispatch import _disable_current_modes

    with _disable_current_modes(), torch.device("cpu"):
        yield
