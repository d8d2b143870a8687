"""The residual branches of any network that torch.fx can trace.

A branch and its shortcut begin at one tensor and end in a sum.
"""

import operator

import torch
from torch import fx, nn

SUMS = {operator.add, operator.iadd, torch.add}


def find_entries(network: nn.Module) -> list[str]:
    """The paths of the first layers of `network`'s residual branches, in order.

    Raises what `torch.fx` raises for a network whose control flow depends on values.
    """
    was_training = network.training
    graph = fx.Tracer().trace(network.eval())  # in training, blocks may be left out by chance
    network.train(was_training)
    position = {node: number for number, node in enumerate(graph.nodes)}
    before: dict[fx.Node, set[fx.Node]] = {}  # each node, and those that it is computed from
    entries = []
    for node in graph.nodes:
        before[node] = {node}.union(*(before[one] for one in node.all_input_nodes))
        if node.target in SUMS and len(node.all_input_nodes) == 2:
            left, right = (before[one] for one in node.all_input_nodes)
            if common := left & right:
                fork = max(common, key=position.__getitem__)
                branch = max(left - before[fork], right - before[fork], key=len)
                entries += [
                    str(one.target)
                    for one in sorted(branch, key=position.__getitem__)
                    if one.op == "call_module" and fork in one.all_input_nodes
                ]
    return entries
