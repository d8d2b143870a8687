"""MACs, parameters and activation bytes of one forward pass, by module; nothing is computed.

A clip is N x C x T x H x W. Each operator counts for the innermost module that runs it: the MACs of
a convolution for the convolution, the bytes of a residual addition for the block that adds. The
rows add up to the MACs of one clip and to the parameters of the network.
"""

from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from bench.instruments.macs import FLOPS_PER_MAC, flop_counter
from bench.workload.meta_forward import dry_run

ROOT = "(network)"  # the name of the model itself, whose path is empty
# They have no forward pass: the module that contains them uses their contents.
HOLDERS = (nn.ParameterList, nn.ParameterDict, nn.ModuleList, nn.ModuleDict)


@dataclass(frozen=True)
class Layer:
    """One module without the modules inside it, over all of its calls.

    `params` are elements, `macs` are of one clip. `activation_bytes` is everything that it
    allocates for the batch, whether freed later or not; views and in-place operators add nothing.
    `output_shape` is the shape of the first tensor that it returned, or ().
    """

    name: str
    kind: str
    params: int
    macs: int
    activation_bytes: int
    output_shape: tuple[int, ...]


def count(model: nn.Module, clip_shape: tuple[int, ...]) -> tuple[Layer, ...]:
    """Count the forward pass of `model` in eval mode over a clip of (N, C, T, H, W), by module.

    Returns a `Layer` for every module with parameters, MACs or activation bytes of its own, in the
    order of first execution; modules that never ran come last. A shared parameter counts for its
    first owner, a parameter in a list or dict for the module that contains the list or dict. Clips
    are float32. `model` may be on any device, `meta` included, and is left as it was. MACs are
    counted as by `bench.instruments.macs`. Raises `BenchError` for another shape.
    """
    modules = dict(model.named_modules())
    params = _params_by_owner(model, modules)
    flops = flop_counter()
    meter = _Meter(flops)
    with ExitStack() as hooks:
        meter.follow(modules, hooks)
        # The meter is the inner one: it sees the total before and after `flops` counts an operator.
        dry_run(model, clip_shape, flops, meter)
    layers = (
        Layer(
            name=name or ROOT,
            kind=type(modules[name]).__name__,
            params=params[name],
            macs=meter.macs[name] // clip_shape[0],
            activation_bytes=meter.activation_bytes[name],
            output_shape=meter.output_shapes.get(name, ()),
        )
        for name in dict.fromkeys([*meter.output_shapes, *params])
    )
    return tuple(row for row in layers if row.params or row.macs or row.activation_bytes)


def _params_by_owner(model: nn.Module, modules: dict[str, nn.Module]) -> Counter[str]:
    params: Counter[str] = Counter()
    for path, parameter in model.named_parameters():
        owner = path.rpartition(".")[0]
        while owner and isinstance(modules[owner], HOLDERS):
            owner = owner.rpartition(".")[0]
        params[owner] += parameter.numel()
    return params


class _Meter(TorchDispatchMode):
    """Adds up MACs and bytes by the path of the innermost module that runs an operator."""

    def __init__(self, flops: FlopCounterMode) -> None:
        super().__init__()
        self.macs: Counter[str] = Counter()
        self.activation_bytes: Counter[str] = Counter()
        self.output_shapes: dict[str, tuple[int, ...]] = {}  # in the order of first execution
        self._flops = flops
        self._running: list[str] = []

    def follow(self, modules: dict[str, nn.Module], hooks: ExitStack) -> None:
        """Keep track of which module is running, until `hooks` closes."""
        for path, module in modules.items():
            # prepended, so that the work of a module's own hooks, as of weight_norm, counts for it
            enter = module.register_forward_pre_hook(partial(self._enter, path), prepend=True)
            hooks.enter_context(enter)
            leave = partial(self._leave, path)
            hooks.enter_context(module.register_forward_hook(leave, always_call=True))

    def _enter(self, path: str, module: nn.Module, args: Any) -> None:
        self._running.append(path)
        self.output_shapes.setdefault(path, ())

    def _leave(self, path: str, module: nn.Module, args: Any, out: Any) -> None:
        self._running.pop()
        shapes = (tuple(leaf.shape) for leaf in tree_leaves(out) if isinstance(leaf, Tensor))
        self.output_shapes[path] = self.output_shapes[path] or next(shapes, ())

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        before = self._flops.get_total_flops()
        out = func(*args, **(kwargs or {}))
        path = self._running[-1]
        self.macs[path] += (self._flops.get_total_flops() - before) // FLOPS_PER_MAC
        given, returned = _storage_bytes((args, kwargs)), _storage_bytes(out)
        self.activation_bytes[path] += sum(returned[new] for new in returned.keys() - given.keys())
        return out


def _storage_bytes(values: Any) -> dict[int, int]:
    """The size of every storage of the tensors in `values`, by the storage's address."""
    storages = (leaf.untyped_storage() for leaf in tree_leaves(values) if isinstance(leaf, Tensor))
    return {storage._cdata: storage.nbytes() for storage in storages}
