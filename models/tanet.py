"""TANet: a ResNet over frames (models/resnet.py) with kernels along time that depend on the clip.

Its module is called TAM as well, the temporal adaptive module. It is not the TAM of models/tam.py,
whose weights are the same for all clips. Source: Liu et al., ICCV 2021, as in MMAction2.
"""

from dataclasses import replace
from functools import partial

from torch import Tensor, nn
from torch.nn import functional

from models.chain import Consumer
from models.clip import unfold_frames
from models.formulation import FORMULATIONS
from models.layouts import RESNET, Layout, Rule
from models.registry import FRAMES, register
from models.resnet import PARTS_2D, Layers, ResNet2D, convolution2d
from models.temporal import no_temporal
from models.tsn import TSN
from models.widths import WIDTHS
from models.zoo_layouts import MMACTION2_FRAMES

DEPTHS = (50, 101)
KERNEL = 3  # frames that the adaptive kernel spans
EXPANDED = 2  # times the frames: the width of the layers that compute it
REDUCED = 4  # the layers that compute the scales have a quarter of the channels
_TAM: tuple[Rule, ...] = (
    (r"\.residual\.tam\.kernel\.", ".tam.G."),
    (r"\.residual\.tam\.scale\.", ".tam.L."),
)
# Both put a block beside its module.
AUTHORS = Layout((*_TAM, (r"^trunk\.", ""), *RESNET, (r"(layer\d\.\d+)\.(?!tam\.)", r"\1.net.")))
MMACTION2 = Layout((*_TAM, *MMACTION2_FRAMES, (r"(layer\d\.\d+)\.(?!tam\.)", r"\1.block.")))


class TemporalAdaptation(Consumer):
    """A convolution of each channel along time, with a kernel and scales made from the clip.

    Both are computed from the means of the frames: the kernel of a channel from its own means, the
    scales of its frames from those of all channels.
    """

    def __init__(self, channels: int, frames: int) -> None:
        super().__init__()
        self.frames = frames
        width, reduced = EXPANDED * frames, max(1, channels // REDUCED)
        self.kernel = nn.Sequential(
            nn.Linear(frames, width, bias=False),
            nn.BatchNorm1d(width),
            nn.ReLU(inplace=True),
            nn.Linear(width, KERNEL, bias=False),
            nn.Softmax(dim=-1),
        )
        self.scale = nn.Sequential(
            nn.Conv1d(channels, reduced, 3, padding=1, bias=False),
            nn.BatchNorm1d(reduced),
            nn.ReLU(inplace=True),
            nn.Conv1d(reduced, channels, 1, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, inputs: list[Tensor]) -> Tensor:
        """Map [(N*T) x C x H x W] to the same shape. Empties the list, and holds nothing dead."""
        x = inputs.pop()
        means = unfold_frames(x.mean(dim=(2, 3)), self.frames).transpose(1, 2)  # N x C x T
        kernels = self.kernel(means.flatten(0, 1))  # (N*C) x 3
        x = unfold_frames(x, self.frames).transpose(1, 2)  # N x C x T x H x W
        shape = x.shape
        x = x * self.scale(means)[..., None, None]
        x = x.flatten(3).flatten(0, 1).unsqueeze(0)  # 1 x (N*C) x T x H*W
        padding, weight = (KERNEL // 2, 0), kernels[:, None, :, None]
        x = functional.conv2d(x, weight, padding=padding, groups=kernels.shape[0])
        return x.view(shape).transpose(1, 2).flatten(0, 1)  # (N*T) x C x H x W


def adapted(frames: int, number: int, inputs: int, outputs: int, stride: int) -> Layers:
    """Layer `number` of a block over clips of `frames`, a 3x3 convolution behind the module."""
    return {
        "tam": TemporalAdaptation(inputs, frames),
        **convolution2d(3, number, inputs, outputs, stride),
    }


@register(
    group=FRAMES,
    depths=DEPTHS,
    source="Liu et al., TAM: Temporal Adaptive Module for Video Recognition, ICCV 2021",
    choices={"width": WIDTHS, "formulation": FORMULATIONS},
    layouts=(AUTHORS, MMACTION2),
)
def tanet(
    *,
    num_classes: int,
    frames: int,
    depth: int,
    width: float = 1.0,
    formulation: str = "efficient",
) -> TSN:
    """A TSN that convolves along time with kernels which it computes from each clip."""
    trunk = ResNet2D(
        depth,
        no_temporal,
        frames=frames,
        temporal_pooling="none",
        width=width,
        parts=replace(PARTS_2D, spatial=partial(adapted, frames)),
    )
    return TSN(
        trunk, trunk.features, num_classes=num_classes, frames=frames, formulation=formulation
    )
