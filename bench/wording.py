"""Counts and lists in messages."""

from collections.abc import Sequence


def count_text(number: int, one: str, many: str = "") -> str:
    """A number of things: "1 frame", "1,024 frames"; `many` is the plural, if not with an s."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def list_first(items: Sequence[str], most: int) -> str:
    """The first items, and the number of the others: "a; b; and 3 more"."""
    rest = len(items) - most
    return "; ".join([*items[:most], *([f"and {rest} more"] if rest > 0 else [])])
