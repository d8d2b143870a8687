"""Plain pickles are followed, not loaded; test_weights_file.py does the same through a file."""

import io
import os
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from models import plain_pickles
from models.plain_pickles import PlainPickleError, is_plain, read_plain
from tests.models import caffe2

MEMORY = 10**4
ARRAYS: dict[str, np.ndarray[Any, Any]] = {
    "matrix": np.arange(6, dtype=np.float32).reshape(2, 3),
    "by columns": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "not contiguous": np.arange(12.0)[::2],
    "big-endian": np.arange(3, dtype=">i8"),
    "number": np.array(2.5),
    "nothing": np.zeros((0, 3), np.float16),
    "truths": np.array([True, False]),
    "bytes": np.arange(256, dtype=np.uint8),
}
_ARRAY = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
_TYPE = b"cnumpy\ndtype\nU\x02%sK\x00K\x01\x87R(K\x03U\x01<NNNK\x00K\x00K\x00tb"


class Loud:
    """An object that makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.path),)


def read(content: bytes, memory: int = MEMORY) -> Any:
    return read_plain(io.BytesIO(content), memory)


def array(shape: bytes, code: bytes, data: bytes) -> bytes:
    """The operations of Python 2 for an array."""
    return _ARRAY + b"(K\x01" + shape + _TYPE % code + b"\x89" + data + b"tb"


@pytest.mark.parametrize("protocol", range(1, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_are_tensors(name: str, protocol: int) -> None:
    file = pickle.dumps({"weight": ARRAYS[name], "again": ARRAYS[name]}, protocol)
    found = read(file)
    native = ARRAYS[name].astype(ARRAYS[name].dtype.newbyteorder("="))
    assert torch.equal(found["weight"], torch.tensor(native))
    assert found["weight"].dtype == torch.tensor(native).dtype
    assert found["weight"].is_contiguous()
    assert found["again"] is found["weight"]


@pytest.mark.parametrize("protocol", range(1, pickle.HIGHEST_PROTOCOL + 1))
def test_values_beside_arrays(protocol: int) -> None:
    content = {
        "numbers": [1, -(2**40), 2.5, True, None, np.float32(0.5)],
        "blobs": OrderedDict(lr=0.1, text="é" * 300),
        "tuples": ((), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)),
    }
    assert read(pickle.dumps(content, protocol)) == content


def test_what_python_2_wrote() -> None:
    content = {"blobs": {"a": ARRAYS["matrix"], "b": np.zeros(100)}, "model_iter": 3}
    found = read(caffe2.pickled(content, caffe2.PYTHON_2))
    assert torch.equal(found["blobs"]["a"], torch.tensor(ARRAYS["matrix"]))
    assert found["blobs"]["b"].shape == (100,)
    assert found["model_iter"] == 3


@pytest.mark.parametrize("protocol", range(1, pickle.HIGHEST_PROTOCOL + 1))
def test_nothing_is_called(protocol: int, tmp_path: Path) -> None:
    made = tmp_path / "made"
    content = pickle.dumps({"weight": ARRAYS["matrix"], "culprit": Loud(made)}, protocol)
    with pytest.raises(PlainPickleError, match=rf"a pickled object under 'culprit' \({os.name}"):
        read(content)
    assert not made.exists()
    pickle.loads(content)
    assert made.exists()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (pickle.dumps(bytearray(3), 2), "a pickled object (__builtin__.bytearray)"),
        (pickle.dumps({"w": np.array(["a"])}, 2), "an array of type U1 under 'w'"),
        (pickle.dumps({"w": np.array([{}])}, 2), "an array of type O8 under 'w'"),
        (pickle.dumps({"w": np.ones(2, complex)}, 2), "an array of type c16 under 'w'"),
        (pickle.dumps({1: 2}, 2), "a key of type int"),
        (pickle.dumps({(1, 2): 2}, 2), "a key of type tuple"),
        (pickle.dumps({"w": np.ndarray}, 2), "a pickled object"),
        (pickle.dumps({"w": np.dtype("f4")}, 2), "a pickled object"),
        (b"\x80\x02}U\x01w" + _ARRAY + b"s.", "a pickled object"),
        (b"\x80\x02U\x01aQ.", "a pickle with the operation BINPERSID"),
        (pickle.dumps({1}, 4), "a pickle with the operation EMPTY_SET"),
        (pickle.dumps({"w": 1}, 0), "a pickle with the operation DICT"),  # text, of Python 2
    ],
)
def test_other_objects(content: bytes, reason: str) -> None:
    with pytest.raises(PlainPickleError) as error:
        read(content)
    assert str(error.value) == reason


DAMAGED = {
    "too few numbers": array(b"K\x03\x85", b"f4", b"U\x04abcd"),
    "too many numbers": array(b"K\x01\x85", b"f4", b"U\x08abcdefgh"),
    "a shape of text": array(b"U\x01aJ\x00\x00\x00\x7f\x86", b"f4", b"U\x04abcd"),
    "negative sizes": array(b"J\xff\xff\xff\xffJ\xff\xff\xff\xff\x86", b"f4", b"U\x04abcd"),
    "many axes": array(b"(" + b"K\x01" * 99 + b"t", b"f4", b"U\x04abcd"),
    "no type": _ARRAY + b"(K\x01)N\x89U\x04abcdtb",
    "no state": b"K\x01K\x02b",
    "no list": b"K\x01K\x02a",
    "no memo": b"h\x07",
    "no function": b"K\x01)R",
    "a function whose name is a number": b"K\x01K\x02\x93",
    "no order": (
        b"cnumpy.core.numeric\n_frombuffer\n(C\x04abcd" + _TYPE % b"f4" + b"K\x01\x85U\x01Kt" + b"R"
    ),
    "nothing": b"",
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_damaged_pickles(kind: str) -> None:
    with pytest.raises(Exception) as error:  # noqa: PT011 - of any kind but ours
        read(b"\x80\x02" + DAMAGED[kind] + b".")
    assert not isinstance(error.value, PlainPickleError)


def test_a_value_that_doubles_is_never_shown() -> None:
    """Its text would have 2 ** 64 items."""
    pairs = b"".join(b"h%ch%c\x86q%c" % (n, n, n + 1) for n in range(64))
    doubled = b"()q\x00" + pairs + b"t"
    for content in (
        b"cnumpy\ndtype\n" + doubled + b"\x85R(K\x03U\x01<NNNKKKtb",
        doubled + b"U\x01a\x93",
        b"}" + doubled + b"K\x01s",
    ):
        with pytest.raises((PlainPickleError, TypeError, ValueError)):
            read(b"\x80\x02" + content + b".")


@pytest.mark.parametrize(
    "again",
    [
        array(b"J\x10\x27\x00\x00\x85", b"i1", b"h\x00"),
        b"c_codecs\nencode\nh\x00U\x06latin1\x86R",
    ],
    ids=["arrays", "bytes"],
)
def test_one_text_gives_no_more_memory_than_the_file(again: bytes) -> None:
    text = b"X\x10\x27\x00\x00" + b"a" * MEMORY + b"q\x00"
    assert read(b"\x80\x02" + text + again + b".") is not None
    with pytest.raises(PlainPickleError, match="more memory than the file"):
        read(b"\x80\x02" + text + again * 2 + b".")


def test_operations_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_pickles, "MAX_OPERATIONS", 100)
    read(b"\x80\x02" + b"N" * 98 + b".")
    with pytest.raises(PlainPickleError, match="more than 100 operations"):
        read(b"\x80\x02" + b"N" * 99 + b".")


def test_files_of_torch_are_not_plain() -> None:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert is_plain(io.BytesIO(pickle.dumps({"w": 1}, protocol)))
    assert not is_plain(io.BytesIO(b"text"))
    for is_zip in (True, False):
        for protocol in (2, 4):
            file = io.BytesIO()
            torch.save(
                {"w": torch.ones(2)},
                file,
                _use_new_zipfile_serialization=is_zip,
                pickle_protocol=protocol,
            )
            assert not is_plain(file)
