"""The memory format of frames, (N*T) x C x H x W: contiguous or channels-last."""

import torch
from torch import Tensor


def is_channels_last(frames: Tensor) -> bool:
    """Whether the channels of a pixel are adjacent in memory and the pixels of a row are not."""
    is_last = frames.is_contiguous(memory_format=torch.channels_last)
    return is_last and not frames.is_contiguous()


def new_frames(like: Tensor, count: int) -> Tensor:
    """`count` uninitialised frames with the size, type and memory format of `like`."""
    memory_format = torch.channels_last if is_channels_last(like) else torch.contiguous_format
    return torch.empty(
        (count, *like.shape[1:]),
        dtype=like.dtype,
        device=like.device,
        memory_format=memory_format,
    )
