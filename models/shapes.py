"""What operators return on meta tensors, worked out once for each combination of shapes.

PyTorch finds the shape of a result by functions in Python; that of a batch norm takes 2 ms. A
network repeats its blocks: from the second one on, shapes are looked up.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

aten = torch.ops.aten
FILLING = {aten.normal_, aten.uniform_, aten.fill_, aten.zero_}  # they change values alone
# By the position of the argument that says whether it trains, where there is one.
BATCH_NORMS = {
    aten.native_batch_norm.default: 5,
    aten._native_batch_norm_legit.default: 5,
    aten._native_batch_norm_legit.no_stats: 3,
    aten._native_batch_norm_legit_no_training.default: None,
}
PLAIN = (bool, int, float, str, type(None), torch.dtype, torch.device, torch.memory_format)
MOST_KNOWN = 100_000  # combinations of shapes, of about a kilobyte each

Layout = tuple[torch.Size, tuple[int, ...], torch.dtype]  # size, strides and type of a result

_known: dict[Any, tuple[type, tuple[Layout | None, ...]]] = {}


class Shapes(TorchDispatchMode):
    """Within: operators on meta tensors return what they would return anyway, sooner.

    In evaluation a batch norm returns no statistics, as on other devices. What writes into its
    arguments, returns views, or takes other values than meta tensors and plain ones runs as ever.
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
            out = _without_statistics(func, args, func(*args, **kwargs))
            _remember(key, out, (*args, *kwargs.values()))
            return out
        kind, layouts = _known[key]
        made = [None if layout is None else _make(layout) for layout in layouts]
        return made[0] if kind is Tensor else kind(made)


@cache
def _makes_results(func: Any) -> bool:
    """Whether an operator's results are tensors of their own, by its declaration."""
    given, returned = func._schema.arguments, func._schema.returns
    are_tensors = {str(value.type) for value in returned} in ({"Tensor"}, {"List[Tensor]"})
    return are_tensors and all(value.alias_info is None for value in (*given, *returned))


def _key(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What the results' shapes depend on, None where there is more to it than shapes."""
    parts: list[Any] = [func, torch.get_default_dtype()]
    for value in (*args, *kwargs.items()):
        if not _describe(value, parts):
            return None
    return tuple(parts)


def _describe(value: Any, parts: list[Any]) -> bool:
    """Add to `parts` what matters of an argument; False where that is not all that matters."""
    if isinstance(value, PLAIN):
        parts.append((type(value), value))  # for 1, 1.0 and True are equal
        return True
    if isinstance(value, list | tuple):
        parts.append(len(value))
        return all(_describe(one, parts) for one in value)
    if _is_plain_meta(value):
        parts.append((value.shape, value.stride(), value.dtype))
        return True
    return False


def _without_statistics(func: Any, args: tuple[Any, ...], out: Any) -> Any:
    """What a batch norm returns; in evaluation, only on the meta device it has statistics too."""
    if func not in BATCH_NORMS:
        return out
    training = BATCH_NORMS[func]
    if training is not None and args[training]:
        return out
    return (out[0], *(statistic.new_empty(0) for statistic in out[1:]))


def _remember(key: Any, out: Any, args: Iterable[Any]) -> None:
    """Keep the layouts of `out` under `key`, unless a result is not a tensor of its own."""
    results = [out] if isinstance(out, Tensor) else list(out)
    tensors = [result for result in results if result is not None]
    storages = {t.untyped_storage()._cdata for t in tensors if _is_plain_meta(t)}
    given = {t.untyped_storage()._cdata for t in tree_leaves(tuple(args)) if isinstance(t, Tensor)}
    are_own = len(storages) == len(tensors) and not storages & given
    if not are_own or any(t.untyped_storage().nbytes() != _made_bytes(t) for t in tensors):
        return
    if len(_known) >= MOST_KNOWN:
        _known.clear()
    layouts = tuple(None if r is None else (r.shape, r.stride(), r.dtype) for r in results)
    _known[key] = Tensor if isinstance(out, Tensor) else type(out), layouts


def _made_bytes(tensor: Tensor) -> int:
    """What the storage of a tensor takes that is made anew with its size and strides."""
    return _make((tensor.shape, tensor.stride(), tensor.dtype)).untyped_storage().nbytes()


def _make(layout: Layout) -> Tensor:
    size, stride, dtype = layout
    return torch.empty_strided(size, stride, dtype=dtype, device="meta")


def _only_overwrites(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether a batch norm in evaluation writes into a tensor of its input's size."""
    x, out, training = args[0], kwargs["out"], args[5]
    return not training and _is_plain_meta(x) and _is_plain_meta(out) and x.shape == out.shape


def _is_plain_meta(value: Any) -> bool:
    """Whether it is a tensor without contents, and of no kind with rules of its own."""
    is_tensor = type(value) in (Tensor, torch.nn.Parameter) and value.is_meta
    return is_tensor and value.layout is torch.strided and not value.is_complex()
