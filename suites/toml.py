"""TOML files read into validated, frozen models."""

import difflib
import tomllib
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from suites.errors import SuiteError
from suites.fields import MAX_INT

UNKNOWN_KEY, OUR_ERROR = "extra_forbidden", "value_error"  # pydantic's names of errors
ONE, SEVERAL = "<one>", "<several>"  # the two forms of a value; pydantic adds them to the key
# What a value should be, in the words of TOML, by pydantic's names of errors.
EXPECTED = {
    "tuple_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
}
MAX_SHOWN = 60  # characters of a key or a value in an error
MAX_BYTES = 1 << 20  # a hand-written file is far smaller; a larger one is not a suite

T = TypeVar("T")


def _form(value: Any) -> str:
    return SEVERAL if isinstance(value, list | tuple) else ONE


def _check_option(value: Any) -> Any:
    """Raise one error for a wrong option, in place of one for each type that it may have."""
    is_huge = isinstance(value, int | float) and not abs(value) <= MAX_INT
    if is_huge or not isinstance(value, int | float | str):
        raise PydanticCustomError("option", "Input should be text, a finite number, true or false")
    return value


# TOML has lists where a frozen section holds tuples.
Items = Annotated[
    tuple[T, ...],
    Field(min_length=1),
    BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value),
]
OneOrMore = Annotated[
    Annotated[T, Tag(ONE)] | Annotated[Items[T], Tag(SEVERAL)], Discriminator(_form)
]
Option = Annotated[bool | int | float | str, BeforeValidator(_check_option)]


def parse_options(text: str) -> tuple[tuple[str, Option], ...]:
    """The options of a network in a cell of a table, such as "variant=m shortcut_norms=all"."""
    pairs = (pair.partition("=") for pair in text.split())
    return tuple(sorted((name, int(v) if v.isdigit() else v) for name, _, v in pairs))


class Section(BaseModel):
    """A table of a TOML file: frozen, of exact types, without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


S = TypeVar("S", bound=Section)


def load_toml(path: Path, section: type[S]) -> S:
    """Read `path` into `section`. Raises `SuiteError` with the file and the first wrong key."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)  # a device file may be endless
        if len(content) > MAX_BYTES:
            raise SuiteError(f"{path}: is larger than {MAX_BYTES} bytes: this is not a suite file")
        data = tomllib.loads(content.decode("utf-8"))
    except OSError as error:
        raise SuiteError(f"{path}: cannot be read ({error.strerror}): check the path") from error
    except UnicodeDecodeError as error:
        raise SuiteError(f"{path}: is not UTF-8 text: save it as UTF-8") from error
    except RecursionError as error:
        raise SuiteError(f"{path}: is nested too deeply: this is not a suite file") from error
    except tomllib.TOMLDecodeError as error:
        raise SuiteError(f"{path}: is not TOML: {_brief(error)}") from error
    except ValueError as error:  # a number of thousands of digits, or an impossible date
        raise SuiteError(f"{path}: holds a value that cannot be read: {_brief(error)}") from error
    return read_section(data, section, str(path))


def read_section(data: object, section: type[S], where: str) -> S:
    """`data`, which is from `where`, as a `section`.

    Raises `SuiteError` with the first wrong key.
    """
    try:
        return section.model_validate(data)
    except RecursionError as error:
        raise SuiteError(f"{where}: is nested too deeply: this is not a suite file") from error
    except ValidationError as error:
        # A misspelt key comes first: it is the cause of a missing one.
        first = min(error.errors(), key=lambda e: e["type"] != UNKNOWN_KEY)
        line = " ".join(_explain(first, section).split())
        raise SuiteError(f"{where}: {line}") from error


def _explain(error: ErrorDetails, section: type[Section]) -> str:
    """A validation error in one line: the key, what is wrong, and the nearest known key."""
    location = tuple(part for part in error["loc"] if part not in (ONE, SEVERAL))
    key = ".".join(map(_part, location))
    if error["type"] == "missing":
        return f"{key}: is missing"
    if error["type"] == OUR_ERROR:  # an error of a whole section
        return f"{key}: {error['msg'].removeprefix('Value error, ')}".removeprefix(": ")
    if error["type"] == "too_short":
        return f"{key}: should not be empty"
    if error["type"] != UNKNOWN_KEY:
        return (
            f"{key}: should be {_expected(error, section, location)}, not {_shown(error['input'])}"
        )
    known = list(_section_at(section, location[:-1]).model_fields)
    nearest = difflib.get_close_matches(str(location[-1]), known, n=1)
    hint = f"did you mean {nearest[0]!r}?" if nearest else f"known keys: {', '.join(known)}"
    return f"{key}: unknown key ({hint})"


def _expected(error: ErrorDetails, section: type[Section], location: tuple[Any, ...]) -> str:
    """What the value at a place should be, in the words of TOML."""
    field = _section_at(section, location[:-1]).model_fields.get(str(location[-1]))
    if error["type"] == "tuple_type" and field and _find_section(field.annotation):
        return f"a list of tables, written [[{location[-1]}]]"
    if error["type"] == "string_pattern_mismatch":
        return f"text that matches {error['ctx']['pattern']}"
    return EXPECTED.get(error["type"], error["msg"].removeprefix("Input should be "))


def _part(part: int | str) -> str:
    """A part of a key for an error: a position counted from 1, or a name."""
    if isinstance(part, int):
        return str(part + 1)
    return part if part.isprintable() and len(part) <= MAX_SHOWN else f"{part!r:.{MAX_SHOWN}}"


def _brief(error: Exception) -> str:
    """The message of an error, with the middle of a long one left out."""
    text = str(error)
    return text if len(text) <= 2 * MAX_SHOWN else f"{text[:MAX_SHOWN]}...{text[-MAX_SHOWN:]}"


def _shown(value: Any) -> str:
    """A value for an error, as TOML writes it, shortened."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list | tuple):
        shown = f"[{', '.join(map(_shown, value[:MAX_SHOWN]))}]"
    elif isinstance(value, bool):
        shown = str(value).lower()
    elif isinstance(value, int) and abs(value) > MAX_INT:
        shown = "a number of many digits"  # one of thousands has no text
    else:
        shown = repr(value) if isinstance(value, str) else str(value)
    return shown if len(shown) <= MAX_SHOWN else f"{shown[:MAX_SHOWN]}..."


def _section_at(section: type[Section], location: tuple[Any, ...]) -> type[Section]:
    """The model at a path of keys and positions below `section`."""
    for part in location:
        field = section.model_fields.get(str(part))  # a position or the name of an option is none
        section = (field and _find_section(field.annotation)) or section
    return section


def _find_section(annotation: Any) -> type[Section] | None:
    """The model inside a type such as `tuple[Sweep, ...]` or `Ratio | None`."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    return next(filter(None, map(_find_section, get_args(annotation))), None)
