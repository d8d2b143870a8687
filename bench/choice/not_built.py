"""Published networks that are not built here, beside a comparison of those that are.

Only printed figures are known of them, so they have no rank.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from bench.choice.budget import Budget
from bench.choice.pareto import Figures
from bench.choice.ranking import MACS, TradeOff
from suites import PrintedNetwork


def is_within(network: PrintedNetwork, budgets: Iterable[Budget]) -> bool:
    """Whether it is not known to exceed a budget per video; False without such a budget."""
    limits = [budget.limit for budget in budgets if budget.per == "video"]
    return bool(limits) and (network.printed_video_macs or 0) <= min(limits)


def is_on_front(
    network: PrintedNetwork, trade_offs: Iterable[TradeOff], budgets: Iterable[Budget]
) -> bool:
    """Whether, by its printed MACs of a video, it is within `budgets` and none dominates it."""
    cost = network.printed_video_macs
    if cost is None or not is_within(network, budgets):
        return False
    others = (one.figures(MACS) for one in trade_offs)
    own = Figures(cost, network.top1)
    return not any(other.dominates(own) for other in others if other)


def as_json(
    network: PrintedNetwork, trade_offs: Sequence[TradeOff], budgets: Sequence[Budget]
) -> dict[str, Any]:
    """The printed figures of a network as JSON types, and why it is not built."""
    return {
        "name": network.name,
        "frames": network.frames_x_stride,
        "top1": network.top1,
        "pretraining": network.pretraining,
        "macs_per_video": network.printed_video_macs,
        "pareto": is_on_front(network, trade_offs, budgets),
        "reason": network.not_built,
        "source": network.source,
    }
