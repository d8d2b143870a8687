"""TSN: frames share an image network, and a clip's logits are the mean of its frames' logits.

The image network is a ResNet (models/resnet.py), an Inception-v1 (models/inception.py), one of
torchvision's (models/torchvision_image.py) or one of timm's (models/timm_image.py).
"""

from torch import Tensor, nn

from models import mobilenet_layouts, timm_image, torchvision_image
from models.clip import check_clip, fold_frames, store_channels_last
from models.errors import NetworkError
from models.formulation import EFFICIENT, FORMULATIONS, save_memory
from models.head import ConsensusHead
from models.inception import Inception2D
from models.layouts import (
    INCEPTION,
    INCEPTION_AUXILIARY,
    RESNET,
    TAM_RESNET_LISTED,
    TAM_RESNET_NAMED,
    Layout,
    Rule,
)
from models.registry import FRAMES, Only, OrOf, register
from models.resnet import DEPTHS, ResNet2D
from models.temporal import POOLINGS, TemporalBuilder, no_temporal
from models.widths import WIDTHS
from models.zoo_layouts import MMACTION2_FRAMES, MMACTION2_IMAGES

OWN_BACKBONES = {"resnet": DEPTHS, "inception_v1": ()}  # -> depths
RESNET_RULES: tuple[Rule, ...] = ((r"^trunk\.", ""), *RESNET, (r"\btemporal\.", "tam."))
INCEPTION_RULES: tuple[Rule, ...] = ((r"^trunk\.", ""), *INCEPTION, (r"^temporal", "tam"))
LAYOUTS = (
    Layout((*RESNET_RULES, *TAM_RESNET_NAMED)),
    Layout((*RESNET_RULES, *TAM_RESNET_LISTED)),
    Layout((*INCEPTION_RULES, *TAM_RESNET_NAMED), INCEPTION_AUXILIARY),
    Layout((*INCEPTION_RULES, *TAM_RESNET_LISTED), INCEPTION_AUXILIARY),
    *torchvision_image.LAYOUTS,
)


class TSN(nn.Module):
    """A 2D trunk over the frames of a clip, and the mean of their logits.

    `trunk` maps (N*T) x 3 x H x W, which it takes out of a list, to (N*T') x `features`; T' is less
    than T if it pools over time. Weights are stored channels-last, see
    `models.clip.store_channels_last`.
    """

    frames_first = True  # a clip stored frame by frame is folded without a copy

    def __init__(
        self, trunk: nn.Module, features: int, *, num_classes: int, frames: int, formulation: str
    ) -> None:
        super().__init__()
        self.frames = frames
        self.trunk = trunk
        self.head = ConsensusHead(features, num_classes)
        store_channels_last(self)
        if formulation == EFFICIENT:
            save_memory(self)

    def forward(self, clip: Tensor) -> Tensor:
        """Map N x 3 x T x H x W to N x classes."""
        check_clip(clip, self.frames)
        features = self.trunk([fold_frames(clip)])  # (N*T') x features
        return self.head(features, clip.shape[0])


def build_tsn(
    backbone: str,
    depth: int | None,
    temporal: TemporalBuilder,
    *,
    num_classes: int,
    frames: int,
    temporal_pooling: str,
    width: float,
    formulation: str,
    every: int = 1,
) -> TSN:
    """A TSN over the image network `backbone`, with `temporal` modules in it.

    In a ResNet they are in every `every`-th block of a stage. Raises `NetworkError` for another
    width or pooling of a network of torchvision's or timm's. timm's have no temporal modules.
    """
    trunk: ResNet2D | Inception2D | torchvision_image.TorchvisionTrunk | timm_image.TimmTrunk
    if backbone not in OWN_BACKBONES:
        if width != 1 or temporal_pooling != "none":
            raise NetworkError(f"{backbone} has one width and no temporal pooling: leave them out")
        if backbone.startswith(timm_image.PREFIX):
            trunk = timm_image.TimmTrunk(backbone.removeprefix(timm_image.PREFIX))
        else:
            trunk = torchvision_image.TorchvisionTrunk(backbone, temporal, frames=frames)
    elif backbone == "inception_v1":
        trunk = Inception2D(temporal, frames=frames, temporal_pooling=temporal_pooling, width=width)
    else:
        assert depth is not None
        trunk = ResNet2D(
            depth,
            temporal,
            frames=frames,
            temporal_pooling=temporal_pooling,
            width=width,
            every=every,
        )
    return TSN(
        trunk, trunk.features, num_classes=num_classes, frames=frames, formulation=formulation
    )


def find_size(backbone: str) -> int | None:
    """The height and width in pixels that `backbone` takes; None if it takes any."""
    if backbone in OWN_BACKBONES:
        return None
    if backbone.startswith(timm_image.PREFIX):
        return timm_image.find_size(backbone.removeprefix(timm_image.PREFIX))
    return torchvision_image.find_size(backbone)


@register(
    group=FRAMES,
    depths=OWN_BACKBONES,
    only=Only(size_of=find_size),
    source="Wang et al., Temporal Segment Networks, ECCV 2016",
    choices={
        "backbone": OrOf((*OWN_BACKBONES, *torchvision_image.NAMES), timm_image.LIBRARY),
        "temporal_pooling": POOLINGS,
        "width": WIDTHS,
        "formulation": FORMULATIONS,
    },
    layouts=(
        *LAYOUTS,
        *timm_image.LAYOUTS,
        Layout(MMACTION2_FRAMES),
        Layout(MMACTION2_IMAGES),
        *mobilenet_layouts.MIT,
    ),
)
def tsn(
    *,
    num_classes: int,
    frames: int,
    depth: int | None,
    backbone: str = "resnet",
    temporal_pooling: str = "none",
    width: float = 1.0,
    formulation: str = "efficient",
) -> TSN:
    """An image network that the frames share, without any temporal module."""
    return build_tsn(
        backbone,
        depth,
        no_temporal,
        num_classes=num_classes,
        frames=frames,
        temporal_pooling=temporal_pooling,
        width=width,
        formulation=formulation,
    )
