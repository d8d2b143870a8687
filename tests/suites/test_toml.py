from pathlib import Path

import pytest

from suites import Suite, SuiteError
from suites.toml import load_toml

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
        ("[8, 16]", "[8, 16.0]", r"sweep\.1\.frames\.2: input should be a valid integer, not 16.0"),
        ("[8, 16]", "[8, 0]", r"sweep\.1\.frames\.2: input should be greater than or equal to 1"),
        ("[8, 16]", "8", r"sweep\.1\.frames: input should be a valid tuple, not 8"),
        ("[[sweep]]", "[sweep]", r"sweep: input should be a list of tables, written \[\[name\]\]"),
        ("[8, 16]", "[]", r"sweep\.1\.frames: tuple should have at least 1 item"),
        ("[50]", "[]", r"sweep\.1\.depths: tuple should have at least 1 item"),
        ("[50]", "[50]\nnum_classes = 0", r"\.num_classes: input should be greater .*, not 0"),
        ("[50]", '[50]\nnum_classes = "a"', r"\.num_classes: input should be a valid integer"),
        ("[50]", "[50]\nnum_classes = []", r"\.num_classes: tuple should have at least 1 item"),
        (
            "[50]",
            "[50]\nnum_classes = [9, 0]",
            r"\.num_classes\.2: input should be greater .*, not 0",
        ),
        ("[50]", "[50]\noptions.a = nan", r"sweep\.1\.options\.a: input should be text, a finite"),
        ("[50]", "[50]\noptions.a = 2020-01-01", r"\.options\.a: input should be text, a finite"),
        ("[50]", "[50]\noptions.a = []", r"\.options\.a: tuple should have at least 1 item"),
        ("[50]", "[50]\noptions.a = [1, [2]]", r"\.options\.a\.2: input should be text.*not \[2\]"),
        ('["tsn"]', "[3]", r"sweep\.1\.networks\.1: input should be a valid string"),
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
        (f"input_size = 0x{'f' * 9000}", "less than or equal to 2147483647, not this int"),
        (f"options.a = 0x{'f' * 9000}", "a finite number, true or false, not this int"),
        (f"options.a = [0x{'f' * 9000}]", r"options\.a\.1: input should be text"),
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
