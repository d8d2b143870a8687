import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models.temporal import TemporalMaxPool, frames_by_stage


@settings(deadline=None, max_examples=20)
@given(clips=st.integers(1, 3), frames=st.integers(1, 9))
def test_max_pool_is_its_definition(clips: int, frames: int) -> None:
    x = torch.randn(clips, frames, 2, 3, 4)
    expected = [x[:, max(t - 1, 0) : t + 2].amax(dim=1) for t in range(0, frames, 2)]
    result = TemporalMaxPool(frames)(x.flatten(0, 1)).unflatten(0, (clips, -1))
    assert torch.equal(result, torch.stack(expected, dim=1))


def test_pooling_halves_the_frames_of_the_stages() -> None:
    assert frames_by_stage(11, "none") == (11, 11, 11, 11)
    assert frames_by_stage(11, "max") == (11, 6, 3, 2)
    assert frames_by_stage(1, "max") == (1, 1, 1, 1)
