import pytest
from pydantic import ValidationError

from suites.published_range import TOLERANCE, PublishedRange

RANGE, FIGURE = PublishedRange(low=3.0, high=4.0), PublishedRange(low=2.0, high=2.0)


def test_the_bound_is_a_tenth_below_a_figure_or_the_lower_end_of_a_range() -> None:
    assert TOLERANCE == 0.1
    assert (RANGE.bound, FIGURE.bound) == (2.7, 1.8)


@pytest.mark.parametrize(
    ("published", "ratio", "distance", "text"),
    [
        (RANGE, 2.742, -0.086, "8.6 % below 3x to 4x"),
        (RANGE, 3.882, 0.0, "within 3x to 4x"),
        (RANGE, 5.0, 0.25, "25.0 % above 3x to 4x"),
        (FIGURE, 1.7, -0.15, "15.0 % below 2x"),
        (FIGURE, 2.0, 0.0, "within 2x"),
        (FIGURE, 2.1, 0.05, "5.0 % above 2x"),
    ],
)
def test_a_ratio_stands_below_within_or_above_what_was_published(
    published: PublishedRange, ratio: float, distance: float, text: str
) -> None:
    assert published.distance(ratio) == pytest.approx(distance)
    assert published.describe(ratio) == text


@pytest.mark.parametrize("ends", [(4.0, 3.0), (0.0, 1.0), (-1.0, 1.0)])
def test_an_impossible_range_is_refused(ends: tuple[float, float]) -> None:
    with pytest.raises(ValidationError):
        PublishedRange(low=ends[0], high=ends[1])
