"""Formulations: two ways to compute one network, with the same weights and the same results.

`published` computes as the authors do. `efficient` needs less memory: in inference, batch norms
write over their input and chains free theirs. Any network can save that. What else a network can do
is up to its modules, such as those of models/tam.py and models/blvnet.py.
"""

from torch import nn

from models.chain import Chain
from models.norm import BatchNorm2d, BatchNorm3d

EFFICIENT = "efficient"
FORMULATIONS = (EFFICIENT, "published")


def save_memory(network: nn.Module) -> None:
    """Let the norms and the chains of `network` save memory in inference, in place.

    Nothing but its norm may read the result of a convolution.
    """
    for module in network.modules():
        if isinstance(module, Chain | BatchNorm2d | BatchNorm3d):
            module.saves_memory = True
