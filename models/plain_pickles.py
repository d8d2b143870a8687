"""Read arrays out of plain pickles, such as Caffe2's files, without running what they ask for.

Python's own reader calls any function that a pickle names. Here, the operations of a pickle are
followed on plain values alone. An array is made from the shape, the type and the bytes that are in
the file.
"""

import pickletools
import re
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import IO, TYPE_CHECKING, Any

from models.pickles import under

if TYPE_CHECKING:
    from torch import Tensor

FIRST = (b"\x80", b"}q", b"(dp")  # bytes of a pickle, those of a dictionary in protocols 1 and 0
TORCH = (0x1950A86A20F9469CFC6C).to_bytes(10, "little")  # is in the first pickle of torch.save
HEAD = 32  # bytes of a file that show its kind
# A file has some thirty operations for each array, and a network some hundreds of arrays.
MAX_OPERATIONS = 10**6
MAX_AXES = 32  # of an array
NUMBERS = re.compile(r"[<>=|][biuf][1248]")  # numpy's types, with the order of their bytes


class PlainPickleError(Exception):
    """A pickle that is not read: what it holds, in words."""


def is_plain(file: IO[bytes]) -> bool:
    """Whether `file` is a pickle that `torch.save` did not write."""
    file.seek(0)
    head = file.read(HEAD)
    return head.startswith(FIRST) and TORCH not in head


def read_plain(file: IO[bytes], max_bytes: int) -> Any:
    """The content of a plain pickle, with tensors for its arrays.

    Raises `PlainPickleError` for objects that are no arrays of numbers, and if arrays and their
    bytes take more than `max_bytes` each; any other exception for a damaged file.
    """
    file.seek(0)
    machine = _Machine(max_bytes)
    for count, (opcode, argument, _) in enumerate(pickletools.genops(file)):
        if count == MAX_OPERATIONS:
            raise PlainPickleError(f"a pickle of more than {MAX_OPERATIONS} operations")
        machine.run(opcode.name, argument)
    return machine.pop_value()


@dataclass(frozen=True)
class _Name:
    """A function or class, which is only named."""

    name: str


@dataclass
class _Type:
    """A numpy type: its code, such as f4, and the order of its bytes."""

    code: str
    order: str = "="


@dataclass
class _Array:
    """An array, which gets its numbers later."""

    value: "Tensor | None" = None


class _Machine:
    """The stack and the memo of a pickle's reader.

    Arrays, and strings that are converted to their bytes, may take `max_bytes` each.
    """

    def __init__(self, max_bytes: int) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.left = {"arrays": max_bytes, "bytes": max_bytes}

    def run(self, operation: str, argument: Any) -> None:
        """Do what an operation says; raises `PlainPickleError` for an unknown one."""
        if operation in _PUSHES:
            self.stack.append(_PUSHES[operation](self, argument))
        elif operation in _CHANGES:
            _CHANGES[operation](self, argument)
        else:
            raise PlainPickleError(f"a pickle with the operation {operation}")

    def pop(self, count: int) -> tuple[Any, ...]:
        """The last `count` values."""
        return tuple(self.stack.pop() for _ in range(count))[::-1]

    def pop_to_mark(self) -> list[Any]:
        """The values after the last mark."""
        values = []
        while (value := self.stack.pop()) is not _MARK:
            values.append(value)
        return values[::-1]

    def pop_value(self) -> Any:
        """The last value, with a tensor for an array."""
        return _finished(self.stack.pop())

    def remember(self, number: int) -> None:
        """Keep the last value under a number."""
        self.memo[number] = self.stack[-1]

    def name(self, module: str, name: str) -> _Name:
        """The function or class of a module, if it is known."""
        full = ".".join((module, name)).replace("numpy._core.", "numpy.core.")
        if full != _ARRAY and full not in _CALLS:
            raise PlainPickleError(f"a pickled object{self.under()} ({full})")
        return _Name(full)

    def under(self) -> str:
        """The key before the next value, for an error message."""
        key = self.stack[-1] if self.stack else None
        return under(key if isinstance(key, str) else None)

    def call(self) -> Any:
        """What the known function before the last value returns for it."""
        function, arguments = self.pop(2)
        return _CALLS[function.name](self, *arguments)

    def set_state(self) -> None:
        """Give the last value to the one before it as its state."""
        (state,) = self.pop(1)
        target = self.stack.pop()
        if isinstance(target, _Type):
            target.order = state[1]
        elif isinstance(target, _Array):
            _, shape, kind, is_fortran, data = state
            target.value = self.array(data, kind, shape, "F" if is_fortran else "C")
        else:
            raise TypeError("a state for a value that has none")
        self.stack.append(target)

    def encode(self, text: str, encoding: str) -> bytes:
        """The bytes that stand in a string, one for each character."""
        self._spend("bytes", len(text))
        return text.encode("latin-1")

    def array(
        self, data: Any, kind: _Type, shape: tuple[int, ...], order: str, *_: object
    ) -> "Tensor":
        """The array of a shape whose bytes are `data`, by rows (C) or by columns (F)."""
        import numpy as np
        import torch

        name = "".join((kind.order, kind.code))
        if not NUMBERS.fullmatch(name):
            raise PlainPickleError(f"an array of type {kind.code}{self.under()}")
        are_sizes = all(isinstance(size, int) and size >= 0 for size in shape)
        if not are_sizes or len(shape) > MAX_AXES or order not in ("C", "F"):
            raise ValueError("an array without a shape")
        dtype = np.dtype(name)
        if len(data) != prod(shape) * dtype.itemsize:
            raise ValueError(f"an array has {len(data)} bytes")
        self._spend("arrays", len(data))
        content = data.encode("latin-1") if isinstance(data, str) else data  # str: of Python 2
        array = np.ndarray(shape, dtype, content, order="F" if order == "F" else "C")
        return torch.from_numpy(array.astype(dtype.newbyteorder("="), order="C"))

    def _spend(self, what: str, count: int) -> None:
        self.left[what] -= count
        if self.left[what] < 0:
            raise PlainPickleError("arrays that take more memory than the file")

    def append(self, values: list[Any]) -> None:
        """Add values to the list before them."""
        self._container(list).extend(values)

    def assign(self, pairs: list[Any]) -> None:
        """Add keys and values, in turn, to the dictionary before them."""
        items = self._container(dict)
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            if not isinstance(key, str):  # to hash a tuple may take forever
                raise PlainPickleError(f"a key of type {type(key).__name__}")
            items[key] = _finished(value)

    def _container(self, kind: type) -> Any:
        if not isinstance(self.stack[-1], kind):
            raise TypeError(f"no {kind.__name__}")
        return self.stack[-1]


