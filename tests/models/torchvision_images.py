"""Our image networks against torchvision's."""

from typing import Any

import torch
from torch import nn

import models
from models.layouts import best_layout
from tests.models.networks import logits

ONE_OF_EACH = [  # family whose residual branches are found
    "mobilenet_v2",
    "mobilenet_v3_small",
    "efficientnet_b0",
    "mnasnet0_5",
    "regnet_y_400mf",
    "convnext_tiny",
]


def lively_norms(model: nn.Module) -> nn.Module:
    for parameter in model.parameters():
        if parameter.dim() == 1:
            nn.init.uniform_(parameter, 0.5, 1)
    return model.double().eval()


def check_against_torchvision(name: str, theirs: nn.Module, options: dict[str, Any]) -> None:
    """A clip of one frame has torchvision's logits."""
    ours = models.create_model(name, num_classes=4, frames=1, **options).double().eval()
    network = models.get_network(name)
    layout = best_layout(network.layouts, ours.state_dict(), theirs.state_dict())
    state = {key: theirs.state_dict()[layout.rename(key)] for key in ours.state_dict()}
    ours.load_state_dict(state)
    image = torch.randn(2, 3, 45, 67, dtype=torch.float64, generator=torch.manual_seed(0))
    torch.testing.assert_close(logits(ours, image.unsqueeze(2)), logits(theirs, image))
