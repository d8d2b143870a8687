"""The forms of a clip, on clips whose values tell where they come from."""

import pytest
import torch
from torch import Tensor

from models import NetworkError
from models.input_forms import FORMS

N, C, T, H, W = 2, 3, 8, 4, 5
CLIP = torch.arange(N * C * T * H * W).view(N, C, T, H, W)


def picture(clip: int, frame: int) -> Tensor:
    return CLIP[clip, :, frame]  # C x H x W


def converted(form: str, clip: Tensor = CLIP) -> Tensor:
    value = FORMS[form].convert(clip)
    assert isinstance(value, Tensor)
    return value


def test_time_first_has_frames_before_colours() -> None:
    assert torch.equal(converted("time_first")[1, 5], picture(1, 5))


def test_folded_has_the_frames_of_a_clip_one_after_the_other() -> None:
    assert torch.equal(converted("folded")[T + 5], picture(1, 5))


def test_stacked_has_the_colours_of_a_frame_one_after_the_other() -> None:
    assert converted("stacked").shape == (N, T * C, H, W)
    assert torch.equal(converted("stacked")[1, 5 * C : 6 * C], picture(1, 5))


@pytest.mark.parametrize("form", [name for name, form in FORMS.items() if form.frames_first])
def test_a_clip_stored_frame_by_frame_is_not_copied(form: str) -> None:
    stored = CLIP.transpose(1, 2).contiguous().transpose(1, 2)
    assert converted(form, stored).data_ptr() == stored.data_ptr()


@pytest.mark.parametrize(("ratio", "chosen"), [(4, [0, 7]), (8, [0])])
def test_pathways_are_some_frames_and_all(ratio: int, chosen: list[int]) -> None:
    pathways = FORMS[f"pathways_{ratio}"].convert(CLIP)
    assert isinstance(pathways, list)
    assert torch.equal(pathways[0], CLIP[:, :, chosen])
    assert pathways[1] is CLIP


def test_pathways_need_enough_frames() -> None:
    with pytest.raises(NetworkError, match="every 8th frame needs 8 frames"):
        FORMS["pathways_8"].convert(CLIP[:, :, :4])


def test_a_list_holds_the_clip() -> None:
    assert FORMS["list"].convert(CLIP) == [CLIP]
