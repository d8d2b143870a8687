"""The parts of a bLResNet (Big-Little ResNet): a deep branch at half the size beside a light one.

Every part takes the two branches' inputs apart, so that an image network gives both the same image
and a video network gives each its own frames. Shapes are N x C x H x W; `alpha` divides the little
branch's width, `beta` its number of blocks. Source: Chen et al., Big-Little Net, ICLR 2019.
"""

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional

EXPANSION = 4
BLOCKS = {50: (3, 4, 6, 3), 101: (4, 8, 18, 3), 152: (5, 12, 30, 3)}
ALPHAS = (1, 2, 4, 8, 16)  # what divides every width of the little branch
BETAS = range(1, 31)  # the longest stage of all depths has 30 blocks
STEM_WIDTH = 64
STAGE_WIDTHS = (256, 512, 1024, 2048)
STAGE_STRIDES = (2, 2, 1, 2)


def convolution(inputs: int, outputs: int, kernel: int, stride: int = 1) -> list[nn.Module]:
    """A convolution that keeps the size but for `stride`, and its batch norm."""
    return [
        nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
    ]


class Bottleneck(nn.Module):
    """A residual block of 1x1, 3x3 and 1x1 convolutions, from `inputs` to `outputs` channels.

    `temporal` is applied to the input of the residual branch and of the downsampling path; an
    identity path keeps the block's own input.
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
        inner = outputs // EXPANSION
        self.temporal = temporal or nn.Identity()
        self.residual = nn.Sequential(
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
    """`count` bottlenecks, the first with `stride`; a single one always keeps its last ReLU."""
    first = Bottleneck(inputs, outputs, stride)
    rest = [
        Bottleneck(outputs, outputs, last_relu=last_relu or position < count - 1)
        for position in range(1, count)
    ]
    return nn.Sequential(first, *rest)


class BigLittleStem(nn.Module):
    """The stem behind its first convolution: one more for the big branch, three for the little."""

    def __init__(self, alpha: int) -> None:
        super().__init__()
        width, light = STEM_WIDTH, STEM_WIDTH // alpha
        self.big = nn.Sequential(*convolution(width, width, 3, stride=2))
        self.little = nn.Sequential(
            *convolution(width, light, 3),
            nn.ReLU(inplace=True),
            *convolution(light, light, 3, stride=2),
            nn.ReLU(inplace=True),
            *convolution(light, width, 1),
        )
        self.fusion = nn.Sequential(
            nn.ReLU(inplace=True), *convolution(width, width, 1), nn.ReLU(inplace=True)
        )

    def forward(self, big: Tensor, little: Tensor) -> Tensor:
        """Map two of N x 64 x H x W to N x 64 x H/2 x W/2."""
        out = self.big(big)
        out += self.little(little)
        return self.fusion(out)


class BigLittleModule(nn.Module):
    """A stage of `count` blocks: a deep branch at half the size, a light one, and their fusion."""

    def __init__(
        self, inputs: int, outputs: int, count: int, stride: int, *, alpha: int, beta: int
    ) -> None:
        super().__init__()
        light = outputs // alpha
        self.big = residual_blocks(inputs, outputs, count - 1, stride=2, last_relu=False)
        self.little = residual_blocks(inputs, light, max(1, count // beta - 1))
        self.widen = nn.Sequential(*convolution(light, outputs, 1))
        self.fusion = nn.Sequential(nn.ReLU(inplace=True), Bottleneck(outputs, outputs, stride))

    def forward(self, big: Tensor, little: Tensor) -> Tensor:
        """Map two of N x inputs x H x W to N x outputs x H/stride x W/stride."""
        fine = self.widen(self.little(little))
        out = functional.interpolate(self.big(big), size=fine.shape[2:])  # N x outputs x H x W
        out += fine
        return self.fusion(out)


def last_stage(count: int, temporal: Callable[[int], nn.Module]) -> nn.Sequential:
    """Stage 4: plain blocks on 1024 channels, each with `temporal(channels)` at its entry."""
    inputs, outputs = STAGE_WIDTHS[2:]
    first = Bottleneck(inputs, outputs, STAGE_STRIDES[3], temporal=temporal(inputs))
    rest = [Bottleneck(outputs, outputs, temporal=temporal(outputs)) for _ in range(1, count)]
    return nn.Sequential(first, *rest)


def zero_residuals(network: nn.Module) -> None:
    """Set the last batch norm of every residual branch to scale 0, in place."""
    for module in network.modules():
        if isinstance(module, Bottleneck):
            norm = module.residual[-1]
            assert isinstance(norm, nn.BatchNorm2d)
            nn.init.zeros_(norm.weight)
