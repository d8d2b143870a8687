from hypothesis import settings

from models.blvnet_tam import PairAggregation, SplitAggregation
from models.tam import TemporalAggregation
from tests.models.aggregations import assert_same, clips_of, frames_of, module_of


@settings(deadline=None, max_examples=40)
@clips_of
def test_a_split_one_gives_odd_and_even_frames(
    clips: int, pairs: int, channels: int, window: int
) -> None:
    whole, split = (
        module_of(kind, channels, 2 * pairs, window)
        for kind in (TemporalAggregation, SplitAggregation)
    )
    x = frames_of(clips * 2 * pairs, channels)
    every = whole(x)
    assert_same((split, split(x)), (whole, [every[1::2], every[::2]]), x)


@settings(deadline=None, max_examples=40)
@clips_of
def test_a_pair_one_is_over_frames_that_are_equal_by_pairs(
    clips: int, pairs: int, channels: int, window: int
) -> None:
    whole, by_pairs = (
        module_of(kind, channels, 2 * pairs, window)
        for kind in (TemporalAggregation, PairAggregation)
    )
    x = frames_of(clips * pairs, channels)
    every = whole(x.repeat_interleave(2, dim=0))
    assert_same((by_pairs, by_pairs(x)), (whole, [every[1::2], every[::2]]), x)
