"""torchvision's image networks over the frames of a clip, with temporal modules in their blocks.

A temporal module stands at the entry of each residual branch, as in models/resnet.py.
"""

from collections import OrderedDict
from contextlib import nullcontext
from functools import cache, partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from models.branches import find_entries
from models.clip import check_size
from models.layouts import CLASSIFIER, Layout, Rule
from models.meta import build_on_meta
from models.temporal import TemporalBuilder

# torchvision's names of the networks whose residual branches begin with a convolution: these take
# temporal modules.
RESIDUAL = (
    "mobilenet_v2",
    *(f"mobilenet_v3_{size}" for size in ("small", "large")),
    *(f"efficientnet_b{number}" for number in range(8)),
    *(f"efficientnet_v2_{size}" for size in "sml"),
    *(f"mnasnet{width}" for width in ("0_5", "0_75", "1_0", "1_3")),
    *(f"regnet_x_{size}" for size in ("400mf", "800mf", "1_6gf", "3_2gf", "8gf", "16gf", "32gf")),
    *(f"regnet_y_{size}" for size in ("400mf", "800mf", "1_6gf", "3_2gf", "8gf", "16gf", "32gf")),
    "regnet_y_128gf",
    *(f"resnext{size}" for size in ("50_32x4d", "101_32x8d", "101_64x4d")),
    *(f"wide_resnet{size}" for size in ("50_2", "101_2")),
    *(f"convnext_{size}" for size in ("tiny", "small", "base", "large")),
)
# The others, but for SqueezeNet and MaxViT, whose classifiers are no linear layers with biases, and
# those that this project has itself: ResNets and GoogLeNet (models/inception.py).
PLAIN = (
    "alexnet",
    *(f"vgg{depth}{norm}" for depth in (11, 13, 16, 19) for norm in ("", "_bn")),
    "inception_v3",
    *(f"densenet{depth}" for depth in (121, 161, 169, 201)),
    *(f"shufflenet_v2_x{width}" for width in ("0_5", "1_0", "1_5", "2_0")),
    *(f"swin_{size}" for size in ("t", "s", "b", "v2_t", "v2_s", "v2_b")),
    *(f"vit_{size}" for size in ("b_16", "b_32", "l_16", "l_32", "h_14")),
)
NAMES = (*RESIDUAL, *PLAIN)
# torchvision's names of the last linear layer, beside "fc". A network may have other layers of the
# names that come later.
CLASSIFIERS = (
    "head",
    "heads.head",
    "classifier",
    *(f"classifier.{number}" for number in (6, 3, 2, 1)),
)
_TRUNK: tuple[Rule, ...] = ((r"^trunk\.network\.", ""), (r"\.layer\.", "."))
_AUXILIARY = r"^AuxLogits\."  # of Inception-v3, for training alone
LAYOUTS = (
    Layout((*_TRUNK, CLASSIFIER), _AUXILIARY),
    *(Layout((*_TRUNK, (r"^head\.classifier\.", f"{name}."))) for name in CLASSIFIERS),
)


class _NumbersOnCpu(TorchFunctionMode):
    """Within: tensors of given numbers are on the CPU, if a layer does not place them itself.

    RegNets read the sizes of their stages out of such tensors.
    """

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if func in {torch.arange, torch.tensor} and "device" not in kwargs:
            kwargs = {**kwargs, "device": "cpu"}
        return func(*args, **kwargs)


def _build(name: str) -> nn.Module:
    """The network `name` of torchvision, with its initial weights."""
    # Imported here because it doubles the time to import this package.
    from torchvision.models import get_model

    options = {"aux_logits": False, "init_weights": True} if name == "inception_v3" else {}
    with _NumbersOnCpu() if name.startswith("regnet") else nullcontext():
        network: nn.Module = get_model(name, weights=None, **options)
    return network


@cache
def find_size(name: str) -> int | None:
    """The height and width in pixels that torchvision's `name` takes; None if it takes any."""
    return _own_size(build_on_meta(partial(_build, name)))


def _own_size(network: nn.Module) -> int | None:
    """The size that a network was built for, where it keeps one: for its position embeddings."""
    size = getattr(network, "image_size", None)
    return None if size is None else int(size)


class TorchvisionTrunk(nn.Module):
    """torchvision's network `name` over clips of `frames`, without its classifier and dropout.

    `temporal(channels, frames)` builds the module at the entry of a residual branch. The output has
    `features` channels. Weights are torchvision's initial ones.
    """

    def __init__(self, name: str, temporal: TemporalBuilder, *, frames: int) -> None:
        super().__init__()
        self.network = _build(name)
        self.input_size = _own_size(self.network)
        modules = dict(self.network.named_modules())
        for path in find_entries(self.network):
            layer = modules[path]
            if isinstance(layer, nn.Conv2d):
                entry = OrderedDict(temporal=temporal(layer.in_channels, frames), layer=layer)
                self.network.set_submodule(path, nn.Sequential(entry))
        for path, module in modules.items():
            if isinstance(module, nn.Dropout):
                self.network.set_submodule(path, nn.Identity())
        classifier = [path for path, module in modules.items() if isinstance(module, nn.Linear)][-1]
        self.features = modules[classifier].in_features
        self.network.set_submodule(classifier, nn.Identity())

    def forward(self, inputs: list[Tensor]) -> Tensor:
        """Map [(N*T) x 3 x H x W] to (N*T) x features. Empties the list."""
        if self.input_size:
            check_size(inputs[0], self.input_size)
        return self.network(inputs.pop())
