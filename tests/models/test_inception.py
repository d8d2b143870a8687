import torch
import torchvision

from models.chain import Chain
from models.inception import MODULES
from tests.models.networks import build
from tests.models.torchvision_images import check_against_torchvision, lively_norms


def test_the_inception_is_torchvisions() -> None:
    theirs = torchvision.models.GoogLeNet(num_classes=4, aux_logits=False, init_weights=False)
    check_against_torchvision("tsn", lively_norms(theirs), {"backbone": "inception_v1"})


def test_channels_are_those_of_the_table() -> None:
    with torch.device("meta"):
        trunk = build("tsn", backbone="inception_v1").get_submodule("trunk.layers")
        x = torch.empty(1, 3, 64, 64)
        outputs = {}
        for name, layer in trunk.named_children():
            x = layer([x] if isinstance(layer, Chain) else x)
            outputs[name] = x.shape[1]
    for name, (single, _, wide3, _, wide5, projected) in MODULES.items():
        assert outputs[f"inception{name}"] == single + wide3 + wide5 + projected
