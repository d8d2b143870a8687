"""Hypothesis strategies for damaged files: in bytes, and in the structure of JSON and TOML."""

import json
import tomllib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from hypothesis import strategies as st

from tests.fuzz.readers import Form, Reader

MAX_STEPS = 4  # of damage to one file


class Raw(str):
    """A value as it stands in the file."""

    __slots__ = ()


class Pairs(list[tuple[str, Any]]):
    """An object whose keys may be there twice."""


NAMES = (
    "",
    " ",
    "..",
    "../../x",
    "/etc/passwd",
    "a/../../b",
    "\\..\\x",
    "x" * 5000,
    "\x00",
    "\n",
    "\x1b]0;x\x07",
    "\u202e",
    "\ud800",
    "<script>",
    "=1+1",
    "`x`",
    "$x$",
    "%s%n",
    "{0}",
    "é",
    "format",
    "conditions",
    "point",
    "options",
    "frames",
    "state_dict",
    "nan",
    "-1",
    "1e400",
)
NUMBERS = (
    0,
    -1,
    1,
    2,
    2**31 - 1,
    2**31,
    2**53 + 1,
    2**63 - 1,
    2**63,
    10**18,
    10**30,
    10**400,
    -(10**400),
    0.0,
    -0.0,
    0.5,
    1e-320,
    1e30,
    1e308,
    -1e308,
    True,
    False,
)
RAW = tuple(
    map(
        Raw,
        (
            "null",
            "NaN",
            "nan",
            "Infinity",
            "-Infinity",
            "inf",
            "1e999",
            "9" * 5000,
            "-0",
            f"0x{'f' * 5000}",
            "[" * 2000 + "]" * 2000,
            "[" * 100_000,
            '{"a":' * 1000,
            "2020-01-01",
            "2020-02-31",
            "00:00:00",
            "1_000",
            "{}",
            "[]",
            '"\\ud800"',
            "'x'",
        ),
    )
)
TOKENS = (
    b"\x00",
    b"\xff",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b"\x80\x00\x00\x00",
    b"\n",
    b"\r",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"PK\x03\x04",
    b"PK\x01\x02",
    b"PK\x05\x06",
    b"\x80\x02",
    b";",
    b"c__builtin__\nbytearray\n",
    b"\x85R",
    b"(lp0\n",
    b"\x8a\xff",
    b"Q",
    b"}",
    b"1e999",
    b"NaN",
    b"-1",
    b"99999999999999999999",
    b"\xed\xa0\x80",
    b"\xe2\x80\xae",
    b"../",
    b",",
)

scalars = st.one_of(
    st.sampled_from(NAMES),
    st.sampled_from(NUMBERS),
    st.sampled_from(RAW),
    st.text(max_size=8),
    st.integers(),
    st.floats(),
)
values = st.one_of(
    scalars,
    st.lists(scalars, max_size=3),
    st.lists(st.tuples(st.sampled_from(NAMES), scalars), max_size=3).map(Pairs),
)


def _damaged(draw: st.DrawFn, part: bytes) -> bytes:
    """A part of a file with one thing wrong."""
    step = draw(st.sampled_from(("flip", "insert", "token", "replace", "delete", "double")))
    if step == "flip":
        return bytes([byte ^ 1 << draw(st.integers(0, 7)) for byte in part[:2]]) + part[2:]
    if step == "delete":
        return b""
    if step == "double":
        return part + part
    if step == "insert":
        return draw(st.binary(max_size=4)) + part
    token = draw(st.sampled_from(TOKENS))
    return token if step == "replace" else token + part


@st.composite
def damaged_bytes(draw: st.DrawFn, seeds: Sequence[bytes]) -> bytes:
    """A seed with bits flipped, parts taken out, put in, doubled or cut off, or another's end."""
    content = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(1, MAX_STEPS))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.sampled_from((1, 2, 4, 16, 64, 1 << 20))))
        part = content[start:end]
        splice = draw(st.sampled_from((False, False, False, True)))
        rest = draw(st.sampled_from(seeds))[start:] if splice else content[end:]
        content = content[:start] + _damaged(draw, part) + rest
    return content


