import pytest
import torch
from torch import Tensor

from models.arrangements import evaluate, put_before, sources, substitute

WEIGHTS = {
    "qkv": torch.arange(12.0).view(6, 2),
    "q": torch.zeros(2, 2),
    "k": torch.ones(2, 2),
    "token": torch.arange(3.0).view(1, 1, 3),
    "number": torch.tensor(1.0),
}


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("blocks.0.attn.qkv.weight", ("blocks.0.attn.qkv.weight",)),
        ("qkv [1/3]", ("qkv",)),
        ("token [0] [0]", ("token",)),
        ("q + k", ("q", "k")),
        ("a+b[0]", ("a+b[0]",)),  # a name with such signs is a name
    ],
)
def test_sources_of_an_expression(expression: str, names: tuple[str, ...]) -> None:
    assert sources(expression) == names


def test_prefixes_and_other_names_leave_the_arrangement_as_it_is() -> None:
    assert put_before("module.", "q + k [0]") == "module.q + module.k [0]"
    assert substitute("q [1/3] + k", {"q": "module.q"}) == "module.q [1/3] + k"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("qkv", WEIGHTS["qkv"]),
        ("qkv [1/3]", torch.tensor([[4.0, 5.0], [6.0, 7.0]])),
        ("q + k", torch.tensor([[0.0, 0.0], [0.0, 0.0], [1.0, 1.0], [1.0, 1.0]])),
        ("token [0]", torch.tensor([[0.0, 1.0, 2.0]])),
        ("token [0] [0]", torch.tensor([0.0, 1.0, 2.0])),
    ],
)
def test_weights_are_arranged(expression: str, expected: Tensor) -> None:
    assert torch.equal(evaluate(expression, WEIGHTS), expected)


@pytest.mark.parametrize(
    ("expression", "as_it_is"),
    [
        ("qkv [0/4]", "qkv"),  # 6 rows are not 4 equal parts
        ("qkv [0]", "qkv"),  # nothing of a longer axis is dropped
        ("number [0/3]", "number"),
        ("q + qkv", "q"),  # parts of other shapes
    ],
)
def test_what_cannot_be_arranged_keeps_its_shape(expression: str, as_it_is: str) -> None:
    assert torch.equal(evaluate(expression, WEIGHTS), WEIGHTS[as_it_is])
