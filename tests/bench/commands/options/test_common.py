from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path

import pytest

from bench.commands import Parser, UsageError
from bench.commands.options.common import add_model, add_time_limit, size_bytes


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("16GiB", 16 * 2**30),
        ("16 GiB", 16 * 2**30),
        ("16GB", 16 * 10**9),
        (" 1.5kB ", 1500),
        ("1.5KiB", 1536),
        ("2MB", 2_000_000),
        ("2TiB", 2**41),
    ],
)
def test_sizes_with_an_i_have_powers_of_1024_others_of_1000(text: str, size: int) -> None:
    assert size_bytes(text) == size


@pytest.mark.parametrize(
    "text", ["16", "16G", "GiB", "0GiB", "0.0GiB", "0.0001kB", "-1GiB", "1,5GiB", "1PB"]
)
def test_other_text_is_not_a_size(text: str) -> None:
    with pytest.raises(ArgumentTypeError) as caught:
        size_bytes(text)
    assert str(caught.value) == f"{text!r} is not a size: write a number and a unit, such as 16GiB"


def make_parser() -> ArgumentParser:
    parser = Parser(prog="p")
    add_time_limit(parser)
    return parser


def test_a_time_limit_is_in_seconds() -> None:
    assert make_parser().parse_args([]).time_limit == 600.0
    assert make_parser().parse_args(["--time-limit", "0.5"]).time_limit == 0.5


@pytest.mark.parametrize("text", ["0", "-1", "inf", "nan", "soon"])
def test_a_time_limit_is_finite_and_positive(text: str) -> None:
    with pytest.raises(
        UsageError, match=f"'{text}' is not a time limit: write seconds, more than 0"
    ):
        make_parser().parse_args([f"--time-limit={text}"])


def test_the_path_of_a_model_is_normalised() -> None:
    parser = Parser(prog="p")
    add_model(parser, "measure it")
    assert parser.parse_args([]).model is None
    assert parser.parse_args(["--model", "./a/../net.py:Net"]).model == "net.py:Net"
    with pytest.raises(UsageError, match=r"'net\.py' has no factory: write path/to/file\.py:fa"):
        parser.parse_args(["--model", "net.py"])


def test_models_may_be_repeated() -> None:
    parser = Parser(prog="p")
    add_model(parser, "measure them", several=True)
    assert parser.parse_args([]).model == []
    line = ["--model", "a.py:A", "--model", "b.py:B"]
    assert parser.parse_args(line).model == ["a.py:A", "b.py:B"]


def test_a_file_has_one_name_however_its_path_is_spelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    monkeypatch.chdir(inner)
    parser = Parser(prog="p")
    add_model(parser, "measure")

    def name(spelled: str) -> str:
        return str(parser.parse_args(["--model", f"{spelled}:build"]).model)

    within = (
        "net.py",
        "./net.py",
        f"{inner}/net.py",
        "../inner/net.py",
        f"{tmp_path}//inner/net.py",
    )
    assert {name(one) for one in within} == {"net.py:build"}
    outside = ("../net.py", f"{inner}/../net.py", f"{tmp_path}/net.py")
    assert {name(one) for one in outside} == {f"{tmp_path.resolve()}/net.py:build"}
