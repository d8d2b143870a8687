import numpy as np
import pytest
from numpy.random import default_rng

from bench.video import motions
from bench.video.motions import CUE, LENGTH, PAIRS, SIZE, MotionPair, draw_motion

BY_NAME = {pair.forwards: pair for pair in PAIRS}


def centres(name: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Where a motion's shape is in each picture, across and down, in shares of a side."""
    layer = BY_NAME[name].layers(default_rng(seed))[-1]
    mask = np.broadcast_to(layer.mask, (LENGTH, SIZE, SIZE))
    total = mask.sum(axis=(1, 2))
    across = (mask * motions._across).sum(axis=(1, 2)) / total
    down = (mask * motions._down).sum(axis=(1, 2)) / total
    return across, down


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.forwards)
def test_a_drawing_is_of_bytes_and_its_generator_decides_it(pair: MotionPair) -> None:
    pictures = draw_motion(pair, default_rng(3))
    assert pictures.shape == (LENGTH, SIZE, SIZE, 3)
    assert pictures.dtype == np.uint8
    assert np.array_equal(pictures, draw_motion(pair, default_rng(3)))
    assert not np.array_equal(pictures, draw_motion(pair, default_rng(4)))


@pytest.mark.parametrize("seed", range(3))
def test_bars_slide_right_and_down(seed: int) -> None:
    across, down = centres("a bar slides right", seed)
    assert (np.diff(across) > 0).all()
    assert across[-1] - across[0] > 0.5
    assert np.ptp(down) < 0.01
    across, down = centres("a bar slides down", seed)
    assert (np.diff(down) > 0).all()
    assert down[-1] - down[0] > 0.5
    assert np.ptp(across) < 0.01


@pytest.mark.parametrize("seed", range(3))
def test_a_ring_grows(seed: int) -> None:
    (layer,) = BY_NAME["a ring grows"].layers(default_rng(seed))
    covered = layer.mask.sum(axis=(1, 2))
    assert (np.diff(covered) > 0).all()


@pytest.mark.parametrize("seed", range(3))
def test_cues_are_equally_long_and_lie_alike_from_both_ends(seed: int) -> None:
    first, last = motions._cues(default_rng(seed))
    shown = int(first.sum())
    assert CUE[0] <= shown < CUE[1]
    assert np.array_equal(first, last[::-1])
    assert not (first * last).any()


def test_a_cue_begins_at_one_of_three_pictures() -> None:
    starts = {int(motions._cues(default_rng(seed))[0].argmax()) for seed in range(30)}
    assert starts == {2, 3, 4}


def test_what_is_left_comes_before_what_is_right() -> None:
    left, right = BY_NAME["left, later right"].layers(default_rng(0))
    for layer, half in ((left, motions._across < 0.5), (right, motions._across > 0.5)):
        assert layer.mask.any()
        assert not (layer.mask * ~half).any()
    assert left.mask.any(axis=(1, 2)).argmax() < right.mask.any(axis=(1, 2)).argmax()


@pytest.mark.parametrize("seed", range(3))
def test_a_disc_orbits_clockwise(seed: int) -> None:
    across, down = centres("a disc orbits clockwise", seed)
    x, y = across - across.mean(), down - down.mean()  # down grows downwards
    turned = np.cross(
        np.stack([x[:-1], y[:-1], 0 * x[1:]], axis=1), np.stack([x[1:], y[1:], 0 * x[1:]], axis=1)
    )
    assert (turned[:, 2] > 0).all()


@pytest.mark.parametrize("seed", range(3))
def test_what_stands_still_is_the_background_and_up_to_two_squares(seed: int) -> None:
    squares = motions._distractors(default_rng(seed))
    assert len(squares) <= 2
    assert all(layer.mask.shape == (1, SIZE, SIZE) for layer in squares)
    assert {len(motions._distractors(default_rng(n))) for n in range(30)} == {0, 1, 2}


def test_a_box_covers_its_sides_with_an_edge_of_a_pixel() -> None:
    (mask,) = motions._box(0.5, 0.5, 0.25, 0.125)
    assert mask.sum() == pytest.approx(0.5 * 0.25 * SIZE**2)
    assert mask[SIZE // 2, SIZE // 2] == 1
    assert mask[0, 0] == 0
    (turned,) = motions._box(0.5, 0.5, 0.25, 0.125, np.pi / 2)
    assert np.allclose(turned, mask.T, atol=1e-6)
