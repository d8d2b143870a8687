"""Inception-v1 over N x 3 x T x H x W, for any way to convolve in space and time."""

from collections import OrderedDict

from torch import Tensor, nn

from models.clip import check_clip
from models.errors import NetworkError
from models.head import ConsensusHead
from models.inception import NORM_EPS, Kit, Unit, inception_v1
from models.initialise import initialise


def convolution(
    inputs: int, outputs: int, kernel: tuple[int, int, int], *, space_stride: int = 1
) -> nn.Sequential:
    """A convolution that keeps the lengths but for `space_stride`, its batch norm and a ReLU."""
    return nn.Sequential(
        OrderedDict(
            conv=nn.Conv3d(
                inputs,
                outputs,
                kernel,
                stride=(1, space_stride, space_stride),
                padding=(kernel[0] // 2, kernel[1] // 2, kernel[2] // 2),
                bias=False,
            ),
            bn=nn.BatchNorm3d(outputs, eps=NORM_EPS),
            relu=nn.ReLU(inplace=True),
        )
    )


class Inception3D(nn.Module):
    """An Inception-v1 over a clip, N x 3 x T x H x W, with a classifier for each last time step.

    The stem's kernel reaches over `stem_frames`; `spatial` builds what stands for a 3x3x3
    convolution. `last_kernel` is the last pool's, padded where it is 3. With
    `temporal_pooling="max"` every pool but the first halves the time axis.
    """

    def __init__(
        self,
        spatial: Unit,
        *,
        stem_frames: int,
        last_kernel: int,
        num_classes: int,
        frames: int,
        temporal_pooling: str,
        width: float,
    ) -> None:
        super().__init__()
        step = 1 if temporal_pooling == "none" else 2

        def pool(kernel: int) -> nn.MaxPool3d:
            return nn.MaxPool3d(kernel, stride=(step, 2, 2), padding=_padding(kernel))

        kit = Kit(
            stem=lambda i, o: convolution(i, o, (stem_frames, 7, 7), space_stride=2),
            pointwise=lambda i, o: convolution(i, o, (1, 1, 1)),
            spatial=spatial,
            branch_pool=lambda: nn.MaxPool3d(3, stride=1, padding=1),
            pools=(
                nn.MaxPool3d((1, 3, 3), stride=(1, 2, 2), padding=(0, 1, 1)),
                pool(3),
                pool(3),
                pool(last_kernel),
            ),
        )
        self.frames = frames
        self.layers, features = inception_v1(kit, width)
        _check_frames(frames, (3, 3, last_kernel), step)
        initialise(self)
        self.head = ConsensusHead(features, num_classes)

    def forward(self, clip: Tensor) -> Tensor:
        """Map N x 3 x T x H x W to N x classes."""
        check_clip(clip, self.frames)
        x = self.layers(clip)  # N x C x T' x H/32 x W/32
        features = x.mean(dim=(3, 4)).transpose(1, 2).flatten(0, 1)  # (N*T') x C
        return self.head(features, clip.shape[0])


def _padding(kernel: int) -> int:
    return 1 if kernel == 3 else 0


def _check_frames(frames: int, kernels: tuple[int, ...], step: int) -> None:
    """Raise `NetworkError` where pools of `kernels` leave none of `frames`."""
    left = frames
    for kernel in kernels:
        left = (left + 2 * _padding(kernel) - kernel) // step + 1
    if left < 1:
        raise NetworkError(f"{frames} frames are too few for the pools of this network: use more")
