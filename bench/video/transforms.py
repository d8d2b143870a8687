"""Crops of clips for training and testing, and normalisation.

Pictures are T x 3 x H x W, uint8, RGB; a clip is 3 x T x S x S, float. All pictures of a clip have
the same crop.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional

from bench.errors import BenchError

MEAN = (0.485, 0.456, 0.406)  # of ImageNet; every network here was trained with it
STD = (0.229, 0.224, 0.225)
SCALES = (1.0, 0.875, 0.75, 0.66)  # of TSN's crops, as shares of the short side
DISTORTION = 1  # largest difference between the scales of the sides, in steps of `SCALES`
GRID = 4  # offsets of crops are multiples of a quarter of the free space
# Offsets in quarters: the corners and the centre, the middles of the sides, and between centre and
# corners.
OFFSETS = (
    (0, 0),
    (4, 0),
    (0, 4),
    (4, 4),
    (2, 2),
    (0, 2),
    (4, 2),
    (2, 4),
    (2, 0),
    (1, 1),
    (3, 1),
    (1, 3),
    (3, 3),
)

Crops = Literal[1, 3, 10]


def multi_scale_crop(pictures: Tensor, size: int) -> Tensor:
    """TSN's augmentation: a crop of random shape at one of 13 offsets, resized to a square.

    Returns T x 3 x S x S; uses torch's random numbers. Source: Wang et al., "Temporal Segment
    Networks", ECCV 2016, section 3.2, and its code.
    """
    height, width = functional.get_size(pictures)
    shapes = crop_shapes(height, width)
    crop_height, crop_width = shapes[int(torch.randint(len(shapes), ()))]
    across, down = OFFSETS[int(torch.randint(len(OFFSETS), ()))]
    return functional.resized_crop(
        pictures,
        top=(height - crop_height) // GRID * down,
        left=(width - crop_width) // GRID * across,
        height=crop_height,
        width=crop_width,
        size=[size, size],
        antialias=True,
    )


def crop_shapes(height: int, width: int) -> list[tuple[int, int]]:
    """The (height, width) of the possible crops of TSN's augmentation."""
    sides = [int(min(height, width) * scale) for scale in SCALES]
    return [
        (h, w) for i, h in enumerate(sides) for j, w in enumerate(sides) if abs(i - j) <= DISTORTION
    ]


@dataclass(frozen=True)
class TrainingCrop:
    """Makes training clips of `size` x `size` pixels; with `flip`, mirrors half of them.

    Labels such as "moving something to the left" forbid mirrored clips.
    """

    size: int
    flip: bool

    def __call__(self, pictures: Tensor) -> Tensor:
        """Return 3 x T x S x S; uses torch's random numbers."""
        pictures = multi_scale_crop(pictures, self.size)
        if self.flip:
            pictures = v2.RandomHorizontalFlip()(pictures)
        return as_clip(pictures)


@dataclass(frozen=True)
class EvaluationCrops:
    """Makes test clips: resizes the short side to `short_side`, and takes `crops` of `size` pixels.

    1 crop is the centre. 3 are at the start, middle and end of the longer side. 10 are the corners
    and the centre, and their mirror images.
    """

    size: int
    short_side: int
    crops: Crops = 1

    def __post_init__(self) -> None:
        if self.short_side < self.size:
            raise BenchError(
                f"crops of {self.size} pixels do not fit into a short side of {self.short_side}: "
                "use a larger short side"
            )

    def __call__(self, pictures: Tensor) -> Tensor:
        """Return crops x 3 x T x S x S."""
        pictures = functional.resize(pictures, [self.short_side], antialias=True)
        return as_clip(torch.stack(self._crops(pictures)))

    def _crops(self, pictures: Tensor) -> list[Tensor]:
        size = [self.size, self.size]
        match self.crops:
            case 1:
                return [functional.center_crop(pictures, size)]
            case 3:
                return self._along(pictures)
            case 10:
                return list(functional.ten_crop(pictures, size))

    def _along(self, pictures: Tensor) -> list[Tensor]:
        height, width = pictures.shape[-2:]
        down, across = (height - self.size) // 2, (width - self.size) // 2
        corners = (
            [(down, left) for left in (0, across, width - self.size)]
            if width >= height
            else [(top, across) for top in (0, down, height - self.size)]
        )
        return [functional.crop(pictures, *corner, self.size, self.size) for corner in corners]


def as_clip(pictures: Tensor) -> Tensor:
    """Turn T x 3 x S x S of uint8 into a normalised clip, 3 x T x S x S; or several at once."""
    # Contiguous, and with statistics for 0 to 255: twice as fast as scaling a view to 0 to 1.
    floats = functional.to_dtype(pictures.contiguous(), torch.float32)
    mean, std = ([255 * share for share in statistic] for statistic in (MEAN, STD))
    return functional.normalize(floats, mean, std, inplace=True).transpose(-4, -3)
