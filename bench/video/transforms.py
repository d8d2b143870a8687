"""From pictures to clips: resized, cropped, normalised.

Pictures are T x 3 x H x W, uint8, RGB; a clip is 3 x T x S x S, float. All pictures of a clip are
cropped alike.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional

from bench.errors import BenchError

MEAN = (0.485, 0.456, 0.406)  # of ImageNet, as every network here was trained
STD = (0.229, 0.224, 0.225)
SCALES = (1.0, 0.875, 0.75, 0.66)  # of TSN's crops, as shares of the short side
DISTORTION = 1  # how many scales apart the sides of a crop may be
GRID = 4  # crops are placed at fourths of the free space
# Corners and centre, the middles of the sides, and between centre and corners, in fourths.
PLACES = (
    *((0, 0), (4, 0), (0, 4), (4, 4), (2, 2)),
    *((0, 2), (4, 2), (2, 4), (2, 0), (1, 1), (3, 1), (1, 3), (3, 3)),
)

Crops = Literal[1, 3, 10]


def multi_scale_crop(pictures: Tensor, size: int) -> Tensor:
    """TSN's augmentation: a crop of one of a few shapes at one of 13 places, resized to a square.

    T x 3 x S x S, by torch's random numbers. Source: Wang et al., "Temporal Segment Networks",
    ECCV 2016, section 3.2, and its code.
    """
    height, width = functional.get_size(pictures)
    shapes = crop_shapes(height, width)
    crop_height, crop_width = shapes[int(torch.randint(len(shapes), ()))]
    across, down = PLACES[int(torch.randint(len(PLACES), ()))]
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
    """The (height, width) that a crop of TSN's augmentation may have."""
    sides = [int(min(height, width) * scale) for scale in SCALES]
    return [
        (h, w) for i, h in enumerate(sides) for j, w in enumerate(sides) if abs(i - j) <= DISTORTION
    ]


@dataclass(frozen=True)
class Augment:
    """Training clips of `size` pixels a side; `flip` mirrors half of them left to right.

    Labels such as "moving something to the left" forbid flips.
    """

    size: int
    flip: bool

    def __call__(self, pictures: Tensor) -> Tensor:
        """3 x T x S x S, by torch's random numbers."""
        pictures = multi_scale_crop(pictures, self.size)
        if self.flip:
            pictures = v2.RandomHorizontalFlip()(pictures)
        return as_clip(pictures)


@dataclass(frozen=True)
class Views:
    """Test clips: the short side resized to `short_side`, then `crops` of `size` pixels a side.

    1 crop is the centre; 3 lie along the longer side, at its start, middle and end; 10 are the
    corners and the centre, each mirrored too.
    """

    size: int
    short_side: int
    crops: Crops = 1

    def __post_init__(self) -> None:
        if self.short_side < self.size:
            raise BenchError(
                f"crops of {self.size} pixels do not fit into a short side of {self.short_side}: "
                "resize to more"
            )

    def __call__(self, pictures: Tensor) -> Tensor:
        """Crops x 3 x T x S x S."""
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
        places = (
            [(down, left) for left in (0, across, width - self.size)]
            if width >= height
            else [(top, across) for top in (0, down, height - self.size)]
        )
        return [functional.crop(pictures, *place, self.size, self.size) for place in places]


def as_clip(pictures: Tensor) -> Tensor:
    """T x 3 x S x S of uint8 as a normalised clip, 3 x T x S x S; of several as well."""
    # Contiguous, and with the statistics of 0 to 255: half as long as by shares of a view.
    floats = functional.to_dtype(pictures.contiguous(), torch.float32)
    mean, std = ([255 * share for share in statistic] for statistic in (MEAN, STD))
    return functional.normalize(floats, mean, std, inplace=True).transpose(-4, -3)
