import math
from typing import Any

import pytest

from bench.errors import BenchError
from bench.video.recipe import Recipe


def rates(recipe: Recipe, steps: int) -> list[float]:
    return [recipe.rate(step, steps) for step in range(steps)]


def test_the_rate_falls_as_a_cosine() -> None:
    half = math.sqrt(0.5)
    expected = [1, (1 + half) / 2, 0.5, (1 - half) / 2]
    assert rates(Recipe(learning_rate=1.0), 4) == pytest.approx(expected)
    assert Recipe(learning_rate=1.0).rate(4, 4) == 0


def test_it_first_rises_to_what_it_would_be() -> None:
    plain, warm = (rates(Recipe(learning_rate=2.0, warm_up=w), 8) for w in (0.0, 0.5))
    assert [a / b for a, b in zip(warm, plain, strict=True)] == pytest.approx(
        [0.25, 0.5, 0.75, 1, 1, 1, 1, 1]
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"epochs": 1, "batch": 2},
        *({name: 0.0} for name in ("learning_rate", "weight_decay", "classifier_std")),
        *({name: end} for name in ("momentum", "warm_up", "dropout") for end in (0.0, 1.0)),
        {"learning_rate": 1e9},
        {"clip_norm": 1e-9},
        {"clip_norm": math.inf},
    ],
)
def test_the_ends_of_a_range_are_in_it(fields: dict[str, Any]) -> None:
    assert Recipe(**fields)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"epochs": 0},
            "a training run needs at least 1 epoch and batches of 2 clips, not 0 and 64",
        ),
        (
            {"batch": 1},
            "a training run needs at least 1 epoch and batches of 2 clips, not 50 and 1",
        ),
        ({"momentum": 1.1}, "momentum must be a number from 0 to 1, not 1.1"),
        ({"warm_up": -0.1}, "warm_up must be a number from 0 to 1, not -0.1"),
        ({"dropout": math.nan}, "dropout must be a number from 0 to 1, not nan"),
        ({"learning_rate": math.inf}, "learning_rate must be a number from 0 to inf, not inf"),
        ({"weight_decay": -1.0}, "weight_decay must be a number from 0 to inf, not -1.0"),
        ({"classifier_std": math.nan}, "classifier_std must be a number from 0 to inf, not nan"),
        ({"clip_norm": 0.0}, "clip_norm must be more than 0, not 0.0"),
        ({"clip_norm": math.nan}, "clip_norm must be more than 0, not nan"),
    ],
)
def test_what_makes_no_sense_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(BenchError) as caught:
        Recipe(**fields)
    assert str(caught.value) == message
