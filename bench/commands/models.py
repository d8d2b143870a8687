"""`blvbench models`."""

from argparse import ArgumentParser, Namespace

import models
from bench.commands.output import add_json, print_json, print_table
from models.registry import GROUPS, describe

SHOWN = 5  # values of an option where all networks are listed


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="network to describe in full (default: list all)"
    )
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


def _shorten(choices: str, most: int | None) -> str:
    """The first `most` of choices that commas separate, and how many there are more."""
    values = choices.split(", ")
    if most is None or len(values) <= most + 1:
        return choices
    return f"{', '.join(values[:most])} and {len(values) - most} more"


def run(arguments: Namespace) -> int:
    """List the networks, by group. Raises `NetworkError` for an unknown name."""
    networks = [models.get_network(name) for name in arguments.names or models.list_models()]
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
    most = None if arguments.names else SHOWN
    for group in GROUPS:
        rows = [_row(network, most) for network in networks if network.group == group]
        if rows:
            print_table((group, "what it is", "depths", "frames", "options"), rows)
    if most:
        print("'blvbench models NAME' lists all values of the options of a network.")
    return 0


def _row(network: models.Network, most: int | None) -> tuple[str, ...]:
    """The cells of a network in the table of its group, with `most` values of an option."""
    options = [
        f"{name} {value} ({_shorten(describe(network.choices[name]), most)})"
        for name, value in network.options.items()
    ]
    return (
        network.name,
        network.summary,
        _depths(network),
        _frames(network),
        "\n".join(options),
    )
