"""bLResNet (Big-Little ResNet): a deep branch at half the size beside a light one, fused by stages.

Each fusion has one input for each branch: an image network gives both the same image, a video
network gives each its own frames. A fusion removes its inputs from a list, so that no caller keeps
a tensor alive that only backward may still need. Shapes are N x C x H x W; `alpha` divides the
width of the little branch, `beta` its number of blocks. Source: Chen et al., Big-Little Net, ICLR
2019.
"""

from collections import OrderedDict
from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional

from models.chain import consume
from models.initialise import initialise
from models.layouts import CLASSIFIER, RESIDUAL, TAM_LISTED, TAM_NAMED, Layout, Rule
from models.norm import BatchNorm2d
from models.registry import Choices
from models.temporal import no_temporal
from models.widths import WIDTHS, scale_channels

EXPANSION = 4  # of a bottleneck
BLOCKS = {50: (3, 4, 6, 3), 101: (4, 8, 18, 3), 152: (5, 12, 30, 3)}  # depth -> blocks by stage
DEPTHS = tuple(BLOCKS)
STEM_WIDTH = 64
STAGE_WIDTHS = (256, 512, 1024, 2048)
STAGE_STRIDES = (2, 2, 1, 2)

ALPHAS = (1, 2, 4, 8, 16)
BETAS = range(1, 31)  # the longest stage of all depths has 30 blocks
CHOICES: dict[str, Choices] = {"alpha": ALPHAS, "beta": BETAS, "width": WIDTHS}

_RULES: tuple[Rule, ...] = (
    (r"^trunk\.", ""),
    (r"^temporal\.0\.", "tam."),
    (r"^temporal\.([123])\.", r"layer\1.tam."),
    (r"^entry\.", ""),
    (r"^fusions\.0\.\w+\.", ""),
    (r"^fusions\.([123])\.", r"layer\1."),
    (r"\.widen\.", ".little_e."),
    (r"\.fusion\.1\.", ".fusion.0."),
    (r"^last_stage\.", "layer4."),
    (r"\.temporal\.", ".tam."),
    RESIDUAL,
    CLASSIFIER,
)
LAYOUTS = (Layout((*_RULES, *TAM_NAMED)), Layout((*_RULES, *TAM_LISTED)))


def convolution(inputs: int, outputs: int, kernel: int, stride: int = 1) -> list[nn.Module]:
    """A convolution and its batch norm; only `stride` changes the size."""
    return [
        nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=kernel // 2, bias=False),
        BatchNorm2d(outputs),
    ]


def name_layers(names: str, *layers: nn.Module) -> nn.Sequential:
    """The layers in order, under the authors' names, which are separated by spaces."""
    return nn.Sequential(OrderedDict(zip(names.split(), layers, strict=True)))


class Bottleneck(nn.Module):
    """A residual block of 1x1, 3x3 and 1x1 convolutions, from `inputs` to `outputs` channels.

    `temporal` is applied to the input of the residual branch and of the downsampling path; an
    identity path has the block's own input.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        stride: int = 1,
        *,
        last_relu: bool = True,
        temporal: nn.Module | None = None,
    ) -> None:
        super().__init__()
        inner = max(1, outputs // EXPANSION)
        self.temporal = temporal or nn.Identity()
        self.residual = name_layers(
            "conv1 bn1 relu1 conv2 bn2 relu2 conv3 bn3",
            *convolution(inputs, inner, 1),
            nn.ReLU(inplace=True),
            *convolution(inner, inner, 3, stride),
            nn.ReLU(inplace=True),
            *convolution(inner, outputs, 1),
        )
        self.downsample = downsample(inputs, outputs, stride)
        self.last = nn.ReLU(inplace=True) if last_relu else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Map N x inputs x H x W to N x outputs x H/stride x W/stride."""
        entry = self.temporal(x)
        out = self.residual(entry)
        out += x if self.downsample is None else self.downsample(entry)
        return self.last(out)


def downsample(inputs: int, outputs: int, stride: int) -> nn.Module | None:
    """An average pool where `stride` is 2, a 1x1 convolution where the width changes, or None."""
    layers: list[nn.Module] = []
    if stride != 1:
        layers.append(nn.AvgPool2d(3, stride=stride, padding=1))
    if inputs != outputs:
        layers.extend(convolution(inputs, outputs, 1))
    return nn.Sequential(*layers) if layers else None


def residual_blocks(
    inputs: int, outputs: int, count: int, stride: int = 1, *, last_relu: bool = True
) -> nn.Sequential:
    """`count` bottlenecks, the first with `stride`; a single one always has its last ReLU."""
    first = Bottleneck(inputs, outputs, stride)
    rest = [
        Bottleneck(outputs, outputs, last_relu=last_relu or position < count - 1)
        for position in range(1, count)
    ]
    return nn.Sequential(first, *rest)


