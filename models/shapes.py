"""Results of operators on meta tensors, computed once for each combination of shapes.

PyTorch computes the shapes of results in Python; for a batch norm that takes 2 ms. A network
repeats its blocks: from the second block on, shapes are looked up.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch._prims_common import suggest_memory_format
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

aten = torch.ops.aten
FILLING = {aten.normal_, aten.uniform_, aten.fill_, aten.zero_}  # they only change values
# operator -> position of the argument `training`, if it has one
BATCH_NORMS = {
    aten.native_batch_norm.default: 5,
    aten._native_batch_norm_legit.default: 5,
    aten._native_batch_norm_legit.no_stats: 3,
    aten._native_batch_norm_legit_no_training.default: None,
}
PLAIN = (bool, int, float, str, type(None), torch.dtype, torch.device, torch.memory_format)
MAX_KNOWN = 100_000  # combinations of shapes, of about a kilobyte each

Spec = tuple[torch.Size, tuple[int, ...], torch.dtype]  # size, strides and type of a result

_known: dict[Any, tuple[type, tuple[Spec | None, ...]]] = {}


class Shapes(TorchDispatchMode):
    """Context in which operators on meta tensors return the same results in less time.

    As on other devices, a batch norm returns no statistics in evaluation, and the gradients of a
    convolution have the memory format of its input or its weight. Operators that write into their
    arguments, return views, or have other arguments than meta tensors and plain values run
    unchanged.
    """

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if func.overloadpacket in FILLING and _is_plain_meta(args[0]):
            return args[0]
        if func is aten.native_batch_norm.out and _only_overwrites(args, kwargs):
            return tuple(kwargs.values())
        key = _key(func, args, kwargs) if _makes_results(func) else None
        if key is None:
            return func(*args, **kwargs)
        if key not in _known:
            out = _as_elsewhere(func, args, func(*args, **kwargs))
            _remember(key, out, (*args, *kwargs.values()))
            return out
        kind, specs = _known[key]
        results = [None if spec is None else _make(spec) for spec in specs]
        return results[0] if kind is Tensor else kind(results)


@cache
def _makes_results(func: Any) -> bool:
    """Whether an operator returns new tensors, by its declaration."""
    arguments, returned = func._schema.arguments, func._schema.returns
    are_tensors = {str(value.type) for value in returned} in ({"Tensor"}, {"List[Tensor]"})
    return are_tensors and all(value.alias_info is None for value in (*arguments, *returned))


def _key(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """All that the results depend on, None if that is more than shapes and plain values."""
    parts: list[Any] = [func, torch.get_default_dtype()]
    for value in (*args, *kwargs.items()):
        if not _describe(value, parts):
            return None
    return tuple(parts)


def _describe(value: Any, parts: list[Any]) -> bool:
    """Add an argument's shape or plain value to `parts`; False if results depend on more."""
    if isinstance(value, PLAIN):
        parts.append((type(value), value))  # 1, 1.0 and True are equal
        return True
    if isinstance(value, list | tuple):
        parts.append(len(value))
        return all(_describe(one, parts) for one in value)
    if _is_plain_meta(value):
        parts.append((value.shape, value.stride(), value.dtype))
        return True
    return False


def _as_elsewhere(func: Any, args: tuple[Any, ...], out: Any) -> Any:
    """The results `out` of the meta device, as other devices return them."""
    if func is aten.convolution_backward.default:
        return _in_format_of_convolution(out, *args[1:3])
    return _without_statistics(func, args, out) if func in BATCH_NORMS else out


def _in_format_of_convolution(
    gradients: tuple[Tensor | None, ...], x: Tensor, weight: Tensor
) -> tuple[Tensor | None, ...]:
    """The gradients, channels-last if `x` or `weight` is.

    PyTorch 2.11 looks at the gradient of the result instead. Autograd copies the gradient of a
    weight that is stored in another format than the weight.
    """
    formats = {suggest_memory_format(x), suggest_memory_format(weight)}
    (chosen,) = formats - {torch.contiguous_format} or formats
    of_x, of_weight, of_bias = gradients

    def store(gradient: Tensor | None) -> Tensor | None:
        return None if gradient is None else gradient.contiguous(memory_format=chosen)

    return store(of_x), store(of_weight), of_bias


def _without_statistics(func: Any, args: tuple[Any, ...], out: Any) -> Any:
    """The results of a batch norm without the statistics if it is in evaluation."""
    training = BATCH_NORMS[func]
    if training is not None and args[training]:
        return out
    return (out[0], *(statistic.new_empty(0) for statistic in out[1:]))


def _remember(key: Any, out: Any, args: Iterable[Any]) -> None:
    """Keep the specs of `out` under `key`, unless a result shares memory."""
    results = [out] if isinstance(out, Tensor) else list(out)
    tensors = [result for result in results if result is not None]
    storages = {t.untyped_storage()._cdata for t in tensors if _is_plain_meta(t)}
    inputs = {t.untyped_storage()._cdata for t in tree_leaves(tuple(args)) if isinstance(t, Tensor)}
    are_new = len(storages) == len(tensors) and not storages & inputs
    if not are_new or any(t.untyped_storage().nbytes() != _new_bytes(t) for t in tensors):
        return
    if len(_known) >= MAX_KNOWN:
        _known.clear()
    specs = tuple(None if r is None else (r.shape, r.stride(), r.dtype) for r in results)
    _known[key] = Tensor if isinstance(out, Tensor) else type(out), specs


def _new_bytes(tensor: Tensor) -> int:
    """The bytes of storage of a new tensor with the size and strides of `tensor`."""
    return _make((tensor.shape, tensor.stride(), tensor.dtype)).untyped_storage().nbytes()


def _make(spec: Spec) -> Tensor:
    size, stride, dtype = spec
    return torch.empty_strided(size, stride, dtype=dtype, device="meta")


def _only_overwrites(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether a batch norm in evaluation writes into a tensor of its input's size."""
    x, out, training = args[0], kwargs["out"], args[5]
    return not training and _is_plain_meta(x) and _is_plain_meta(out) and x.shape == out.shape


def _is_plain_meta(value: Any) -> bool:
    """Whether `value` is a strided meta tensor, not of a subclass or a kind with its own rules."""
    is_tensor = type(value) in (Tensor, torch.nn.Parameter) and value.is_meta
    return is_tensor and value.layout is torch.strided and not value.is_complex()
