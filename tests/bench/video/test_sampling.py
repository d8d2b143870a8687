from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import BenchError
from bench.video.sampling import Dense, Uniform

counts = st.integers(1, 64)
totals = st.integers(1, 400)


def test_uniform_takes_the_middle_of_each_segment() -> None:
    assert Uniform(4).testing(20) == ((2, 7, 12, 17),)
    assert Uniform(8).testing(36) == ((2, 6, 11, 15, 20, 24, 29, 33),)


def test_a_second_uniform_clip_takes_the_next_pictures() -> None:
    first, second = Uniform(4, clips=2).testing(20)
    assert first == (2, 7, 12, 17)
    assert second == (3, 8, 13, 18)


def test_clips_beside_the_middle_stay_within_their_segment() -> None:
    for clip in Uniform(4, clips=9).testing(12):
        assert [index // 3 for index in clip] == [0, 1, 2, 3]


def test_a_short_video_repeats_pictures() -> None:
    assert Uniform(4).testing(2) == ((0, 0, 1, 1),)
    assert Dense(4, stride=1).testing(3) == ((0, 1, 2, 0),)


def test_dense_clips_start_at_equal_distances() -> None:
    clips = Dense(8, clips=3, stride=8).testing(100)  # 37 starts: 0, 18, 36
    assert [clip[0] for clip in clips] == [0, 18, 36]
    assert clips[2][-1] == 36 + 7 * 8
    assert Dense(8, stride=8).testing(100)[0][0] == 0


@given(counts, totals)
def test_uniform_is_the_middle_in_the_authors_arithmetic(frames: int, total: int) -> None:
    tick = total / float(frames)
    (clip,) = Uniform(frames).testing(total)
    assert clip == tuple(int(tick / 2.0 + tick * x) for x in range(frames))
    for index, middle in zip(clip, _middles(frames, total), strict=True):
        assert floor(middle) - index in ({0, 1} if middle.denominator == 1 else {0})


def _middles(frames: int, total: int) -> list[Fraction]:
    return [Fraction(total * (2 * i + 1), 2 * frames) for i in range(frames)]


@given(counts, totals, st.integers(1, 10), st.integers(1, 16), st.integers(0, 2**32))
def test_every_clip_is_of_the_video(
    frames: int, total: int, clips: int, stride: int, seed: int
) -> None:
    for sampling in (Uniform(frames, clips), Dense(frames, clips, stride)):
        tested = sampling.testing(total)
        assert len(tested) == clips
        random = np.random.default_rng(seed)
        for clip in (*tested, sampling.training(total, random)):
            assert len(clip) == frames
            assert all(0 <= index < total for index in clip)
        uniform = Uniform(frames, clips)
        for clip in (*uniform.testing(total), uniform.training(total, random)):
            assert list(clip) == sorted(clip)


def test_training_takes_every_picture_of_a_segment_in_time() -> None:
    random = np.random.default_rng(0)
    seen = [Uniform(2).training(8, random) for _ in range(200)]
    assert {clip[0] for clip in seen} == {0, 1, 2, 3}
    assert {clip[1] for clip in seen} == {4, 5, 6, 7}
    starts = {Dense(2, stride=2).training(8, random)[0] for _ in range(200)}
    assert starts == {0, 1, 2, 3, 4}


@pytest.mark.parametrize(
    "bad", [lambda: Uniform(0), lambda: Uniform(8, clips=0), lambda: Dense(8, stride=0)]
)
def test_no_pictures_are_refused(bad: object) -> None:
    with pytest.raises(BenchError, match="at least 1, not 0"):
        bad()  # type: ignore[operator]
