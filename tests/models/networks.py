"""The registered networks, in the variants that tests use."""

from importlib.util import find_spec
from typing import Any

import torch
from torch import nn

import models

LIBRARIES = ("models.torchvision_video", "models.transformers_video")
OWN = [name for name in models.list_models() if models.get_network(name).module not in LIBRARIES]
TRANSFORMERS = [
    name for name in models.list_models() if models.get_network(name).module == LIBRARIES[1]
]
HAS_TRANSFORMERS = find_spec("transformers") is not None
# The networks that can be built here.
BUILDABLE = [n for n in models.list_models() if HAS_TRANSFORMERS or n not in TRANSFORMERS]
BLIND = ("tsn", "tsn_blnet", "c2d")  # a mean over frames, independent of their order


def variants(name: str) -> list[dict[str, Any]]:
    """The smallest and the largest depth of each backbone, as keywords of `create_model`."""
    found: list[dict[str, Any]] = []
    for backbone, depths in models.get_network(name).depths.items():
        options = {"backbone": backbone} if backbone else {}
        found += [{"depth": depth, **options} for depth in depths[:1] + depths[1:][-1:]]
        if not depths:
            found.append(options)
    return found


def label(variant: tuple[str, dict[str, Any]]) -> str:
    """The id of a variant in pytest."""
    name, options = variant
    return "-".join([name, *map(str, options.values())])


# Wider and deeper, of the same code as a network of the list.
LARGER = ("mvit_v1_b", "mvit_v2_l", "swin3d_s", "swin3d_b", "swin3d_l")
KINDS = [name for name in models.list_models() if name not in (*LARGER, *TRANSFORMERS)]
ALL = [(name, options) for name in KINDS for options in variants(name)]
SMALL = [(name, variants(name)[0]) for name in KINDS]  # each at its smallest depth
SMALL_OWN = [(name, options) for name, options in ALL if name in OWN and options != {"depth": 152}]


def small_clip(name: str, batch: int = 1) -> tuple[int, int, int, int, int]:
    """The shape of a small clip that the network accepts with any option."""
    frames, size = models.get_network(name).smallest_clip
    return (batch, 3, frames, size, size)


def build(name: str, *, num_classes: int = 6, **options: Any) -> nn.Module:
    """The network for its small clip, with its initial weights."""
    return models.create_model(name, num_classes=num_classes, frames=small_clip(name)[2], **options)


def lively(model: nn.Module) -> nn.Module:
    """`model` in float64 and eval mode, with weights that let every layer matter.

    At first some norms and layers are 0, which makes blocks the identity; classifiers are near 0.
    """
    generator = torch.Generator().manual_seed(0)
    for name, parameter in model.named_parameters():
        if parameter.dim() == 1 and name.endswith("weight"):
            nn.init.uniform_(parameter, 0.5, 1, generator=generator)
        elif parameter.dim() > 1 and not parameter.any():
            nn.init.normal_(parameter, std=0.1, generator=generator)
    network = models.get_network(model.configuration.network)  # type: ignore[union-attr,arg-type]
    classifier = model.get_submodule(network.classifier)
    assert isinstance(classifier.weight, nn.Parameter)
    nn.init.normal_(classifier.weight, generator=generator)
    return model.double().eval()


def logits(model: nn.Module, clip: torch.Tensor) -> torch.Tensor:
    """The answer of `model` to `clip`, without gradients."""
    with torch.no_grad():
        result: torch.Tensor = model(clip)
    return result
