"""torchvision's image networks over the frames of a clip, with temporal modules in their blocks.

A temporal module stands at the entry of each residual branch that a shortcut bypasses, as in
models/resnet.py.
"""

from collections import OrderedDict
from dataclasses import dataclass

from torch import Tensor, nn

from models.layouts import CLASSIFIER, Layout, Rule
from models.temporal import TemporalBuilder


@dataclass(frozen=True)
class Family:
    """What torchvision calls the parts of a family of networks.

    - `blocks`: the classes of its residual blocks
    - `entry`: the first layer of a block's residual branch
    - `classifier`: the last linear layer
    - `shortcut`: the attribute that says whether a block has a shortcut; empty if all have one
    """

    blocks: tuple[str, ...]
    entry: str
    classifier: str
    shortcut: str = ""


_RESNETS = Family(("Bottleneck",), "conv1", "fc")
_MOBILENET_V2 = Family(("InvertedResidual",), "conv.0", "classifier.1", "use_res_connect")
_MOBILENETS_V3 = Family(("InvertedResidual",), "block.0", "classifier.3", "use_res_connect")
_EFFICIENTNETS = Family(("MBConv", "FusedMBConv"), "block.0", "classifier.1", "use_res_connect")
_CONVNEXTS = Family(("CNBlock",), "block.0", "classifier.2")
FAMILIES: dict[str, Family] = {  # by torchvision's name of the network
    "mobilenet_v2": _MOBILENET_V2,
    **{f"mobilenet_v3_{size}": _MOBILENETS_V3 for size in ("small", "large")},
    **{f"efficientnet_b{number}": _EFFICIENTNETS for number in range(8)},
    **{f"efficientnet_v2_{size}": _EFFICIENTNETS for size in "sml"},
    **{f"resnext{size}": _RESNETS for size in ("50_32x4d", "101_32x8d", "101_64x4d")},
    **{f"wide_resnet{size}": _RESNETS for size in ("50_2", "101_2")},
    **{f"convnext_{size}": _CONVNEXTS for size in ("tiny", "small", "base", "large")},
}

_TRUNK: tuple[Rule, ...] = ((r"^trunk\.network\.", ""), (r"\.layer\.", "."))
LAYOUTS = (
    Layout((*_TRUNK, CLASSIFIER)),
    *(
        Layout((*_TRUNK, (r"^head\.classifier\.", f"{name}.")))
        for name in sorted({family.classifier for family in FAMILIES.values()} - {"fc"})
    ),
)


class TorchvisionTrunk(nn.Module):
    """torchvision's network `name` over clips of `frames`, without its classifier and dropout.

    `temporal(channels, frames)` builds the module at the entry of a residual branch. The output has
    `features` channels. Weights are torchvision's initial ones.
    """

    def __init__(self, name: str, temporal: TemporalBuilder, *, frames: int) -> None:
        super().__init__()
        # Imported here because it doubles the time to import this package.
        from torchvision.models import get_model

        family = FAMILIES[name]
        self.network: nn.Module = get_model(name, weights=None)
        classifier = self.network.get_submodule(family.classifier)
        assert isinstance(classifier, nn.Linear)
        self.features = classifier.in_features
        self.network.set_submodule(family.classifier, nn.Identity())
        for path, module in [*self.network.named_modules()]:
            if isinstance(module, nn.Dropout):
                self.network.set_submodule(path, nn.Identity())
            elif _is_residual(module, family):
                layer = module.get_submodule(family.entry)
                entry = OrderedDict(temporal=temporal(_inputs(layer), frames), layer=layer)
                module.set_submodule(family.entry, nn.Sequential(entry))

    def forward(self, inputs: list[Tensor]) -> Tensor:
        """Map [(N*T) x 3 x H x W] to (N*T) x features. Empties the list."""
        return self.network(inputs.pop())


def _is_residual(module: nn.Module, family: Family) -> bool:
    """Whether a module is a block with a shortcut."""
    if type(module).__name__ not in family.blocks:
        return False
    return not family.shortcut or bool(getattr(module, family.shortcut))


def _inputs(layer: nn.Module) -> int:
    """The channels of the input of a layer, or of layers in order."""
    first = next(module for module in layer.modules() if isinstance(module, nn.Conv2d))
    return first.in_channels
