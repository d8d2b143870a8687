"""Published networks that are not built here, beside a comparison of those that are.

Only printed figures are known of them, so they have no rank.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from bench.choice.accuracies import is_wanted
from bench.choice.budget import Budget
from bench.choice.ranking import MACS, TradeOff
from suites import PrintedNetwork


def select_not_built(
    networks: Iterable[PrintedNetwork], dataset: str, pretraining: Collection[str]
) -> tuple[PrintedNetwork, ...]:
    """Those of `networks` that are not built, on one data set.

    `pretraining` names what the weights may have been pretrained on, in any case; all if there are
    none.
    """
    return tuple(
        one
        for one in networks
        if one.row is None and one.dataset == dataset and is_wanted(one.pretraining, pretraining)
    )


def select_within(
    networks: Iterable[PrintedNetwork], budgets: Iterable[Budget]
) -> tuple[PrintedNetwork, ...]:
    """The `networks` not known to exceed a budget per video; none without such a budget."""
    limits = [budget.limit for budget in budgets if budget.per == "video"]
    return tuple(one for one in networks if limits and (one.printed_video_macs or 0) <= min(limits))


def is_on_front(network: PrintedNetwork, trade_offs: Iterable[TradeOff]) -> bool:
    """Whether, by its printed MACs of a video, none of `trade_offs` is as accurate and as cheap."""
    cost = network.printed_video_macs
    return cost is not None and not any(
        one.accuracy.top1 >= network.top1 and one.charged.get(MACS, cost) <= cost
        for one in trade_offs
    )


def as_json(network: PrintedNetwork, trade_offs: Sequence[TradeOff]) -> dict[str, Any]:
    """The printed figures of a network as JSON types, and why it is not built."""
    return {
        "name": network.name,
        "frames": network.frames_x_stride,
        "top1": network.top1,
        "pretraining": network.pretraining,
        "macs_per_video": network.printed_video_macs,
        "pareto": is_on_front(network, trade_offs),
        "reason": network.not_built,
        "source": network.source,
    }
