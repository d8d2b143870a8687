"""How frames, (N*T) x C x H x W, lie in memory: channel by channel or, channels-last, by pixel."""

import torch
from torch import Tensor


def is_channels_last(frames: Tensor) -> bool:
    """Whether the channels of a pixel stand beside each other, and those of a row do not."""
    is_last = frames.is_contiguous(memory_format=torch.channels_last)
    return is_last and not frames.is_contiguous()


def new_frames(like: Tensor, count: int) -> Tensor:
    """`count` frames without contents, of the size, type and memory format of those of `like`."""
    memory_format = torch.channels_last if is_channels_last(like) else torch.contiguous_format
    return torch.empty(
        (count, *like.shape[1:]),
        dtype=like.dtype,
        device=like.device,
        memory_format=memory_format,
    )
