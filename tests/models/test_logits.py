"""The logits in what networks return."""

from collections import OrderedDict, namedtuple
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from models import NetworkError
from models.logits import find_logits

CLASSES = 5
LOGITS, OTHERS, FEATURES = torch.zeros(2, CLASSES), torch.ones(2, CLASSES), torch.zeros(2, 7)
Outputs = namedtuple("Outputs", ["features", "cls_score"])


@pytest.mark.parametrize(
    ("answer", "where"),
    [
        (LOGITS, ""),
        ({"features": FEATURES, "logits": LOGITS}, "'logits'"),
        ({"aux": OTHERS, "out": LOGITS}, "'out'"),
        (OrderedDict(cls_score=LOGITS, aux=OTHERS), "'cls_score'"),
        ({"x": LOGITS, "features": FEATURES}, "'x'"),
        ({"logits": FEATURES, "head": LOGITS}, "'head'"),
        ((LOGITS, OTHERS), "number 0"),
        ([FEATURES, LOGITS], "number 1"),
        (Outputs(FEATURES, LOGITS), "'cls_score'"),
        (SimpleNamespace(loss=None, logits=LOGITS), "'logits'"),
    ],
)
def test_logits_are_found(answer: Any, where: str) -> None:
    logits, place = find_logits(answer, CLASSES)
    assert logits is LOGITS
    assert place == where


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        ({"logits": OTHERS, "main": LOGITS}, "main"),
        ((OTHERS, LOGITS), "1"),
        (SimpleNamespace(logits=OTHERS, main=LOGITS), "main"),
        (LOGITS, "main"),  # a tensor in evaluation, and a dict in training
    ],
)
def test_logits_are_named(answer: Any, name: str) -> None:
    assert find_logits(answer, CLASSES, name)[0] is LOGITS


@pytest.mark.parametrize(
    ("answer", "name", "text"),
    [
        ({"a": LOGITS, "b": OTHERS}, "", "dict of a, b: name its logits with --output: a or b"),
        ({"a": FEATURES}, "", "returns dict of a: let forward return its logits"),
        ((FEATURES,), "", "returns tuple of 1: let forward return its logits"),
        ({"a": LOGITS}, "c", "returns dict of a, without a tensor 'c': its tensors are a"),
        ((LOGITS,), "1", "without a tensor '1': its tensors are 0"),
        (None, "", "returns NoneType: let forward return its logits"),
        ("text", "", "returns str: let forward return its logits"),
    ],
)
def test_an_answer_without_them_says_what_there_is(answer: Any, name: str, text: str) -> None:
    with pytest.raises(NetworkError, match=text):
        find_logits(answer, CLASSES, name)
