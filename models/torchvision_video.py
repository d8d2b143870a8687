"""torchvision's video networks, with the interface of our own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from models.clip import check_clip, check_size
from models.layouts import Layout
from models.registry import ANY, CONVOLUTIONS, TRANSFORMERS, Only, register
from models.torchvision_large import MVIT_CLIP, mvit_v2_l, swin3d_l
from models.transformer_layouts import BODY, MVIT_LAYOUTS, SWIN_LAYOUTS

LAYOUT = Layout((BODY,))


class TorchvisionNetwork(nn.Module):
    """A video network of torchvision over clips of N x 3 x `frames` x H x W.

    `input_size` is the height and width in pixels, if the network takes only one size.
    """

    def __init__(self, network: nn.Module, *, frames: int, input_size: int | None = None) -> None:
        super().__init__()
        self.network = network
        self.frames, self.input_size = frames, input_size

    def forward(self, clip: Tensor) -> Tensor:
        """Map N x 3 x T x H x W to N x classes."""
        check_clip(clip, self.frames)
        if self.input_size:
            check_size(clip, self.input_size)
        return self.network(clip)


@dataclass(frozen=True)
class Entry:
    """How one of torchvision's builders is registered.

    `build` makes the network for a number of classes if torchvision has the class, but no builder.
    `layouts` are those of files other than torchvision's.
    """

    summary: str
    source: str
    classifier: str
    group: str = CONVOLUTIONS
    smallest_clip: tuple[int, int] = (4, 64)
    only: Only = ANY
    build: Callable[[int], nn.Module] | None = None
    layouts: tuple[Layout, ...] = ()


MVIT: dict[str, Any] = {
    "group": TRANSFORMERS,
    "smallest_clip": (16, 224),
    "only": Only(frames=16, sizes={"": 224}),
    "layouts": MVIT_LAYOUTS,
}
LARGE_MVIT: dict[str, Any] = {
    "group": TRANSFORMERS,
    "smallest_clip": MVIT_CLIP,
    "only": Only(frames=MVIT_CLIP[0], sizes={"": MVIT_CLIP[1]}),
    "layouts": MVIT_LAYOUTS,
}
SWIN: dict[str, Any] = {
    "source": "Liu et al., Video Swin Transformer, CVPR 2022",
    "classifier": "network.head",
    "group": TRANSFORMERS,
    "layouts": SWIN_LAYOUTS,
}
RESNET = "Tran et al., A Closer Look at Spatiotemporal Convolutions, CVPR 2018"
ENTRIES = {
    "r3d_18": Entry("A ResNet-18 of 3x3x3 convolutions.", RESNET, "network.fc"),
    "mc3_18": Entry("A ResNet-18 whose first stage alone convolves in time.", RESNET, "network.fc"),
    "r2plus1d_18": Entry(
        "A ResNet-18 with separate convolutions in space and in time.", RESNET, "network.fc"
    ),
    "s3d": Entry(
        "torchvision's own S3D: it pools time from the stem on.",
        "Xie et al., Rethinking Spatiotemporal Feature Learning, ECCV 2018",
        "network.classifier.1",
        smallest_clip=(16, 224),  # its last pool spans 2 x 7 x 7 of T/8 x H/32 x W/32
    ),
    "mvit_v1_b": Entry(
        "A multiscale vision transformer, base.",
        "Fan et al., Multiscale Vision Transformers, ICCV 2021",
        "network.head.1",
        **MVIT,
    ),
    "mvit_v2_s": Entry(
        "A multiscale vision transformer, version 2, small.",
        "Li et al., MViTv2, CVPR 2022",
        "network.head.1",
        **MVIT,
    ),
    "mvit_v2_l": Entry(
        "A multiscale vision transformer, version 2, large.",
        "Li et al., MViTv2, CVPR 2022",
        "network.head.1",
        **LARGE_MVIT,
        build=mvit_v2_l,
    ),
    "swin3d_t": Entry("A shifted-window vision transformer, tiny.", **SWIN),
    "swin3d_s": Entry("A shifted-window vision transformer, small.", **SWIN),
    "swin3d_b": Entry("A shifted-window vision transformer, base.", **SWIN),
    "swin3d_l": Entry("A shifted-window vision transformer, large.", **SWIN, build=swin3d_l),
}
PREFIX = "torchvision_"  # for the names that our own networks have, too
CLASHES = ("s3d",)


def _register(name: str, entry: Entry) -> None:
    """Register torchvision's network `name`."""

    def build(*, num_classes: int, frames: int) -> TorchvisionNetwork:
        # Imported here because it doubles the time to import this package.
        from torchvision.models import get_model

        network = (
            entry.build(num_classes)
            if entry.build
            else get_model(name, weights=None, num_classes=num_classes)
        )
        return TorchvisionNetwork(network, frames=frames, input_size=entry.only.sizes.get(""))

    build.__name__ = f"{PREFIX}{name}" if name in CLASHES else name
    build.__doc__ = entry.summary
    register(
        group=entry.group,
        source=f"{entry.source}, as in torchvision",
        smallest_clip=entry.smallest_clip,
        only=entry.only,
        layouts=(LAYOUT, *entry.layouts),
        classifier=entry.classifier,
    )(build)


for _name, _entry in ENTRIES.items():
    _register(_name, _entry)
