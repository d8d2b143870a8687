"""The motions of `arrow-of-time` and how they are drawn: pairs that differ only in direction.

A drawing is F x H x W x 3, uint8, RGB, with F = `LENGTH` and H = W = `SIZE`. Positions and sizes
are shares of a side. A mask is F x H x W: the share of each pixel that a shape covers. A shape that
stands still has F = 1.
"""

import colorsys
from collections.abc import Callable
from dataclasses import dataclass
from math import pi
from typing import Literal

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

SIZE = 64
LENGTH = 36  # 4, 8, 12 and 16 uniform frames of it are symmetric about its middle
PERIOD = 9  # pictures of a fast cycle: 8 frames are half a cycle apart, 16 a quarter
# The lengths of a cue of the tier `long` in pictures, 11 excluded: 4 frames or more contain it.
CUE = (9, 11)

Array = NDArray[np.float64]
Tier = Literal["adjacent", "long", "fast"]

_down, _across = (np.mgrid[0:SIZE, 0:SIZE] + 0.5) / SIZE
_time = np.linspace(-0.5, 0.5, LENGTH)


@dataclass(frozen=True)
class ColouredMask:
    """A mask and its colour, F x 3, from 0 to 1."""

    mask: Array
    colours: Array


@dataclass(frozen=True)
class MotionPair:
    """A motion and its reverse, which are two classes."""

    tier: Tier
    forwards: str
    backwards: str
    layers: Callable[[Generator], list[ColouredMask]]


def draw_motion(pair: MotionPair, random: Generator) -> NDArray[np.uint8]:
    """The pictures of `pair` forwards, on a random background, with noise."""
    pictures = _background(random)[None].astype(np.float32)  # 1 x H x W x 3
    for layer in (*_distractors(random), *pair.layers(random)):
        mask = layer.mask[..., None].astype(np.float32)  # F or 1 x H x W x 1
        colours = layer.colours[:, None, None].astype(np.float32)  # F or 1 x 1 x 1 x 3
        pictures = pictures + mask * (colours - pictures)  # F or 1 x H x W x 3
    noise = random.standard_normal((LENGTH, SIZE, SIZE, 3), dtype=np.float32)
    noise *= random.uniform(0, 0.04)
    return (np.clip(pictures + noise, 0, 1) * 255).astype(np.uint8)


def _background(random: Generator) -> Array:
    """A smooth pattern, H x W x 3."""
    knots = int(random.integers(2, 6))
    values = random.normal(size=(knots, knots, 3))
    position = np.linspace(0, knots - 1, SIZE)
    before = np.minimum(position.astype(int), knots - 2)
    beyond = (position - before)[:, None, None]
    rows = values[before] * (1 - beyond) + values[before + 1] * beyond  # H x knots x 3
    beyond = beyond.transpose(1, 0, 2)
    pattern: Array = rows[:, before] * (1 - beyond) + rows[:, before + 1] * beyond  # H x W x 3
    return 0.4 + 0.12 * pattern


def _distractors(random: Generator) -> list[ColouredMask]:
    """Up to two small squares at rest."""
    return [
        _layer(_box(random.random(), random.random(), side, side, random.uniform(0, pi)), random)
        for side in random.uniform(0.04, 0.08, size=random.integers(0, 3))
    ]


def _slides_across(random: Generator) -> list[ColouredMask]:
    return [_layer(_box(_path(random), *_bar(random)), random)]


def _slides_down(random: Generator) -> list[ColouredMask]:
    across, thin, long = _bar(random)
    return [_layer(_box(across, _path(random), long, thin), random)]


def _path(random: Generator) -> Array:
    """A path that covers most of the way from one side to the other."""
    span = random.uniform(0.55, 0.8)
    middle = 0.5 + random.uniform(-1, 1) * (0.42 - span / 2)
    way: Array = middle + span * _time
    return way


def _bar(random: Generator) -> tuple[float, float, float]:
    """The position of a bar across its motion, and half of each of its sides."""
    return random.uniform(0.35, 0.65), random.uniform(0.07, 0.11), random.uniform(0.25, 0.35)


def _grows(random: Generator) -> list[ColouredMask]:
    least = random.uniform(0.08, 0.14)
    radius = least + random.uniform(0.2, 0.28) * (_time + 0.5)
    distance = _distance(*random.uniform(0.42, 0.58, size=2))
    half = random.uniform(0.04, 0.06)
    return [_layer(_soft(np.abs(distance - _each(radius)) - half), random)]


def _disc_then_cross(random: Generator) -> list[ColouredMask]:
    first, last = _cues(random)
    across, down = random.uniform(0.4, 0.6, size=2)
    size = random.uniform(0.2, 0.28)
    disc = _soft(_distance(across, down) - size)
    arms = [_box(across, down, size, size * 0.3, turn) for turn in (pi / 4, -pi / 4)]
    colours = _colours(random)
    return [ColouredMask(disc * first, colours), ColouredMask(np.maximum(*arms) * last, colours)]


