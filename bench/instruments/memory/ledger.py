"""A ledger of storages: the bytes alive, by kind, from the birth to the death of each."""

import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any, Literal, NamedTuple, get_args

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensor
from torch.utils._python_dispatch import TorchDispatchMode

Kind = Literal[
    "parameters",
    "buffers",
    "gradients",
    "buckets",
    "optimizer",
    "inputs",
    "activations",
    "temporaries",
]


class Event(NamedTuple):
    """The birth or the death of a block of `size_bytes`, which are not rounded.

    `key` numbers the blocks: no other block has it. `kind` is what it counts as. `is_early` is the
    birth of a block that was there from the start, but is used only now.
    """

    key: int
    size_bytes: int
    born: bool
    kind: Kind = "activations"
    is_early: bool = False


Observer = Callable[[Event], None]


@dataclass(slots=True)
class _Entry:
    key: int
    kind: Kind
    size_bytes: int
    death: "weakref.ref[torch.UntypedStorage]"  # calls back when the storage dies


class Ledger(TorchDispatchMode):
    """Follows every storage that an operator returns or is given, from birth to death.

    What an operator is given and none has returned was there from the start: a tensor that the
    network or the optimizer keeps. The size of a storage counts as the next multiple of
    `block_bytes`. `observe` is called for each birth and death, in order.
    """

    def __init__(self, block_bytes: int = 1, observe: Observer | None = None) -> None:
        super().__init__()
        self.born_as: Kind = "activations"
        self.counts_contents = True  # whether tensors with contents count
        self.peak_bytes = 0
        self.peak_by_kind: dict[str, int] = dict.fromkeys(get_args(Kind), 0)
        self._block_bytes = block_bytes
        self._observe = observe
        self._alive_bytes = 0
        self._by_kind = self.peak_by_kind.copy()
        self._keys = count()
        # By the storage's address, both.
        self._entries: dict[int, _Entry] = {}
        self._expected: dict[int, Kind] = {}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if func is not torch.ops.aten.lift_fresh.default:  # what it is given is born
            self.meet(_tensors((*args, *kwargs.values())))
        out = func(*args, **kwargs)
        self.enter(_tensors((out,)), self.born_as)
        return out

    def expect(self, tensors: Iterable[Tensor], kind: Kind) -> None:
        """Count `tensors` as `kind`, from the start, if an operator uses them."""
        for tensor in tensors:
            self._expected[tensor.untyped_storage()._cdata] = kind

    def meet(self, tensors: Iterable[Tensor]) -> None:
        """Count the storages of `tensors` that are not counted yet, from the start."""
        for tensor in tensors:
            storage = tensor.untyped_storage()
            address = storage._cdata
            if address not in self._entries and self._is_counted(tensor):
                kind = self._expected.get(address, "buffers")
                entry = self._record(storage, kind)
                rounded = self._rounded(entry.size_bytes)
                # More was alive at any time before: at the peak as well.
                self.peak_bytes += rounded
                self.peak_by_kind[kind] += rounded
                self._change(kind, entry.key, entry.size_bytes, born=True, is_early=True)

    def enter(self, tensors: Iterable[Tensor], kind: Kind) -> None:
        """Count the storages of `tensors` that are not counted yet, from now on, as `kind`."""
        for tensor in tensors:
            storage = tensor.untyped_storage()
            address = storage._cdata
            entry = self._entries.get(address)
            if entry is not None:
                if entry.size_bytes != storage.nbytes():
                    self._resize(entry, storage.nbytes())
            elif self._is_counted(tensor):
                entry = self._record(storage, kind)
                self._change(kind, entry.key, entry.size_bytes, born=True)

    def enter_as(self, tensor: Tensor, kind: Kind) -> None:
        """Count the storage of `tensor` as `kind` from now on, whatever it was before."""
        self.enter([tensor], kind)
        entry = self._entries[tensor.untyped_storage()._cdata]
        rounded = self._rounded(entry.size_bytes)
        self._by_kind[entry.kind] -= rounded
        self._by_kind[kind] += rounded
        entry.kind = kind

    def _is_counted(self, tensor: Tensor) -> bool:
        return self.counts_contents or tensor.is_meta or isinstance(tensor, FakeTensor)

    def _record(self, storage: torch.UntypedStorage, kind: Kind) -> _Entry:
        address = storage._cdata
        death = weakref.ref(storage, partial(self._remove, address))
        entry = _Entry(next(self._keys), kind, storage.nbytes(), death)
        self._entries[address] = entry
        return entry

    def _remove(self, address: int, _: object) -> None:
        entry = self._entries.pop(address)
        self._change(entry.kind, entry.key, entry.size_bytes, born=False)

    def _resize(self, entry: _Entry, size_bytes: int) -> None:
        """Count the new block of a storage; the old one is freed after its content is copied."""
        old_key, old_bytes = entry.key, entry.size_bytes
        entry.key, entry.size_bytes = next(self._keys), size_bytes
        self._change(entry.kind, entry.key, size_bytes, born=True)
        self._change(entry.kind, old_key, old_bytes, born=False)

    def _change(
        self, kind: Kind, key: int, size_bytes: int, *, born: bool, is_early: bool = False
    ) -> None:
        change = self._rounded(size_bytes) if born else -self._rounded(size_bytes)
        self._alive_bytes += change
        self._by_kind[kind] += change
        if self._alive_bytes > self.peak_bytes:
            self.peak_bytes = self._alive_bytes
            self.peak_by_kind = self._by_kind.copy()
        if self._observe is not None:
            self._observe(Event(key, size_bytes, born, kind, is_early))

    def _rounded(self, size_bytes: int) -> int:
        return -(-size_bytes // self._block_bytes) * self._block_bytes


def _tensors(values: Iterable[Any]) -> Iterator[Tensor]:
    """The tensors among `values`, and in their lists and tuples."""
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, list | tuple):
            yield from _tensors(value)
