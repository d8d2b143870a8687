"""The layouts of a clip: N x C x T x H x W in public, (N*T) x C x H x W inside a 2D network."""

from torch import Tensor

from models.errors import NetworkError


def check_clip(clip: Tensor, frames: int) -> None:
    """Raise `NetworkError` unless `clip` is N x 3 x `frames` x H x W."""
    if clip.dim() != 5 or clip.shape[1] != 3 or clip.shape[2] != frames:
        raise NetworkError(
            f"this network takes clips of N x 3 x {frames} x H x W, not {tuple(clip.shape)}: "
            "build it with the clip's number of frames"
        )


def fold_frames(clip: Tensor) -> Tensor:
    """The frames of N x C x T x H x W as (N*T) x C x H x W.

    A view where the clip is stored frame by frame, as decoders write it; else a copy.
    """
    return clip.transpose(1, 2).flatten(0, 1)  # (N*T) x C x H x W


def unfold_frames(frames: Tensor, count: int) -> Tensor:
    """(N*T) x ... as N x T x ..., with T = `count`: a view."""
    return frames.unflatten(0, (-1, count))  # N x T x ...
