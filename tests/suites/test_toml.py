import datetime
import re
import tomllib
from collections.abc import Iterator
from math import nan
from pathlib import Path
from typing import Any

import pytest

from suites import Suite, SuiteError
from suites.claim import Claims
from suites.rules import Rules
from suites.stages import Plans
from suites.suite import FOLDER
from suites.toml import Section, load_toml, read_section

SUITE = """
title = "t"
description = "d"
[[sweep]]
networks = ["tsn"]
depths = [50]
frames = [8, 16]
quantities = ["macs"]
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("frames", "framse", r"sweep\.1\.framse: unknown key \(did you mean 'frames'\?\)"),
        ("title", "tilte", r"tilte: unknown key \(did you mean 'title'\?\)"),
        ('title = "t"', 'title = "t"\nzzz = 1', r"zzz: unknown key \(known keys: title"),
        ("[8, 16]", "[8, 16.0]", r"sweep\.1\.frames\.2: should be a whole number, not 16\.0"),
        ("[8, 16]", "[8, 0]", r"sweep\.1\.frames\.2: should be greater than or equal to 1"),
        ("[8, 16]", "8", r"sweep\.1\.frames: should be a list, not 8$"),
        (
            "[[sweep]]",
            "[sweep]",
            r"sweep: should be a list of tables, written \[\[sweep\]\], not a table$",
        ),
        ("[8, 16]", "[]", r"sweep\.1\.frames: should not be empty$"),
        ("[50]", "[]", r"sweep\.1\.depths: should not be empty$"),
        ("[50]", "[50]\nnum_classes = 0", r"\.num_classes: should be greater .*, not 0"),
        ("[50]", '[50]\nnum_classes = "a"', r"\.num_classes: should be a whole number, not 'a'$"),
        ("[50]", "[50]\nnum_classes = []", r"\.num_classes: should not be empty$"),
        (
            "[50]",
            "[50]\nnum_classes = [9, 0]",
            r"\.num_classes\.2: should be greater .*, not 0",
        ),
        ("[50]", "[50]\noptions.a = nan", r"sweep\.1\.options\.a: should be text, a finite"),
        ("[50]", "[50]\noptions.a = 2020-01-01", r"\.options\.a: should be text, a finite"),
        ("[50]", "[50]\noptions.a = []", r"\.options\.a: should not be empty$"),
        ("[50]", "[50]\noptions.a = [1, [2]]", r"\.options\.a\.2: should be text.*not \[2\]"),
        ('["tsn"]', "[3]", r"sweep\.1\.networks\.1: should be text, not 3$"),
        ("[8, 16]", "[8, true]", r"sweep\.1\.frames\.2: should be a whole number, not true$"),
        ("[8, 16]", "{ a = 8 }", r"sweep\.1\.frames: should be a list, not a table$"),
        ("[50]", "[50]\noptions = 3", r"sweep\.1\.options: should be a table, not 3$"),
        ("[50]", "[50]\nsteps = [[{ a = 1 }]]", r"steps\.1: should be a table, not \[a table\]$"),
        ("[50]", "[50]\ninput_size = 2020-01-01", r"should be a whole number, not 2020-01-01$"),
        ('title = "t"\n', "", "title: is missing"),
        ("[[sweep]]", "[[sweep", "is not TOML"),
    ],
)
def test_a_wrong_value_is_an_error_in_one_line(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(SUITE.replace(old, new))
    with pytest.raises(SuiteError, match=message) as caught:
        load_toml(path, Suite)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "huge.toml").write_text("#" * (2 << 20))
    for name, message in {
        "binary.toml": "UTF-8",
        "huge.toml": "larger than",
        ".": "Is a directory",
        "absent.toml": "No such file",
    }.items():
        with pytest.raises(SuiteError, match=message):
            load_toml(tmp_path / name, Suite)


@pytest.mark.parametrize(
    ("new", "message"),
    [
        (f"options.a = {'[' * 100_000}", "is nested too deeply"),
        (f"input_size = {'9' * 5000}", "holds a value that cannot be read"),
        (f"input_size = 0x{'f' * 9000}", "less than or equal to 2147483647, not a number of many"),
        (f"options.a = 0x{'f' * 9000}", "a finite number, true or false, not a number of"),
        (f"options.a = [0x{'f' * 9000}]", r"options\.a\.1: should be text"),
        ('"a\\u001b\\n\\u202E" = 1', r"sweep\.1\.'a\\x1b\\n\\u202e': unknown key"),
        (f"{'a' * 100_000} = 1", "unknown key"),
        (f"options = {{ {'a' * 9999} = 1, {'a' * 9999} = 1 }}", r"is not TOML: .*\(at line 7, "),
        (f"options = {{ {', '.join(f'a{n} = [1, 2]' for n in range(20_000))} }}", "has more"),
    ],
)
def test_a_hostile_file_is_an_error_in_one_short_line(
    tmp_path: Path, new: str, message: str
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(SUITE.replace("depths = [50]", f"depths = [50]\n{new}"))
    with pytest.raises(SuiteError, match=message) as caught:
        load_toml(path, Suite)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1000


# The kinds of values of TOML, and the files that the project reads.
KINDS: tuple[object, ...] = (
    "A b",
    1,
    1.5,
    True,
    "a",
    [],
    [1],
    [[]],
    {},
    {"a": 1},
    [{"a": 1}],
    datetime.date(2020, 1, 1),
    nan,
)
FILES: dict[str, type[Section]] = {
    "paper": Suite,
    "published": Suite,
    "claims": Claims,
    "gate_rules": Rules,
    "stages": Plans,
}
WORDS_OF_PYTHON = re.compile(
    r"\b([Tt]uple|dict|[Dd]ictionary|instance|valid|str|[Ss]tring|int|integer|bool|boolean|None"
    r"|NoneType|True|False|float|[Ii]nput|validation|datetime|object)\b"
)


def places(data: Any) -> Iterator[tuple[Any, Any]]:
    """Each table or list with each of its keys, but only the first item of a list."""
    keys = [*data] if isinstance(data, dict) else [0] if isinstance(data, list) and data else []
    for key in keys:
        yield data, key
        yield from places(data[key])


@pytest.mark.parametrize("name", FILES)
def test_a_value_of_another_kind_is_explained_in_the_words_of_toml(name: str) -> None:
    section = FILES[name]
    data = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    refused = 0
    for holder, key in list(places(data)):
        own = holder[key]
        for value in KINDS:
            holder[key] = value
            try:
                read_section(data, section, "file")
            except SuiteError as error:
                message = re.sub(r"'[^']*'|not a$", "", str(error))  # without texts of the file
                assert not WORDS_OF_PYTHON.search(message.partition(": ")[2]), message
                refused += 1
        holder[key] = own
    assert refused > len(KINDS)
