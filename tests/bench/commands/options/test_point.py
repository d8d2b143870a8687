from typing import get_args

import pytest

from bench.commands import Parser, UsageError
from bench.commands.options.point import CHOICES, STEP_CHOICES, add_network, add_point, point_of
from bench.records.point import Point
from suites.step import StepOptions


def parse(*line: str) -> Point:
    parser = Parser(prog="p")
    add_point(parser)
    return point_of(parser.parse_args(line))


def test_a_network_alone_has_16_frames() -> None:
    assert parse("tsn") == Point(network="tsn", frames=16)


def test_every_field_has_a_flag() -> None:
    line = "tam --depth 101 --frames 8 --batch 4 --input-size 112 --num-classes 10 --mode train"
    ways = "--precision bf16 --execution compile --memory-format channels_last --option window=5"
    assert parse(*line.split(), *ways.split()) == Point(
        network="tam",
        depth=101,
        frames=8,
        batch=4,
        input_size=112,
        num_classes=10,
        mode="train",
        precision="bf16",
        execution="compile",
        memory_format="channels_last",
        options=(("window", 5),),
    )


@pytest.mark.parametrize("name", CHOICES)
def test_a_choice_offers_every_value_of_its_field(name: str) -> None:
    flag = f"--{name.replace('_', '-')}"
    for value in get_args(CHOICES[name][0]):
        assert getattr(parse("tsn", flag, value), name) == value
    with pytest.raises(UsageError, match=f"argument {flag}: invalid choice: 'x'"):
        parse("tsn", flag, "x")


@pytest.mark.parametrize("name", STEP_CHOICES)
def test_a_training_step_has_a_flag_for_every_option(name: str) -> None:
    for value in get_args(STEP_CHOICES[name][0]):
        found = parse("tsn", "--mode", "train", f"--{name}", value)
        assert found.step == StepOptions.model_validate({name: value})
    assert set(STEP_CHOICES) == set(StepOptions.model_fields) - {"accumulation"}
    assert parse("tsn", "--mode", "train", "--accumulation", "4").step.accumulation == 4


def test_inference_has_no_options_of_a_training_step() -> None:
    with pytest.raises(UsageError, match=r"^Adam: options of a training step need --mode train$"):
        parse("tsn", "--optimizer", "adam")
    with pytest.raises(UsageError, match=r"--accumulation: .* greater than or equal to 1, not 0"):
        parse("tsn", "--mode", "train", "--accumulation", "0")


def test_options_are_numbers_booleans_or_text() -> None:
    texts = ("a=5", "b=0.5", "c=true", "d=false", "e=max", "f=1e3", "g=x=y", "h=")
    found = parse("tsn", *(part for text in texts for part in ("--option", text)))
    values = {"a": 5, "b": 0.5, "c": True, "d": False, "e": "max", "f": 1000.0, "g": "x=y", "h": ""}
    assert dict(found.options) == values
    assert [type(value) for _, value in found.options] == [type(v) for v in values.values()]


def test_an_option_needs_a_value() -> None:
    with pytest.raises(UsageError, match=r"^--option takes NAME=VALUE, not 'window'$"):
        parse("tsn", "--option", "window")


@pytest.mark.parametrize("name", ["frames", "batch", "input-size", "num-classes", "depth"])
def test_a_number_is_at_least_1(name: str) -> None:
    message = f"^--{name}: Input should be greater than or equal to 1, not 0$"
    with pytest.raises(UsageError, match=message):
        parse("tsn", f"--{name}", "0")


def test_a_file_needs_the_flag_model() -> None:
    assert parse("--model", "net.py:Net").network == "net.py:Net"
    with pytest.raises(
        UsageError, match=r"^net\.py:Net is a file: give it with --model, which runs it"
    ):
        parse("net.py:Net")
    with pytest.raises(UsageError, match="not allowed with argument"):
        parse("tsn", "--model", "net.py:Net")
    with pytest.raises(UsageError, match="one of the arguments network --model is required"):
        parse()


def test_a_command_may_add_fields_and_make_the_network_optional() -> None:
    parser = Parser(prog="p")
    add_network(parser, "train", is_needed=False)
    assert parser.parse_args([]).network is None
    arguments = parser.parse_args(["tsn", "--frames", "8"])
    assert point_of(arguments, num_classes=3, seed=2) == Point(
        network="tsn", frames=8, num_classes=3, seed=2
    )
    assert point_of(arguments, frames=4).frames == 4  # fields of the command take precedence
