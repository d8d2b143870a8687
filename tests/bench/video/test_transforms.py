import pytest
import torch
from torch import Tensor

from bench.errors import BenchError
from bench.video.transforms import MEAN, STD, EvaluationCrops, TrainingCrop, as_clip, crop_shapes


def _places(height: int, width: int) -> Tensor:
    """Pictures, 2 x 3 x H x W, whose red is the row and whose green is the column."""
    rows = torch.arange(height).view(-1, 1).expand(height, width)
    columns = torch.arange(width).expand(height, width)
    return torch.stack([rows, columns, rows * 0]).to(torch.uint8).expand(2, 3, height, width)


def _corner(clip: Tensor) -> tuple[int, int]:
    """The row and the column of the first pixel of 3 x T x S x S."""
    row, column = ((clip[c, 0, 0, 0] * STD[c] + MEAN[c]) * 255 for c in (0, 1))
    return round(float(row)), round(float(column))


def test_one_crop_is_the_centre() -> None:
    (clip,) = EvaluationCrops(40, 60)(_places(60, 100))
    assert clip.shape == (3, 2, 40, 40)
    assert _corner(clip) == (10, 30)


def test_three_crops_lie_along_the_longer_side() -> None:
    wide = EvaluationCrops(60, 60, 3)(_places(60, 100))
    assert [_corner(clip) for clip in wide] == [(0, 0), (0, 20), (0, 40)]
    tall = EvaluationCrops(40, 60, 3)(_places(100, 60))
    assert [_corner(clip) for clip in tall] == [(0, 10), (30, 10), (60, 10)]


def test_ten_crops_are_corners_and_centre_and_their_mirrors() -> None:
    clips = EvaluationCrops(40, 60, 10)(_places(60, 100))
    corners = [_corner(clip) for clip in clips]
    assert set(corners[:5]) == {(0, 0), (0, 60), (20, 0), (20, 60), (10, 30)}
    assert {(row, column - 39) for row, column in corners[5:]} == set(corners[:5])


def test_the_short_side_is_resized() -> None:
    assert EvaluationCrops(32, 64)(_places(128, 200)).shape == (1, 3, 2, 32, 32)


def test_crops_that_do_not_fit_are_refused() -> None:
    with pytest.raises(BenchError, match="224 pixels do not fit into a short side of 200"):
        EvaluationCrops(224, 200)


def test_shapes_of_training_crops_are_at_most_one_scale_apart() -> None:
    assert crop_shapes(240, 320) == [
        *((240, 240), (240, 210), (210, 240), (210, 210), (210, 180)),
        *((180, 210), (180, 180), (180, 158), (158, 180), (158, 158)),
    ]


def test_training_crops_cover_the_picture_and_stay_within() -> None:
    torch.manual_seed(0)
    pictures = _places(64, 96)
    corners = {_corner(TrainingCrop(64, flip=False)(pictures)) for _ in range(300)}
    assert {(0, 0), (0, 32)} <= corners
    assert all(row < 64 and column < 96 for row, column in corners)


def test_left_and_right_are_changed_only_where_that_is_allowed() -> None:
    torch.manual_seed(0)
    pictures = _places(64, 64)

    def rises(flip: bool) -> set[bool]:
        clips = [TrainingCrop(64, flip=flip)(pictures) for _ in range(40)]
        return {bool(clip[1, 0, 0, -1] > clip[1, 0, 0, 0]) for clip in clips}

    assert rises(flip=False) == {True}
    assert rises(flip=True) == {True, False}


def test_a_clip_is_normalised() -> None:
    clip = as_clip(torch.full((4, 3, 2, 2), 255, dtype=torch.uint8))
    assert clip.shape == (3, 4, 2, 2)
    assert clip[0, 0, 0, 0] == pytest.approx((1 - MEAN[0]) / STD[0])