class BigLittleStem(nn.Module):
    """The stem after its first convolution: a big branch of one, a little branch of three."""

    def __init__(self, width: int, alpha: int) -> None:
        super().__init__()
        light = max(1, width // alpha)
        self.big = name_layers("b_conv0 bn_b0", *convolution(width, width, 3, stride=2))
        self.little = name_layers(
            "l_conv0 bn_l0 relu0 l_conv1 bn_l1 relu1 l_conv2 bn_l2",
            *convolution(width, light, 3),
            nn.ReLU(inplace=True),
            *convolution(light, light, 3, stride=2),
            nn.ReLU(inplace=True),
            *convolution(light, width, 1),
        )
        self.fusion = name_layers(
            "relu0 bl_init bn_bl_init relu1",
            nn.ReLU(inplace=True),
            *convolution(width, width, 1),
            nn.ReLU(inplace=True),
        )

    def forward(self, inputs: list[Tensor]) -> Tensor:
        """Map [big, little], N x width x H x W each, to N x width x H/2 x W/2; empty the list."""
        fine = [consume(self.little, inputs)]
        out = [consume(self.big, inputs).add_(fine.pop())]
        return consume(self.fusion, out)


class BigLittleModule(nn.Module):
    """A stage of `count` blocks: a deep branch at half the size, a light one, and their fusion."""

    def __init__(
        self, inputs: int, outputs: int, count: int, stride: int, *, alpha: int, beta: int
    ) -> None:
        super().__init__()
        light = max(1, outputs // alpha)
        self.big = residual_blocks(inputs, outputs, count - 1, stride=2, last_relu=False)
        self.little = residual_blocks(inputs, light, max(1, count // beta - 1))
        self.widen = nn.Sequential(*convolution(light, outputs, 1))
        self.fusion = nn.Sequential(nn.ReLU(inplace=True), Bottleneck(outputs, outputs, stride))

    def forward(self, inputs: list[Tensor]) -> Tensor:
        """Map [big, little], N x inputs x H x W each, to N x outputs x H/stride x W/stride.

        Empties the list.
        """
        fine = [consume((*self.little, *self.widen), inputs)]  # N x outputs x H x W
        size = fine[0].shape[2:]
        out = [functional.interpolate(consume(self.big, inputs), size=size).add_(fine.pop())]
        return consume(self.fusion, out)


class BLResNet(nn.Module):
    """A bLResNet without its classifier: an image, N x 3 x H x W, to N x features.

    It has an `entry`, four `fusions` of a big and a little input, and a `last_stage` of plain
    blocks, each with `temporal(channels)` at its entry. A video network may run these itself.
    `widths` are the channels of each fusion's inputs. The output has `features` channels.
    """

    def __init__(
        self,
        depth: int,
        *,
        alpha: int,
        beta: int,
        width: float,
        temporal: Callable[[int], nn.Module] = no_temporal,
    ) -> None:
        super().__init__()
        *counts, last_count = BLOCKS[depth]
        stem = scale_channels(STEM_WIDTH, width)
        *stages, self.features = (scale_channels(channels, width) for channels in STAGE_WIDTHS)
        self.widths = (stem, stem, *stages[:-1])
        self.entry = name_layers(
            "conv1 bn1 relu", *convolution(3, stem, 7, stride=2), nn.ReLU(inplace=True)
        )
        self.fusions = nn.ModuleList([BigLittleStem(stem, alpha)])
        for inputs, outputs, count, stride in zip(
            self.widths[1:], stages, counts, STAGE_STRIDES[:3], strict=True
        ):
            self.fusions.append(
                BigLittleModule(inputs, outputs, count, stride, alpha=alpha, beta=beta)
            )
        self.last_stage = nn.Sequential()
        inputs, stride = stages[-1], STAGE_STRIDES[3]
        for _ in range(last_count):
            self.last_stage.append(
                Bottleneck(inputs, self.features, stride, temporal=temporal(inputs))
            )
            inputs, stride = self.features, 1
        initialise(self)
        _zero_residual_norms(self)

    def forward(self, inputs: list[Tensor]) -> Tensor:
        """Map [N x 3 x H x W] to N x features; empty the list."""
        inputs = [self.entry(inputs.pop())]  # N x 64 x H/2 x W/2
        for fusion in self.fusions:
            inputs *= 2
            inputs = [fusion(inputs)]
        return consume(self.last_stage, inputs).mean(dim=(2, 3))  # N x features


def _zero_residual_norms(network: nn.Module) -> None:
    """Set the last batch norm of every residual branch to scale 0, in place."""
    for module in network.modules():
        if isinstance(module, Bottleneck):
            norm = module.residual.bn3
            assert isinstance(norm, nn.BatchNorm2d)
            nn.init.zeros_(norm.weight)
