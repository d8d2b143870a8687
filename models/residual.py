"""The residual block of a ResNet over frames or over clips."""

from collections import OrderedDict

from torch import Tensor, nn

Layers = dict[str, nn.Module]  # by the names that their authors gave them


class ResidualBlock(nn.Module):
    """relu(residual(temporal(x)) + downsample(x)): the shortcut is before any temporal module."""

    def __init__(self, residual: Layers, downsample: Layers, temporal: nn.Module) -> None:
        super().__init__()
        self.temporal = temporal
        self.residual = nn.Sequential(OrderedDict(residual))
        self.downsample = nn.Sequential(*downsample.values()) if downsample else nn.Identity()
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """Map N x inputs x ... to N x outputs x ..., with the lengths that the layers leave."""
        out = self.residual(self.temporal(x))
        out += self.downsample(x)
        return self.relu(out)
