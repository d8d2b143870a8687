from dataclasses import replace

import pytest

from bench.choice.budget import Budget
from bench.choice.not_built import as_json, is_on_front, is_within
from bench.choice.ranking import TradeOff
from suites import PrintedNetwork, Protocol
from tests.bench.choice.known import MACS, PARAMS, accuracy
from tests.records import point

PRINTED = PrintedNetwork(
    source="s",
    name="Net",
    frames_x_stride="8",
    dataset="d",
    top1=70.0,
    protocol=Protocol(10, 3, 224),
    pretraining="IN1k",
    gflops="2",
    flops_of="view",
    params_m="",
    row=None,
    not_built="it is secret",
    note="",
)
UNKNOWN = replace(PRINTED, name="Other", gflops="", flops_of="", pretraining="none")


WIDE = Budget(MACS, 1e15, "1P", per="video")


def trade_off(top1: float, gmacs: float) -> TradeOff:
    """An accuracy at GMACs of a video."""
    base = point()
    return TradeOff(accuracy(base, top1), base, {}, {MACS: gmacs * 1e9}, {})


@pytest.mark.parametrize(
    ("gmacs", "expected"), [(59.9, [UNKNOWN]), (60, [PRINTED, UNKNOWN]), (61, [PRINTED, UNKNOWN])]
)
def test_a_printed_cost_is_held_against_the_budget_of_a_video(
    gmacs: float, expected: list[PrintedNetwork]
) -> None:
    budgets = [Budget(PARAMS, 1, "1"), Budget(MACS, gmacs * 1e9, "", per="video")]
    assert [one for one in (PRINTED, UNKNOWN) if is_within(one, budgets)] == expected


def test_per_clip_none_is_shown_because_printed_accuracies_are_by_several_views() -> None:
    assert not any(is_within(one, [Budget(MACS, 1e15, "")]) for one in (PRINTED, UNKNOWN))


@pytest.mark.parametrize(
    ("ranked", "leads"),
    [
        ([], True),
        ([(69, 10)], True),
        ([(80, 61)], True),
        ([(70, 60)], True),
        ([(70, 59)], False),
        ([(71, 60)], False),
        ([(69, 10), (71, 59)], False),
    ],
)
def test_a_front_has_it_unless_one_is_better_and_in_nothing_worse(
    ranked: list[tuple[float, float]], leads: bool
) -> None:
    trade_offs = [trade_off(*one) for one in ranked]
    assert is_on_front(PRINTED, trade_offs, [WIDE]) is leads
    assert not is_on_front(UNKNOWN, trade_offs, [WIDE])
    assert as_json(PRINTED, trade_offs, [WIDE])["pareto"] is leads


def test_beyond_the_budgets_it_is_on_no_front() -> None:
    assert is_on_front(PRINTED, [], [WIDE])
    assert not is_on_front(PRINTED, [], [replace(WIDE, limit=59e9)])
    assert not is_on_front(PRINTED, [], [replace(WIDE, per="clip")])


def test_as_json_it_has_its_printed_figures_and_the_reason() -> None:
    data = as_json(PRINTED, [], [])
    assert (data["name"], data["top1"], data["macs_per_video"]) == ("Net", 70.0, 60e9)
    assert (data["reason"], data["pretraining"], data["source"]) == ("it is secret", "IN1k", "s")
    assert as_json(UNKNOWN, [], [])["macs_per_video"] is None
