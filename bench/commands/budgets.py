"""Budgets of the command line: `33G`, `16GiB`, `50ms`, or the cost of a network, `tsn:50:8`."""

import re
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from dataclasses import dataclass

from bench.commands.arguments import size_bytes

HUGE = 1e18  # no network needs as much, and arithmetic on smaller limits is exact
NUMBER = r"((?:\d{1,3}(?:[,_]\d{3})+|\d+)(?:\.\d+)?(?:e\d{1,2})?)"
COUNT = re.compile(rf"{NUMBER} ?([kmgtb]?) ?([a-z]*)", re.IGNORECASE)
THOUSANDS = {"": 1.0, "k": 1e3, "m": 1e6, "g": 1e9, "b": 1e9, "t": 1e12}
TIME = re.compile(r"(\d+(?:\.\d+)?) ?(s|ms|us|µs|μs)")  # the micro sign, and the Greek letter
SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "μs": 1e-6}
NETWORK = re.compile(r"(\w+):(\d*):(\d+)")


@dataclass(frozen=True)
class BudgetArgument:
    """A budget as it was written: a `limit` in the quantity's unit, or a `network` at its cost.

    With a network, `limit` is 0; `depth` is None for its default depth.
    """

    text: str
    limit: float = 0.0
    network: str = ""
    depth: int | None = None
    frames: int = 0


def add_budgets(parser: ArgumentParser) -> None:
    """Add `--macs`, `--params`, `--memory` and `--latency`."""
    kinds: dict[str, tuple[Callable[[str], float], str]] = {
        "macs": (_count_of("mac", "macs"), "limit of the MACs of a clip, such as 33G"),
        "params": (
            _count_of("param", "params", "parameters"),
            "limit of the parameters, such as 30M",
        ),
        "memory": (size_bytes, "limit of the simulated peak, such as 16GiB; see --mode, --batch"),
        "latency": (_seconds, "limit of the time of a batch, such as 50ms, here or on --machine"),
    }
    for name, (read, what) in kinds.items():
        parser.add_argument(
            f"--{name}",
            type=_asked(read),
            metavar="BUDGET",
            help=f"{what}; or the cost of a network, such as tsn:50:8 (name:depth:frames)",
        )


def _asked(read: Callable[[str], float]) -> Callable[[str], BudgetArgument]:
    def asked(text: str) -> BudgetArgument:
        if ":" in text:
            return _network(text)
        try:
            limit = read(text.strip())
        except OverflowError:
            limit = HUGE
        if not 0 < limit < HUGE:
            raise ArgumentTypeError(
                f"{text!r} is not a budget: write more than 0 and less than 1e18"
            )
        return BudgetArgument(text.strip(), limit)

    return asked


def _network(text: str) -> BudgetArgument:
    match = NETWORK.fullmatch(text.strip())
    if match is None:
        raise ArgumentTypeError(
            f"{text!r} is not a network: write name:depth:frames, such as tsn:50:8 or i3d::8"
        )
    name, depth, frames = match.groups()
    return BudgetArgument(text.strip(), 0.0, name, int(depth) if depth else None, int(frames))


def _count_of(*words: str) -> Callable[[str], float]:
    """A function that reads a number with a prefix and, optionally, one of `words`."""

    def count(text: str) -> float:
        match = COUNT.fullmatch(text)
        number, prefix, word = match.groups() if match else ("", "", "")
        if "flop" in text.lower():
            raise ArgumentTypeError(
                f"{text!r} is in FLOPs, and papers that write FLOPs mean MACs: "
                f"write {number or '33'}{prefix or ('' if number else 'G')} MACs"
            )
        if match and word.lower() not in ("", *words) and (prefix + word).lower() in words:
            prefix = ""  # it is the first letter of 'MACs'
        elif match is None or word.lower() not in ("", *words):
            raise ArgumentTypeError(f"{text!r} is not a count: write a number such as 33G or 30M")
        return float(re.sub("[,_]", "", number)) * THOUSANDS[prefix.lower()]

    return count


def _seconds(text: str) -> float:
    match = TIME.fullmatch(text)
    if match is None:
        raise ArgumentTypeError(f"{text!r} is not a time: write a number and a unit, such as 50ms")
    return float(match[1]) * SECONDS[match[2]]
