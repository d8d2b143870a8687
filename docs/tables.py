"""Pages with one table each: the networks, and the instruments."""

from bench.records.catalogue import INSTRUMENTS, Instrument
from bench.text import markdown
from docs.markdown import code, table
from models.registry import GROUPS, Network, describe, get_network, list_models

NETWORKS = """# Networks

`blvbench models` lists these networks, and `blvbench.create_model` builds them. Give an option as
`--option NAME=VALUE`, or as a keyword. "frames" says which numbers of frames a network takes.

"""
NETWORK_COLUMNS = ("name", "what it is", "depths", "frames", "options")
INSTRUMENTS_HEAD = """# Quantities and instruments

`--quantity` and a suite's `quantities` take `quantity:instrument`. A quantity alone means its first
instrument in this table.

"depends on a machine" names the device that is measured. Such a figure is measured in a process of
its own and shown under the machine's name. All other figures are the same on every machine.

"ignores" lists the fields of a point that do not affect the figure. For instance, counts of one
clip are not measured again for another batch.

[The method](../method.md) says what each instrument counts and how large its error is.

"""


def networks_page() -> str:
    """The page with every network of the registry."""
    networks = [get_network(name) for name in list_models()]
    parts = [NETWORKS]
    for group in GROUPS:
        rows = [_network(network) for network in networks if network.group == group]
        parts += [f"## {group.capitalize()}\n\n", table(NETWORK_COLUMNS, rows), "\n"]
    return "".join(parts)


def _network(network: Network) -> tuple[str, ...]:
    depths = (
        f"{f'{backbone}: ' if backbone else ''}{', '.join(map(str, known)) or 'one'}"
        for backbone, known in network.depths.items()
    )
    options = (
        f"{code(name)}: {markdown(describe(network.choices[name]))} (default: {default})"
        for name, default in network.options.items()
    )
    return (
        code(network.name),
        f"{markdown(network.summary)} Source: {markdown(network.source)}.",
        "; ".join(depths),
        _frames(network),
        "; ".join(options),
    )


def _frames(network: Network) -> str:
    if network.only.frames:
        return str(network.only.frames)
    return "any" if network.frame_multiple == 1 else f"multiples of {network.frame_multiple}"


def instruments_page() -> str:
    """The page with every instrument, in the order of the catalogue."""
    return INSTRUMENTS_HEAD + table(
        ("quantity", "instrument", "unit", "depends on a machine", "ignores"),
        map(_instrument, INSTRUMENTS),
    )


def _instrument(instrument: Instrument) -> tuple[str, ...]:
    return (
        code(instrument.quantity),
        code(instrument.name),
        instrument.unit,
        (instrument.device or "no") + (" and threads" if instrument.takes_free_cores else ""),
        ", ".join(map(code, instrument.ignores)) or "nothing",
    )
