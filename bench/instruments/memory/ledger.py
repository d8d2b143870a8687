"""A ledger of storages: the bytes alive, by kind, from the birth to the death of each."""

import sys
import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count
from types import FrameType
from typing import Any, Literal, NamedTuple, get_args

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensor
from torch.utils._python_dispatch import TorchDispatchMode

from bench.instruments.memory.pools import round_up
from bench.instruments.memory.scratch import scratch_bytes

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

aten = torch.ops.aten
ADD = aten.add.Tensor
OUT_OF_PLACE = {  # autograd uses these where a mode watches, and elsewhere what is in place
    ADD,
    aten.scatter_add.default,
    aten.scatter.src,
    aten.scatter.value,
    aten.index_add.default,
    aten.index_put.default,
    aten.masked_scatter.default,
}
ENGINE = "_engine_run_backward"  # PyTorch's function that calls autograd's engine
WRAPPERS = ("_fn", "inner")  # PyTorch's functions around a mode
NO_NODE = -1


@dataclass(slots=True)
class _Entry:
    key: int
    kind: Kind
    size_bytes: int
    death: "weakref.ref[torch.UntypedStorage]"  # calls back when the storage dies
    node: int  # of autograd's graph, in whose backward pass it was born


class Ledger(TorchDispatchMode):
    """Follows every storage that an operator returns or is given, from birth to death.

    What an operator is given and none has returned was there from the start: a tensor that the
    network or the optimizer keeps. The size of a storage counts as the next multiple of
    `block_bytes`, and `has_scratch` says whether what a GPU's kernels take meanwhile counts.
    `observe` is called for each birth and death, in order.
    """

    def __init__(
        self,
        block_bytes: int = 1,
        observe: Observer | None = None,
        *,
        has_scratch: bool = False,
    ) -> None:
        super().__init__()
        self.born_as: Kind = "activations"
        self.counts_contents = True  # whether tensors with contents count
        self.peak_bytes = 0
        self.peak_by_kind: dict[str, int] = dict.fromkeys(get_args(Kind), 0)
        self._block_bytes = block_bytes
        self._observe = observe
        self._has_scratch = has_scratch
        self._alive_bytes = 0
        self._by_kind = self.peak_by_kind.copy()
        self._keys = count()
        # An argument and the result that may be in its place, which is not counted yet.
        self._in_place: tuple[_Entry, _Entry] | None = None
        # By the storage's address, both.
        self._entries: dict[int, _Entry] = {}
        self._expected: dict[int, Kind] = {}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        self._count_result()
        if func is not aten.lift_fresh.default:  # what it is given is born
            self.meet(_tensors((*args, *kwargs.values())))
        out = func(*args, **kwargs)
        if self._may_be_in_place(func, args):
            first = self._entries[args[0].untyped_storage()._cdata]
            self._in_place = first, self._record(out.untyped_storage(), self.born_as)
        else:
            self.enter(_tensors((out,)), self.born_as)
        if self._has_scratch and (size_bytes := scratch_bytes(func, args)):
            key = next(self._keys)
            self._change("temporaries", key, size_bytes, born=True)
            self._change("temporaries", key, size_bytes, born=False)
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
        self._count_result()
        self.enter([tensor], kind)
        entry = self._entries[tensor.untyped_storage()._cdata]
        rounded = self._rounded(entry.size_bytes)
        self._by_kind[entry.kind] -= rounded
        self._by_kind[kind] += rounded
        entry.kind = kind

    def _may_be_in_place(self, func: Any, args: tuple[Any, ...]) -> bool:
        """Whether autograd computes the result in its first argument, where no mode watches.

        It adds up gradients of two nodes in place, and writes into zeros of its own, if nobody else
        holds them. So the result has their block if they die before anything else happens.
        """
        if func not in OUT_OF_PLACE or not _is_called_by_engine():
            return False
        entry = self._entries.get(args[0].untyped_storage()._cdata)
        if entry is None or entry.kind != "temporaries" or entry.size_bytes != args[0].nbytes:
            return False
        if func is not ADD:
            return True
        of_two_nodes = entry.node not in (NO_NODE, _current_node())
        return of_two_nodes and isinstance(args[1], Tensor) and args[0].shape == args[1].shape

    def _count_result(self) -> None:
        """Count a result that was not in its argument's place."""
        if self._in_place is not None:
            _, entry = self._in_place
            self._in_place = None
            self._change(entry.kind, entry.key, entry.size_bytes, born=True)

    def _is_counted(self, tensor: Tensor) -> bool:
        return self.counts_contents or tensor.is_meta or isinstance(tensor, FakeTensor)

    def _record(self, storage: torch.UntypedStorage, kind: Kind) -> _Entry:
        address = storage._cdata
        death = weakref.ref(storage, partial(self._remove, address))
        node = _current_node() if kind == "temporaries" else NO_NODE
        entry = _Entry(next(self._keys), kind, storage.nbytes(), death, node)
        self._entries[address] = entry
        return entry

    def _remove(self, address: int, _: object) -> None:
        entry = self._entries.pop(address)
        if self._in_place is not None and entry is self._in_place[0]:
            self._in_place[1].key = entry.key
            self._in_place = None
            return
        self._count_result()
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
        return round_up(size_bytes, self._block_bytes)


def _is_called_by_engine() -> bool:
    """Whether autograd's engine called the mode, and not a function in Python."""
    frame: FrameType | None = sys._getframe(3)
    while frame is not None and frame.f_code.co_name in WRAPPERS:
        frame = frame.f_back
    return frame is not None and frame.f_code.co_name == ENGINE


def _current_node() -> int:
    """The number of the node of autograd's graph whose backward pass runs."""
    node = torch._C._current_autograd_node()
    return NO_NODE if node is None else node._sequence_nr()


def _tensors(values: Iterable[Any]) -> Iterator[Tensor]:
    """The tensors among `values`, and in their lists and tuples."""
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, list | tuple):
            yield from _tensors(value)