def _places(node: Any) -> Iterator[tuple[Any, int]]:
    """Every place of a value: what holds it, and where."""
    for index, item in enumerate(node if isinstance(node, list) else ()):
        yield node, index
        yield from _places(item[1] if isinstance(node, Pairs) else item)


@st.composite
def damaged_structure(draw: st.DrawFn, seeds: Sequence[Any]) -> Any:
    """A document with some of its values replaced, taken out, doubled or called otherwise."""
    document = [_copy(draw(st.sampled_from(seeds)))]
    for _ in range(draw(st.integers(1, MAX_STEPS))):
        places = list(_places(document))
        if not places:
            break
        holder, index = places[draw(st.integers(0, len(places) - 1))]
        step = draw(st.sampled_from(("replace", "replace", "delete", "double", "rename")))
        if step == "delete":
            del holder[index]
        elif step == "double":
            holder.insert(index, holder[index])
        elif not isinstance(holder, Pairs):
            holder[index] = draw(values)
        else:
            name, value = holder[index]
            is_named = step == "rename"
            holder[index] = (
                (draw(st.sampled_from(NAMES)), value) if is_named else (name, draw(values))
            )
    return document[0] if document else Raw("")


def _copy(node: Any) -> Any:
    if isinstance(node, Pairs):
        return Pairs((name, _copy(value)) for name, value in node)
    return [_copy(item) for item in node] if isinstance(node, list) else node


def _paired(node: Any) -> Any:
    if isinstance(node, dict):
        return Pairs((name, _paired(value)) for name, value in node.items())
    return [_paired(item) for item in node] if isinstance(node, list) else node


def _text(node: Any, between: str) -> str:
    """JSON, or a value of TOML, by what stands `between` a key and its value."""
    if isinstance(node, Raw):
        return str(node)
    if isinstance(node, Pairs):
        pairs = (f"{json.dumps(name)}{between}{_text(value, between)}" for name, value in node)
        return f"{{{', '.join(pairs)}}}"
    if isinstance(node, list):
        return f"[{', '.join(_text(item, between) for item in node)}]"
    return json.dumps(node)


def _json(node: Any) -> bytes:
    return _text(node, ": ").encode()


def _toml(node: Any) -> bytes:
    if not isinstance(node, Pairs):
        return _text(node, " = ").encode()
    lines = (f"{json.dumps(name)} = {_text(value, ' = ')}" for name, value in node)
    return "\n".join(lines).encode()


def _header(seed: bytes) -> Any:
    return json.loads(seed[8 : 8 + int.from_bytes(seed[:8], "little")])


def _safetensors(numbers: bytes) -> Callable[[Any], bytes]:
    """A writer of files with those numbers behind their header."""

    def write(header: Any) -> bytes:
        text = _json(header)
        return len(text).to_bytes(8, "little") + text + numbers

    return write


def inputs(reader: Reader) -> st.SearchStrategy[bytes]:
    """Contents of a file of the reader's kind, damaged, and some that are nothing at all."""
    seeds = list(reader.seeds())
    found = [damaged_bytes(seeds), st.binary(max_size=64)]
    structured = _structured(reader.form, seeds)
    return st.one_of(found if structured is None else [*found, structured, structured])


def _structured(form: Form, seeds: Sequence[bytes]) -> st.SearchStrategy[bytes] | None:
    if form == "json":
        return damaged_structure([_paired(json.loads(seed)) for seed in seeds]).map(_json)
    if form == "toml":
        read = (_paired(tomllib.loads(seed.decode())) for seed in seeds)
        return damaged_structure(list(read)).map(_toml)
    if form == "safetensors":
        length = 8 + int.from_bytes(seeds[0][:8], "little")
        headers = [_paired(_header(seed)) for seed in seeds]
        return damaged_structure(headers).map(_safetensors(seeds[0][length:]))
    return None
