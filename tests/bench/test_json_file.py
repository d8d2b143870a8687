import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bench import json_file
from bench.errors import BenchError
from bench.json_file import check_keys, explain, load_object, write_whole
from bench.records.point import Point

ADVICE = "give another file"


def refusal(call: Callable[..., object], *arguments: object, **named: object) -> str:
    with pytest.raises(BenchError) as caught:
        call(*arguments, **named)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_an_object_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"a": [1, "\\u00e9"]}')
    assert load_object(path, advice=ADVICE) == {"a": [1, "é"]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[1]", "is not a JSON object: give another file"),
        (b"null", "is not a JSON object: give another file"),
        (b"{", "is not JSON ("),
        (b"\xff\xff", "is not JSON ("),
        (b"[" * 100_000, "is not JSON ("),
    ],
)
def test_other_content_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    error = refusal(load_object, path, advice=ADVICE)
    assert error.startswith(f"{path}: {message}")
    assert error.endswith(": give another file")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "none"
    message = f"{path}: cannot be read (No such file or directory): check the path"
    assert refusal(load_object, path, advice=ADVICE) == message


def test_a_file_has_a_largest_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, text = tmp_path / "a.json", json.dumps({"a": "é"}, ensure_ascii=False)
    monkeypatch.setattr(json_file, "MAX_BYTES", len(text.encode()))
    write_whole(path, text, advice=ADVICE)
    assert load_object(path, advice=ADVICE) == {"a": "é"}
    monkeypatch.setattr(json_file, "MAX_BYTES", len(text.encode()) - 1)
    size = len(text.encode()) - 1
    assert (
        refusal(load_object, path, advice=ADVICE)
        == f"{path}: is larger than {size} bytes: {ADVICE}"
    )
    message = f"{path}: would be larger than {size} bytes: {ADVICE}"
    assert refusal(write_whole, path, text, advice=ADVICE) == message


def test_the_first_unknown_key_is_named(tmp_path: Path) -> None:
    check_keys(tmp_path, {"a": 1}, ("a", "b"), advice=ADVICE)
    content = {"a": 1, "d": 1, "c": 1}
    message = f"{tmp_path}: c: unknown key: give another file"
    assert refusal(check_keys, tmp_path, content, ("a",), advice=ADVICE) == message
    evil = refusal(check_keys, tmp_path, {"\x1b" + "x" * 99: 1}, (), advice=ADVICE)
    assert evil == f"{tmp_path}: \ufffd{'x' * 59}: unknown key: give another file"


def test_a_file_is_written_into_a_new_folder_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "new" / "deep" / "a.json"
    write_whole(path, "one\ntwo é\n", advice=ADVICE)
    assert path.read_bytes() == "one\ntwo é\n".encode()
    write_whole(path, "three", advice=ADVICE)
    assert path.read_text() == "three"
    assert list(path.parent.iterdir()) == [path]


def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.json"
    path.write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    message = f"{path}: No space left on device: give another file"
    assert refusal(write_whole, path, "new", advice=ADVICE) == message
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    message = refusal(write_whole, tmp_path / "file" / "a.json", "new", advice=ADVICE)
    assert message.endswith(": give another file")


def explain_wrong_point(**fields: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        Point.model_validate({"network": "tsn", "frames": 8, **fields})
    return explain(caught.value)


def test_an_error_of_a_record_names_the_key() -> None:
    assert explain_wrong_point(frames=0) == "frames: Input should be greater than or equal to 1"
    assert explain_wrong_point(options=(("a", None),)).startswith("options.0.1.")


def test_a_misspelt_key_is_named_before_a_missing_one() -> None:
    with pytest.raises(ValidationError) as caught:
        Point.model_validate({"network": "tsn", "framse": 8})
    assert explain(caught.value) == "framse: unknown key"


def test_a_key_is_printable_and_cut_off() -> None:
    assert explain_wrong_point(**{"\x1b\n" + "x" * 99: 1}) == f"\ufffd {'x' * 58}: unknown key"


def test_other_errors_are_their_message_in_one_line() -> None:
    assert explain(BenchError("there is\n  no such thing\x1b")) == "there is no such thing\ufffd"
