"""Prints a comparison: the table of choices, its notes, Pareto fronts and claims."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import get_args

from bench.choice.accuracies import UNKNOWN, Accuracy
from bench.choice.amounts import format_amount
from bench.choice.budget import Budget, Per
from bench.choice.comparison import Comparison
from bench.choice.not_built import is_on_front
from bench.choice.ranking import MACS, Choice, TradeOff, pareto_front
from bench.claims.verdicts import ClaimResult
from bench.commands.output import print_table
from bench.records.catalogue import find_instrument
from bench.records.point import options_text
from bench.wording import count_text
from bench.workload.networks import FILE_MARK
from suites import PrintedNetwork
from suites.fields import Mode

NONE = "none"
Notes = dict[str, int]  # the number of each note, by the source of accuracies


def print_comparison(comparison: Comparison, dataset: str, *, shows_all: bool = True) -> None:
    """Print the budgets, the table, the sources of accuracies, the fronts and the claims.

    Unless it `shows_all`, networks without an accuracy are left out of the table, but for those of
    users' files.
    """
    shown = _shown(comparison, shows_all=shows_all)
    for budget in comparison.budgets:
        print(_budget(budget))
    notes: Notes = {}
    _print_choices(shown, comparison, notes)
    for line in (
        *_hidden(comparison, shown),
        *_sources(notes, dataset, comparison.per),
        *(f"Not compared: {refusal}" for refusal in comparison.refusals),
        *_not_ranked(comparison),
        *_left_out(comparison),
        *_not_built(comparison),
        *_remarks(shown.values()),
    ):
        print(line)
    if not any(choice.fits for choice in comparison.ranked):
        print("Nothing fits: the column 'limited by' shows what the smallest point needs.")
    mixtures: list[str] = []
    for label in comparison.labels:
        if front := pareto_front(comparison.choices, label):
            print(_front(front, label, comparison.per))
            mixtures.append(_mixture(front))
    for line in dict.fromkeys(filter(None, mixtures)):
        print(line)
    for claim in comparison.claims:
        print(_claim(claim))


def _shown(comparison: Comparison, *, shows_all: bool) -> dict[int, Choice]:
    """The choices of the table by their rank; all if none has an accuracy."""
    ranked = dict(enumerate(comparison.ranked, start=1))
    if shows_all or not comparison.trade_offs:
        return ranked
    return {
        number: choice
        for number, choice in ranked.items()
        if choice.best or FILE_MARK in choice.base.network
    }


def _print_choices(shown: Mapping[int, Choice], comparison: Comparison, notes: Notes) -> None:
    """Print the table of choices, by their rank; the sources of their accuracies join `notes`."""
    sizes = {choice.base.input_size for choice in shown.values()}
    rows = [
        _row(number, choice, comparison.labels, notes, comparison.per, shows_size=len(sizes) > 1)
        for number, choice in shown.items()
    ]
    costs = [label.partition(":")[0] for label in comparison.labels]
    headings = ["", "network", "depth", "options", "size", "frames", "batch", *costs]
    tests = ["top-1 %", "pretrained", "views", "MACs a view", "MACs a video"]
    steps = ["train memory", "infer memory"]
    _print_compact([*headings, "limited by", *tests, *steps, "Pareto"], rows)


def _hidden(comparison: Comparison, shown: Mapping[int, Choice]) -> list[str]:
    """How many choices the table leaves out."""
    rows = count_text(len(comparison.ranked) - len(shown), "row")
    if len(shown) == len(comparison.ranked):
        return []
    where = f"without a known accuracy within the budget per {comparison.per}"
    return [f"Not shown, {where}: {rows}. '--all' shows all."]


def _sources(notes: Notes, dataset: str, per: Per) -> list[str]:
    """What the accuracies are of, and their numbered sources."""
    if not notes:
        return [f"No accuracy on {dataset} is known within the budget per {per}."]
    return [
        f"Accuracies are top-1 on {dataset}, the best known within the budget per {per}:",
        *(f"[{number}] {source}" for source, number in notes.items()),
    ]


def _remarks(choices: Iterable[Choice]) -> list[str]:
    """What is not certain or not usual about the points that fit."""
    lines = []
    for choice in choices:
        if choice.fit:
            name = choice.base.variant_label
            lines += [f"{name} may or may not fit: {doubt}" for doubt in choice.fit.doubts]
            lines += [f"{name}: {note}" for note in choice.fit.notes]
    return lines


def _budget(budget: Budget) -> str:
    unit = find_instrument(budget.label).unit
    machine = f" on {budget.machine}" if budget.machine else ""
    amount = format_amount(budget.limit, unit)
    return f"Budget per {budget.per}: {budget.label}{machine}, {amount} ({budget.text})"


def _row(
    number: int,
    choice: Choice,
    labels: Sequence[str],
    notes: Notes,
    per: Per,
    *,
    shows_size: bool,
) -> list[str]:
    base, fit, best = choice.base, choice.fit, choice.best
    return [
        str(number),
        base.network,
        str(base.depth or ""),
        options_text(base.options),
        f"{base.input_size} px" if shows_size else "",
        *((str(fit.point.frames), str(fit.point.batch)) if choice.fits and fit else (NONE, "")),
        *(_cost(choice, label) for label in labels),
        choice.limit,
        *((_accuracy(best.accuracy, notes), *_test(best, per)) if best else [""] * 7),
        ", ".join(label.partition(":")[0] for label in best.fronts) if best else "",
    ]


def _cost(choice: Choice, label: str) -> str:
    if not choice.fits or label not in choice.costs:
        return ""
    return format_amount(choice.costs[label], find_instrument(label).unit)


def _accuracy(accuracy: Accuracy, notes: Notes) -> str:
    number = notes.setdefault(accuracy.source, len(notes) + 1)
    ends = " to ".join(f"{end:.1f}" for end in accuracy.interval)
    interval = f" ({ends})" if ends else ""
    videos = f" on {count_text(accuracy.videos, 'video')}" if accuracy.videos else ""
    figure = f"{accuracy.top1:.1f}{interval} at {count_text(accuracy.frames, 'frame')}"
    return f"{figure}, {accuracy.kind}{videos} [{number}]"


def _test(best: TradeOff, per: Per) -> tuple[str, ...]:
    """The pretraining, the views, and what they cost: MACs, and memory to train and to infer.

    Per clip there is one view, which costs what a video does.
    """
    view, video, protocol = best.costs.get(MACS), best.video_macs, best.accuracy.protocol
    return (
        best.accuracy.pretraining or UNKNOWN,
        str(replace(protocol, sampling="")) if protocol else "",
        "" if view is None or per == "clip" else format_amount(view, ""),
        "" if video is None else format_amount(video, ""),
        *(
            format_amount(best.memory[mode], "bytes") if mode in best.memory else ""
            for mode in get_args(Mode)
        ),
    )


def _not_ranked(comparison: Comparison) -> list[str]:
    """Why accuracies of the compared networks have no rank."""
    unknown = [a for a in comparison.not_compared if a.protocol is None]
    lines = [
        f"Not ranked, because the protocol of its test is not known: {a.top1:.1f} by {a.network}"
        f"{'' if a.depth is None else f' {a.depth}'} at {count_text(a.frames, 'frame')} "
        f"({a.source})"
        for a in unknown
    ]
    others = len(comparison.not_compared) - len(unknown)
    if others:
        lines.append(
            f"By several views or at another size: {count_text(others, 'accuracy', 'accuracies')}. "
            "'--per video' compares them at the cost of a video."
        )
    return lines


def _left_out(comparison: Comparison) -> list[str]:
    """How many accuracies have another pretraining than asked for."""
    counts = comparison.left_out_by_pretraining.items()
    listed = ", ".join(f"{name} ({count})" for name, count in sorted(counts))
    return [f"Left out, because of the pretraining of their weights: {listed}."] if listed else []


def _not_built(comparison: Comparison) -> list[str]:
    """The published networks that are not built, by reason."""
    by_reason: dict[str, list[PrintedNetwork]] = {}
    for one in comparison.not_built:
        by_reason.setdefault(one.not_built, []).append(one)
    return [
        f"Published, but not built here, so neither measured nor ranked ({reason}): "
        f"{'; '.join(_printed(one, comparison) for one in networks)}"
        for reason, networks in by_reason.items()
    ]


def _printed(network: PrintedNetwork, comparison: Comparison) -> str:
    """The printed figures of a network, and whether they beat all those that are ranked."""
    macs = network.printed_video_macs
    cost = (
        f"{format_amount(macs, '')} a video as printed" if macs else "cost of a video not printed"
    )
    leads = is_on_front(network, comparison.trade_offs, comparison.budgets)
    front = ", on the front by this figure" if leads else ""
    name = f"{network.name}, {network.frames_x_stride}"
    return f"{network.top1:.1f} by {name} ({cost}{front}; pretraining {network.pretraining})"


def _print_compact(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table without the columns that are empty in every row."""
    columns = [n for n in range(len(headings)) if any(row[n] for row in rows)]
    print_table([headings[n] for n in columns], [[row[n] for n in columns] for row in rows])


