"""A ledger of storages: the bytes alive, by kind, from the birth to the death of each."""

import weakref
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Literal, NamedTuple, get_args

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

Kind = Literal[
    "parameters", "buffers", "gradients", "optimizer", "inputs", "activations", "temporaries"
]


class Event(NamedTuple):
    """The birth or the death of a storage of `size_bytes`, which are not rounded.

    `key` is the storage's address: no two storages that are alive have the same.
    """

    key: int
    size_bytes: int
    born: bool


Observer = Callable[[Event], None]


class Ledger(TorchDispatchMode):
    """Follows the storage of every tensor that an operator returns, from birth to death.

    The size of a storage counts as the next multiple of `block_bytes`. `observe` is called for each
    birth and death, in order.
    """

    def __init__(self, block_bytes: int = 1, observe: Observer | None = None) -> None:
        super().__init__()
        self.born_as: Kind = "activations"
        self.peak_bytes = 0
        self.peak_by_kind: dict[str, int] = {}
        self._block_bytes = block_bytes
        self._observe = observe
        self._alive_bytes = 0
        self._by_kind: dict[str, int] = dict.fromkeys(get_args(Kind), 0)
        # By the storage's address; the reference calls back when it dies.
        self._entries: dict[int, tuple[Kind, int, weakref.ref[torch.UntypedStorage]]] = {}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        self.enter((t for t in tree_leaves(out) if isinstance(t, Tensor)), self.born_as)
        return out

    def enter(self, tensors: Iterable[Tensor], kind: Kind) -> None:
        """Count the storages of `tensors` that are not counted yet, as `kind`."""
        for tensor in tensors:
            storage = tensor.untyped_storage()
            key = storage._cdata
            if key not in self._entries:
                size = storage.nbytes()
                self._entries[key] = kind, size, weakref.ref(storage, partial(self._die, key))
                self._change(key, kind, size, born=True)

    def enter_gradient(self, parameter: Tensor) -> None:
        """Count a parameter's gradient as such from now on."""
        assert parameter.grad is not None
        key = parameter.grad.untyped_storage()._cdata
        kind, size, death = self._entries[key]
        self._entries[key] = "gradients", size, death
        self._by_kind[kind] -= self._rounded(size)
        self._by_kind["gradients"] += self._rounded(size)

    def _die(self, key: int, _: object = None) -> None:
        kind, size, _ = self._entries.pop(key)
        self._change(key, kind, size, born=False)

    def _change(self, key: int, kind: Kind, size: int, *, born: bool) -> None:
        change = self._rounded(size) if born else -self._rounded(size)
        self._alive_bytes += change
        self._by_kind[kind] += change
        if self._alive_bytes > self.peak_bytes:
            self.peak_bytes = self._alive_bytes
            self.peak_by_kind = self._by_kind.copy()
        if self._observe is not None:
            self._observe(Event(key, size, born))

    def _rounded(self, size: int) -> int:
        return -(-size // self._block_bytes) * self._block_bytes
