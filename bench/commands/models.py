"""`blvbench models`."""

from argparse import ArgumentParser, Namespace

import models
from bench.commands.output import add_json, print_json, print_table
from models.registry import GROUPS, describe


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_json(parser)


def _depths(network: models.Network) -> str:
    """The depths to choose from, for each backbone if there are several."""
    lists = {name: ", ".join(map(str, depths)) for name, depths in network.depths.items() if depths}
    return "; ".join(f"{depths} ({name})" if name else depths for name, depths in lists.items())


def _frames(network: models.Network) -> str:
    """The numbers of frames that the network accepts."""
    if network.only.frames:
        return str(network.only.frames)
    return f"multiples of {network.frame_multiple}" if network.frame_multiple > 1 else "any"


def run(arguments: Namespace) -> int:
    """List the networks, by group."""
    networks = [models.get_network(name) for name in models.list_models()]
    if arguments.json:
        print_json(
            [
                {
                    "name": network.name,
                    "summary": network.summary,
                    "group": network.group,
                    "depths": network.depths,
                    "frame_multiple": network.frame_multiple,
                    "only_frames": network.only.frames,
                    "only_sizes": network.only.sizes,
                    "options": network.options,
                    "choices": {name: describe(c) for name, c in network.choices.items()},
                    "source": network.source,
                }
                for network in networks
            ]
        )
        return 0
    for group in GROUPS:
        print_table(
            (group, "what it is", "depths", "frames", "options"),
            [_row(network) for network in networks if network.group == group],
        )
    return 0


def _row(network: models.Network) -> tuple[str, ...]:
    """The cells of a network in the table of its group."""
    options = [
        f"{name} {value} ({describe(network.choices[name])})"
        for name, value in network.options.items()
    ]
    return (
        network.name,
        network.summary,
        _depths(network),
        _frames(network),
        "\n".join(options),
    )
