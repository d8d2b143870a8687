import pytest
import torch

import models
from models import NetworkError
from models.clip import fold_frames, unfold_frames


def test_folding_puts_the_frames_of_a_clip_one_after_another() -> None:
    clip = torch.arange(2 * 3 * 4 * 5 * 6).reshape(2, 3, 4, 5, 6)
    folded = fold_frames(clip)
    assert folded.shape == (8, 3, 5, 6)
    assert torch.equal(folded[5], clip[1, :, 1])
    assert torch.equal(unfold_frames(folded, 4).transpose(1, 2), clip)


def test_a_clip_stored_frame_by_frame_is_folded_without_a_copy() -> None:
    clip = torch.zeros(2, 4, 3, 5, 6).transpose(1, 2)
    assert fold_frames(clip).data_ptr() == clip.data_ptr()


@pytest.mark.parametrize("name", models.list_models())
@pytest.mark.parametrize("shape", [(1, 3, 2, 32, 32), (1, 1, 4, 32, 32), (3, 4, 32, 32)])
def test_a_clip_of_another_shape_is_refused(name: str, shape: tuple[int, ...]) -> None:
    with torch.device("meta"):
        model = models.create_model(name, num_classes=5, frames=4)
        with pytest.raises(NetworkError, match="N x 3 x 4 x H x W"):
            model(torch.empty(shape))
