from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.video import lists
from bench.video.lists import (
    in_order,
    is_number,
    read_json,
    read_lines,
    read_names,
    read_pairs,
    read_table,
    read_text,
    to_label,
    to_name,
    to_number,
    to_path,
)


def result(call: Callable[..., object], *arguments: object) -> object:
    """What a call gives, all of it."""
    found = call(*arguments)
    return list(found) if isinstance(found, Iterator) else found


def said(call: Callable[..., object], *arguments: object) -> str:
    with pytest.raises(BenchError) as caught:
        result(call, *arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "list.txt"


def test_text_is_utf8_with_or_without_a_mark(file: Path) -> None:
    for content in ("é".encode(), b"\xef\xbb\xbf" + "é".encode()):
        file.write_bytes(content)
        assert read_text(file) == "é"


def test_a_file_may_be_as_large_as_the_most_and_no_larger(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text("1234")
    monkeypatch.setattr(lists, "MAX_BYTES", 4)
    assert read_text(file) == "1234"
    monkeypatch.setattr(lists, "MAX_BYTES", 3)
    assert (
        said(read_text, file) == f"{file}: is larger than 3 bytes: this is not an annotation file"
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a\0b", "has a NUL byte: this is not a text file"),
        (b"\xff", "is not UTF-8 text: save it as UTF-8"),
    ],
)
def test_what_is_no_text_is_refused(file: Path, content: bytes, message: str) -> None:
    file.write_bytes(content)
    assert said(read_text, file) == f"{file}: {message}"
    missing = file.with_name("none")
    reason = "cannot be read (No such file or directory): check the path"
    assert said(read_text, missing) == f"{missing}: {reason}"


def test_lines_have_their_numbers_and_blank_ones_are_left_out(file: Path) -> None:
    file.write_bytes("a\r\n\n  b c \n\u2028d\x0be".encode())
    assert list(read_lines(file)) == [
        (f"{file}: line 1", "a"),
        (f"{file}: line 3", "b c"),
        (f"{file}: line 4", "d\x0be"),
    ]


def test_rows_of_a_table_have_the_line_that_they_end_in(file: Path) -> None:
    file.write_text('a, b\n,\n\n"c\nd",e \n')
    assert list(read_table(file)) == [
        (f"{file}: line 1", ["a", "b"]),
        (f"{file}: line 5", ["c\nd", "e"]),
    ]


def test_every_end_of_a_line_is_one(file: Path) -> None:
    file.write_bytes(b'"a\r\nb",c\rd\r\n')
    assert [cells for _, cells in read_table(file)] == [["a\nb", "c"], ["d"]]


def test_a_table_that_is_none_is_refused(file: Path) -> None:
    file.write_text("a\n" + "x" * 200_000)
    message = said(read_table, file)
    assert message.startswith(f"{file}: line 2: is not CSV (field larger than")
    assert message.endswith("): correct it")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{\n"a": }', "line 2: is not JSON (Expecting value): correct it"),
        ("[" * 100_000, "is nested too deeply: this is not an annotation file"),
        ("9" * 5000, "has a number with too many digits: this is not an annotation file"),
    ],
)
def test_what_is_no_json_is_refused(file: Path, text: str, message: str) -> None:
    file.write_text('{"a": 1}')
    assert read_json(file) == {"a": 1}
    file.write_text(text)
    assert said(read_json, file) == f"{file}: {message}"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *(("0", True), ("007", True), ("123456789", True), ("1234567890", False)),
        *(("", False), ("-1", False), ("1.0", False), ("\u0663", False), ("\u00b2", False)),
    ],
)
def test_a_number_is_of_few_ascii_digits(text: str, number: bool) -> None:
    assert is_number(text) == number
    if number:
        assert to_number("f: line 1", "frame", text) == int(text)
    else:
        message = f"f: line 1: frame {text!r} is not a whole number: write it in digits"
        assert said(to_number, "f: line 1", "frame", text) == message


def test_labels_count_from_0_where_a_file_counts_from_another_number() -> None:
    assert to_label("w", "0") == 0
    assert to_label("w", "1", 1) == 0
    assert to_label("w", "99999") == 99_999
    assert to_label("w", "100000", 1) == 99_999
    message = "w: class number {} is out of range: use {} to {}"
    assert said(to_label, "w", "0", 1) == message.format(0, 1, 100_000)
    assert said(to_label, "w", "100000") == message.format(100_000, 0, 99_999)


