from typing import Any

import pytest
import torch
from torch import nn

from bench.errors import BenchError
from bench.workload.clips import blank_clip, check_clip_shape


def test_a_clip_is_contiguous_zeros() -> None:
    clip = blank_clip(nn.Identity(), (2, 3, 4, 5, 6))
    assert clip.shape == (2, 3, 4, 5, 6)
    assert clip.is_contiguous()
    assert clip.dtype is torch.float32
    assert not clip.any()


def test_for_a_trunk_over_frames_it_is_stored_frame_by_frame() -> None:
    model = nn.Identity()
    model.frames_first = True  # type: ignore[assignment]
    clip = blank_clip(model, (2, 3, 4, 5, 6))
    assert clip.shape == (2, 3, 4, 5, 6)
    assert clip.transpose(1, 2).is_contiguous()
    assert not clip.any()


def test_a_shape_has_five_sides_of_1_or_more() -> None:
    check_clip_shape((1, 1, 1, 1, 1))
    wrong: list[tuple[Any, ...]] = [
        (3, 4, 5, 6),
        (1, 3, 8, 224, 224, 1),
        (1, 3, 0, 5, 6),
        (1, 3, 8, -1, 6),
        (1, 3, 8.0, 5, 6),
    ]
    for shape in wrong:
        with pytest.raises(BenchError) as caught:
            check_clip_shape(shape)
        assert (
            str(caught.value) == f"a clip's shape is (N, C, T, H, W), each at least 1, not {shape}"
        )