def _finished(value: Any) -> Any:
    """A value that is stored, with a tensor for an array."""
    if isinstance(value, _Array) and value.value is not None:
        return value.value
    if isinstance(value, _Array | _Type | _Name):
        raise PlainPickleError("a pickled object")
    return value


Push = Callable[[_Machine, Any], Any]
_MARK = object()
_ARRAY = "numpy.ndarray"  # the argument of _reconstruct
_CALLS: dict[str, Callable[..., Any]] = {
    "__builtin__.bytes": lambda _: b"",
    "_codecs.encode": _Machine.encode,
    "collections.OrderedDict": lambda _: {},
    "numpy.dtype": lambda _, code, *flags: _Type(code),
    "numpy.core.multiarray._reconstruct": lambda _, *arguments: _Array(),
    "numpy.core.multiarray.scalar": lambda machine, kind, data: machine.array(
        data, kind, (), "C"
    ).item(),
    "numpy.core.numeric._frombuffer": _Machine.array,
}
# Operations that push one value, made of their argument and of values that they pop.
_PUSHES: dict[str, Push] = {
    **{
        opcode.name: lambda _, literal: literal
        for opcode in pickletools.opcodes
        if opcode.arg and not opcode.stack_before
        if opcode.stack_after not in ([], [pickletools.anyobject])
    },
    "NONE": lambda *_: None,
    "NEWTRUE": lambda *_: True,
    "NEWFALSE": lambda *_: False,
    "MARK": lambda *_: _MARK,
    "EMPTY_DICT": lambda *_: {},
    "EMPTY_LIST": lambda *_: [],
    "EMPTY_TUPLE": lambda *_: (),
    "TUPLE1": lambda machine, _: machine.pop(1),
    "TUPLE2": lambda machine, _: machine.pop(2),
    "TUPLE3": lambda machine, _: machine.pop(3),
    "TUPLE": lambda machine, _: tuple(machine.pop_to_mark()),
    "BINGET": lambda machine, number: machine.memo[number],
    "LONG_BINGET": lambda machine, number: machine.memo[number],
    "GLOBAL": lambda machine, name: machine.name(*name.split(" ", 1)),
    "STACK_GLOBAL": lambda machine, _: machine.name(*machine.pop(2)),
    "REDUCE": lambda machine, _: machine.call(),
}
_CHANGES: dict[str, Callable[[_Machine, Any], None]] = {
    "PROTO": lambda *_: None,
    "FRAME": lambda *_: None,
    "STOP": lambda *_: None,
    "BINPUT": _Machine.remember,
    "LONG_BINPUT": _Machine.remember,
    "MEMOIZE": lambda machine, _: machine.remember(len(machine.memo)),
    "APPEND": lambda machine, _: machine.append([machine.stack.pop()]),
    "APPENDS": lambda machine, _: machine.append(machine.pop_to_mark()),
    "SETITEM": lambda machine, _: machine.assign([*machine.pop(2)]),
    "SETITEMS": lambda machine, _: machine.assign(machine.pop_to_mark()),
    "BUILD": lambda machine, _: machine.set_state(),
}
