import random
from itertools import pairwise

import pytest

from reports.plots import spread


@pytest.mark.parametrize(
    ("wanted", "places"),
    [
        ([], []),
        ([5], [5]),
        ([0, 10, 30], [0, 10, 30]),  # there is room
        ([0, 0], [-5, 5]),
        ([0, 2, 4], [-8, 2, 12]),
        ([0, 8, 100, 100], [-1, 9, 95, 105]),
        ([0, 12, 13], [-5 / 3, 25 / 3, 55 / 3]),  # two push the first
    ],
)
def test_labels_stand_as_near_as_they_can(wanted: list[float], places: list[float]) -> None:
    assert spread(wanted, [10] * len(wanted)) == pytest.approx(places)


def test_no_label_stands_upon_another() -> None:
    chance = random.Random(0)
    for _ in range(100):
        wanted = sorted(chance.uniform(0, 100) for _ in range(chance.randint(2, 12)))
        heights = [chance.choice([11, 22]) for _ in wanted]
        places = spread(wanted, heights)
        bounds = [
            (place - height / 2, place + height / 2)
            for place, height in zip(places, heights, strict=True)
        ]
        assert all(below[1] <= above[0] + 1e-9 for below, above in pairwise(bounds))
        assert sum(places) == pytest.approx(sum(wanted))