def test_a_name_is_shown_as_it_is() -> None:
    assert to_name("w", "the class", "déjà vu 👋") == "déjà vu 👋"
    assert said(to_name, "w", "the class", "") == "w: the class is empty: write it"
    for text in ("a\tb", "a\x7f", "a\x9b", "\udcff"):
        message = f"w: the class {text!r} has a control character: remove it"
        assert said(to_name, "w", "the class", text) == message


@pytest.mark.parametrize("text", ["a", "a/b.mp4", "./a", "a..b", "...", ".a/b"])
def test_a_path_stays_within_its_folder(text: str) -> None:
    assert to_path("w", text) == text


@pytest.mark.parametrize("text", ["/a", "..", "../a", "a/../b", ".", "./"])
def test_a_path_that_leads_out_of_its_folder_is_refused(text: str) -> None:
    message = (
        f"w: path {text!r} is outside the folder of videos: give a path relative to that folder"
    )
    assert said(to_path, "w", text) == message


def test_classes_are_a_name_a_line(file: Path) -> None:
    file.write_text("b\n\na\n")
    assert read_names(file) == ("b", "a")
    file.write_text("b\na\nb\n")
    message = f"{file}: line 3: class 'b' or its number is a duplicate: keep one"
    assert said(read_names, file) == message
    file.write_text("\n")
    assert said(read_names, file) == f"{file}: has no classes: list them"


def test_numbered_classes_are_put_in_order_and_leave_no_gap(file: Path) -> None:
    assert in_order(file, [("1", "b", 1), ("2", "a", 0)]) == ("a", "b")
    twice = [("1", "b", 0), ("2", "a", 0)]
    assert said(in_order, file, twice) == "2: class 'a' or its number is a duplicate: keep one"
    gap = [("1", "a", 0), ("2", "b", 2), ("3", "c", 3)]
    assert said(in_order, file, gap) == (
        f"{file}: no class has number 1, counted from 0: list every class"
    )
    assert said(in_order, file, [("1", "", 0)]) == "1: the class is empty: write it"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_text_of_other_systems_is_read(encoding: str, file: Path) -> None:
    file.write_bytes("clip é 1.mp4 0\r\n".encode(encoding))
    assert read_text(file) == "clip é 1.mp4 0\r\n"


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("clip 1.mp4 0\nclip 2.mp4 1", [("clip 1.mp4", "0"), ("clip 2.mp4", "1")]),
        ("a,b.mp4 0\nc.mp4 1", [("a,b.mp4", "0"), ("c.mp4", "1")]),
        ("a, b.mp4, 0", [("a, b.mp4", "0")]),
        ("a;0\nb;1", [("a", "0"), ("b", "1")]),
        ("a b\t0\r\nc,d\t1", [("a b", "0"), ("c,d", "1")]),
        ('"a, b.mp4",0', [("a, b.mp4", "0")]),
        ('"a ""b"".mp4" 0', [('a "b".mp4', "0")]),
        ("'a b.mp4' 0", [("a b.mp4", "0")]),
        ("it's.mp4 0", [("it's.mp4", "0")]),
        ('a b.mp4 "riding a bike"', [("a b.mp4", "riding a bike")]),
        ("a b.mp4,riding a bike", [("a b.mp4", "riding a bike")]),
        ("a.mp4   1", [("a.mp4", "1")]),
        ("clip 1 0", [("clip 1", "0")]),
    ],
)
def test_a_path_and_a_label_are_told_apart(
    text: str, pairs: list[tuple[str, str]], file: Path
) -> None:
    file.write_bytes(text.encode())
    assert [pair[1:] for pair in read_pairs(file)] == pairs


def test_a_line_without_a_label_is_refused(file: Path) -> None:
    for text, line in (("a.mp4 0\nb.mp4", 2), ("clip 1.mp4\nclip 2.mp4", 1), ("a.mp4", 1)):
        file.write_text(text)
        assert said(read_pairs, file) == (
            f"{file}: line {line}: needs the columns 'path label': "
            "separate them with a space, a comma or a tab"
        )


def test_an_absolute_path_within_the_folder_is_relative_to_it(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    for data in (tmp_path, link):
        assert to_path("w", f"{data}/a b/c.mp4", data) == "a b/c.mp4"
    assert to_path("w", f"{tmp_path.resolve()}/c.mp4", link) == "c.mp4"
    for text in (f"{tmp_path}", f"{tmp_path}/../c.mp4", f"{tmp_path}2/c.mp4"):
        assert "is outside the folder of videos" in said(to_path, "w", text, tmp_path)
