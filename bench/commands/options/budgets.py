"""Budgets on the command line: `33G`, `16GiB`, `50ms`, or the cost of a network, `tsn:50:8`."""

import re
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from dataclasses import dataclass

from bench.commands.options.common import size_bytes

HUGE = 1e18  # no network needs this much
NUMBER = r"((?:\d{1,3}(?:[,_]\d{3})+|\d+)(?:\.\d+)?(?:e\d{1,2})?)"
COUNT = re.compile(rf"{NUMBER} ?([kmgtb]?) ?([a-z]*)", re.IGNORECASE)
THOUSANDS = {"": 1.0, "k": 1e3, "m": 1e6, "g": 1e9, "b": 1e9, "t": 1e12}
TIME = re.compile(r"(\d+(?:\.\d+)?) ?(s|ms|us|µs|μs)")  # the micro sign, and the Greek letter
SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "μs": 1e-6}
NETWORK = re.compile(r"(\w+):(\d*):(\d+)")


@dataclass(frozen=True)
class BudgetArgument:
    """A parsed budget: a `limit` in the unit of its quantity, or the cost of a `network`.

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
        "macs": (_make_count_parser("mac", "macs"), "limit of the MACs per clip, such as 33G"),
        "params": (
            _make_count_parser("param", "params", "parameters"),
            "limit of the parameters, such as 30M",
        ),
        "memory": (
            size_bytes,
            "limit of the simulated peak memory at --mode and --batch, such as 16GiB",
        ),
        "latency": (_parse_seconds, "limit of the time per batch, such as 50ms"),
    }
    for name, (parse_limit, limit) in kinds.items():
        parser.add_argument(
            f"--{name}",
            type=_make_parser(parse_limit),
            metavar="BUDGET",
            help=f"{limit}; or a network whose cost is the limit (name:depth:frames, as tsn:50:8)",
        )


def _make_parser(parse_limit: Callable[[str], float]) -> Callable[[str], BudgetArgument]:
    """A function that parses a limit, or a network whose cost is the limit."""

    def parse(text: str) -> BudgetArgument:
        if ":" in text:
            return _parse_network(text)
        try:
            limit = parse_limit(text.strip())
        except OverflowError:
            limit = HUGE
        if not 0 < limit < HUGE:
            raise ArgumentTypeError(
                f"{text!r} is not a budget: write more than 0 and less than 1e18"
            )
        return BudgetArgument(text.strip(), limit)

    return parse


def _parse_network(text: str) -> BudgetArgument:
    match = NETWORK.fullmatch(text.strip())
    if match is None:
        raise ArgumentTypeError(
            f"{text!r} is not a network: write name:depth:frames, such as tsn:50:8 or i3d::8"
        )
    name, depth, frames = match.groups()
    return BudgetArgument(text.strip(), 0.0, name, int(depth) if depth else None, int(frames))


def _make_count_parser(*words: str) -> Callable[[str], float]:
    """A function that parses a number with a prefix and, optionally, one of `words`."""

    def parse(text: str) -> float:
        match = COUNT.fullmatch(text)
        number, prefix, word = match.groups() if match else ("", "", "")
        if "flop" in text.lower():
            raise ArgumentTypeError(
                f"{text!r} is in FLOPs, and papers that write FLOPs mean MACs: "
                f"write {number or '33'}{prefix or ('' if number else 'G')} MACs"
            )
        if match and word.lower() not in ("", *words) and (prefix + word).lower() in words:
            prefix = ""  # the first letter of 'MACs' is not a prefix
        elif match is None or word.lower() not in ("", *words):
            raise ArgumentTypeError(f"{text!r} is not a count: write a number such as 33G or 30M")
        return float(re.sub("[,_]", "", number)) * THOUSANDS[prefix.lower()]

    return parse


def _parse_seconds(text: str) -> float:
    match = TIME.fullmatch(text)
    if match is None:
        raise ArgumentTypeError(f"{text!r} is not a time: write a number and a unit, such as 50ms")
    return float(match[1]) * SECONDS[match[2]]