def _front(front: Sequence[TradeOff], label: str, per: str) -> str:
    """The Pareto front of a cost in one line, the cheapest first."""
    unit = find_instrument(label).unit
    parts = []
    for trade_off in front:
        amount = format_amount(trade_off.charged[label], unit)
        network = trade_off.point.network_label
        accuracy = trade_off.accuracy
        test = f"; pretraining {accuracy.pretraining or UNKNOWN}, {accuracy.protocol}"
        charged = amount + (test if per == "video" else "")  # per clip all are by one view
        parts.append(f"{accuracy.top1:.1f} by {network} ({charged})")
    cost = f"macs per {per}" if label == MACS else label.partition(":")[0]
    return f"Pareto front by {cost}: {'; '.join(dict.fromkeys(parts))}"


def _mixture(front: Sequence[TradeOff]) -> str:
    """A warning if weights of different pretraining are on a front; else ""."""
    kinds = sorted({one.accuracy.pretraining or UNKNOWN for one in front})
    if len(kinds) < 2:
        return ""
    return (
        f"The front mixes weights pretrained on {'; '.join(kinds)}: '--pretrain' compares like "
        "with like."
    )


def _claim(result: ClaimResult) -> str:
    return f"Claim: {result.claim.title}: {result.verdict}. {result.sentence}"
