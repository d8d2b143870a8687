import pytest
import torch

from models.operators.memory_format import is_channels_last, new_frames


@pytest.mark.parametrize(
    ("shape", "memory_format", "expected"),
    [
        ((2, 3, 4, 5), torch.contiguous_format, False),
        ((2, 3, 4, 5), torch.channels_last, True),
        ((2, 1, 4, 5), torch.channels_last, False),  # both formats store it alike
    ],
)
def test_new_frames_have_the_format_of_the_old_ones(
    shape: tuple[int, ...], memory_format: torch.memory_format, expected: bool
) -> None:
    frames = torch.zeros(shape).to(memory_format=memory_format)
    assert is_channels_last(frames) is expected
    new = new_frames(frames, 6)
    assert new.shape == (6, *shape[1:])
    assert is_channels_last(new) is expected
