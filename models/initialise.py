"""The initial weights that these networks share."""

from torch import nn


def initialise(network: nn.Module) -> None:
    """Set convolutions to Kaiming-normal (fan-out, ReLU), batch norms to scale 1 and shift 0."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Conv3d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        elif isinstance(module, nn.BatchNorm2d | nn.BatchNorm3d):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)