def _left_then_right(random: Generator) -> list[ColouredMask]:
    first, last = _cues(random)
    down, half = random.uniform(0.35, 0.65), random.uniform(0.14, 0.2)
    left, right = random.uniform(0.2, 0.3), random.uniform(0.7, 0.8)
    colours = _colours(random)
    return [
        ColouredMask(_box(across, down, half, half, pi / 4) * shown, colours)
        for across, shown in ((left, first), (right, last))
    ]


def _cues(random: Generator) -> tuple[Array, Array]:
    """The times of two cues of equal length, near the start and near the end: F x 1 x 1 each."""
    start, length = int(random.integers(2, 5)), int(random.integers(*CUE))
    shown = np.zeros((LENGTH, 1, 1))
    shown[start : start + length] = 1
    return shown, shown[::-1]


def _orbits(random: Generator) -> list[ColouredMask]:
    turn = 2 * pi * _cycle(random)
    radius = random.uniform(0.22, 0.3)
    across, down = random.uniform(0.44, 0.56, size=2)
    distance = _distance(across + radius * np.cos(turn), down + radius * np.sin(turn))
    return [_layer(_soft(distance - random.uniform(0.12, 0.17)), random)]


def _cycles_hues(random: Generator) -> list[ColouredMask]:
    hues = _cycle(random) % 1
    colours = np.array([colorsys.hsv_to_rgb(hue, 1, 0.9) for hue in hues])
    across, down = random.uniform(0.42, 0.58, size=2)
    return [ColouredMask(_box(across, down, *random.uniform(0.25, 0.35, size=2)), colours)]


def _scrolls(random: Generator) -> list[ColouredMask]:
    waves = random.uniform(1.5, 2.5) * _across - _each(_cycle(random))  # F x H x W
    distance = _distance(*random.uniform(0.42, 0.58, size=2))
    disc = _soft(distance - random.uniform(0.35, 0.42))
    return [_layer(disc * (np.sin(2 * pi * waves) > 0), random)]


def _cycle(random: Generator) -> Array:
    """The turns of a fast cycle at each picture, from a random start."""
    turns: Array = random.random() + np.arange(LENGTH) / (PERIOD * random.uniform(0.95, 1.05))
    return turns


def _layer(mask: Array, random: Generator) -> ColouredMask:
    return ColouredMask(mask, _colours(random))


def _colours(random: Generator) -> Array:
    """One bright colour for all pictures, 1 x 3."""
    saturation, brightness = random.uniform(0.5, 1), random.uniform(0.6, 1)
    colour = colorsys.hsv_to_rgb(random.random(), saturation, brightness)
    return np.array([colour])


def _box(
    across: float | Array,
    down: float | Array,
    half_width: float,
    half_height: float,
    turn: float = 0,
) -> Array:
    """The mask of a rectangle around a position, rotated by `turn`."""
    x, y = _across - _each(across), _down - _each(down)  # F x H x W
    sideways = np.abs(np.cos(turn) * x + np.sin(turn) * y) - half_width
    above = np.abs(np.cos(turn) * y - np.sin(turn) * x) - half_height
    return _soft(np.maximum(sideways, above))


def _distance(across: float | Array, down: float | Array) -> Array:
    """The distance of each pixel from a position, F x H x W."""
    distance: Array = np.hypot(_across - _each(across), _down - _each(down))
    return distance


def _each(values: float | Array) -> Array:
    """One value for each picture, or one for all, as F x 1 x 1 or 1 x 1 x 1."""
    return np.asarray(values, dtype=np.float64).reshape(-1, 1, 1)


def _soft(outside: Array) -> Array:
    """The mask of the pixels where `outside` is negative, with an edge of one pixel."""
    return np.clip(0.5 - outside * SIZE, 0, 1)


PAIRS = (
    MotionPair("adjacent", "a bar slides right", "a bar slides left", _slides_across),
    MotionPair("adjacent", "a bar slides down", "a bar slides up", _slides_down),
    MotionPair("adjacent", "a ring grows", "a ring shrinks", _grows),
    MotionPair("long", "a disc, later a cross", "a cross, later a disc", _disc_then_cross),
    MotionPair("long", "left, later right", "right, later left", _left_then_right),
    MotionPair("fast", "a disc orbits clockwise", "a disc orbits anticlockwise", _orbits),
    MotionPair("fast", "hues turn to green", "hues turn to purple", _cycles_hues),
    MotionPair("fast", "stripes scroll right", "stripes scroll left", _scrolls),
)
