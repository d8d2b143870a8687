import pytest
from pydantic import ValidationError

from bench.records.record import Number, Record, Scalar, Size
from bench.text import Text


class Example(Record):
    size: Size
    number: Number = 0
    scalar: Scalar = ""
    text: Text = ""


def test_a_record_is_frozen_and_has_no_unknown_fields() -> None:
    record = Example(size=1)
    with pytest.raises(ValidationError):
        record.size = 2  # type: ignore[misc]  # that is what is tested
    with pytest.raises(ValidationError, match="surprise"):
        Example.model_validate({"size": 1, "surprise": 1})


@pytest.mark.parametrize(
    "wrong",
    [
        {"size": -1},
        {"size": 2**63},
        {"size": "1"},
        {"size": 1.0},
        {"size": 1, "number": float("nan")},
        {"size": 1, "number": 10**400},
        {"size": 1, "scalar": float("inf")},
        {"size": 1, "scalar": None},
    ],
)
def test_types_are_exact_and_numbers_are_bounded(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Example.model_validate(wrong)


def test_a_scalar_keeps_its_type_and_a_text_is_printable() -> None:
    for value in (True, 3, 0.5, "a"):
        assert type(Example(size=0, scalar=value).scalar) is type(value)
    assert Example(size=0, text="a\nb").text == "a b"
