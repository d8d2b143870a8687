import pytest
import torch

from models import NetworkError
from models.clip import fold_frames, unfold_frames
from tests.models.networks import BUILDABLE, build, small_clip


def test_folding_puts_the_frames_of_a_clip_one_after_another() -> None:
    clip = torch.arange(2 * 3 * 4 * 5 * 6).reshape(2, 3, 4, 5, 6)
    folded = fold_frames(clip)
    assert folded.shape == (8, 3, 5, 6)
    assert torch.equal(folded[5], clip[1, :, 1])
    assert torch.equal(unfold_frames(folded, 4).transpose(1, 2), clip)


def test_a_clip_stored_frame_by_frame_is_folded_without_a_copy() -> None:
    clip = torch.zeros(2, 4, 3, 5, 6).transpose(1, 2)
    assert fold_frames(clip).data_ptr() == clip.data_ptr()


@pytest.mark.parametrize("name", BUILDABLE)
def test_a_clip_of_another_shape_is_refused(name: str) -> None:
    n, c, t, h, w = small_clip(name)
    with torch.device("meta"):
        model = build(name)
        for shape in ((n, c, t + 1, h, w), (n, 1, t, h, w), (c, t, h, w)):
            with pytest.raises(NetworkError, match=f"N x 3 x {t} x H x W"):
                model(torch.empty(shape))
