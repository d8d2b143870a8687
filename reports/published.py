"""Published figures in the report: accuracies beside costs, and counts compared with ours."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from bench.claims import agreement
from bench.claims.agreement import Agreement
from bench.records.measurement import Measurement
from bench.records.point import options_text
from reports.tables import CLIP_FIELDS, EMPTY, Cell, Column, Table, count_cell
from suites import PrintedNetwork, PublishedRow, load_networks, load_published
from suites.counting import CountingRule

FORMULATION = r"(^| )formulation=\w+"
FIGURE_HEADINGS = (
    "network",
    "depth",
    "options",
    "frames",
    "data set",
    "quantity",
    "published",
    "measured",
    "difference",
    "note",
)
NOT_BUILT_HEADINGS = (
    "network",
    "frames",
    "data set",
    "top-1 %",
    "views",
    "pretrained on",
    "GFLOPs as printed",
    "params (M)",
    "not built because",
    "source",
)
NOTE = "Accuracies are published, not measured here:"
SHORT = {
    "something-something-v1": "SSv1",
    "something-something-v2": "SSv2",
    "kinetics-400": "K400",
    "kinetics-600": "K600",
    "mini-something-something-v2": "mini-SSv2",
    "mini-kinetics-400": "mini-K400",
    "mini-moments-in-time": "mini-MiT",
}
PHRASES = {
    agreement.Reproduction.REPRODUCED: "are reproduced",
    agreement.Reproduction.DIFFERS: "differ",
    agreement.Reproduction.NOT_MEASURED: "are not measured",
}
ClipRow = tuple[Any, ...]  # the values of CLIP_FIELDS, None for no depth


@dataclass(frozen=True)
class Accuracies:
    """Published accuracies as columns for a table, with notes on their sources and protocols."""

    columns: tuple[Column, ...]
    notes: tuple[str, ...]


def add_published_accuracies(table: Table, points: pd.DataFrame) -> Table:
    """`table`, with a row for each of `points`, and columns of their published accuracies."""
    plain = points[CLIP_FIELDS].astype({"depth": object}).replace({pd.NA: None})
    # All formulations of a network compute the same function, with the same accuracy.
    plain = plain.assign(options=plain["options"].str.replace(FORMULATION, "", regex=True))
    clips = list(plain.itertuples(index=False, name=None))
    accuracies = build_accuracy_columns(load_published(), clips)
    return table.with_columns(accuracies.columns, accuracies.notes)


def build_accuracy_columns(rows: Sequence[PublishedRow], clips: Sequence[ClipRow]) -> Accuracies:
    """A column of top-1 accuracies for each data set with a published figure of one of `clips`.

    A cell has all published figures of its clip and is sorted by the best. A number after each
    figure refers to the note with its source and protocol.
    """
    by_clip: dict[ClipRow, list[PublishedRow]] = {}
    for row in rows:
        fields = {**vars(row), "options": options_text(row.options)}
        clip = tuple(fields[name] for name in CLIP_FIELDS)
        by_clip.setdefault(clip, []).append(row)
    groups = [by_clip.get(clip, []) for clip in clips]
    notes: dict[str, int] = {}
    for row in dict.fromkeys(row for group in groups for row in group):
        notes.setdefault(row.reference, len(notes) + 1)
    datasets = dict.fromkeys(row.dataset for group in groups for row in group)
    columns = []
    for dataset in datasets:
        cells = []
        for group in groups:
            own = [r for r in group if r.dataset == dataset and r.top1 is not None]
            own.sort(key=lambda r: -(r.top1 or 0))
            text = ", ".join(f"{r.top1:g} [{notes[r.reference]}]" for r in own)
            cells.append(Cell(text, own[0].top1 if own else None))
        columns.append(Column(f"{SHORT.get(dataset, dataset)} top-1 %, published", tuple(cells)))
    lines = (f"[{number}] {protocol}" for protocol, number in notes.items())
    return Accuracies(tuple(columns), (f"{NOTE} {'; '.join(lines)}.",) if notes else ())


@dataclass(frozen=True)
class AgreementSection:
    """Whether published counts are reproduced: numbers by source, and the rows of each verdict."""

    figures: tuple[Agreement, ...]
    summary: str
    rules: tuple[
        tuple[CountingRule, tuple[str, ...]], ...
    ]  # the rules of counting, each with its sources
    by_source: Table
    differing: Table
    reproduced: Table
    not_built: Table
    measured_by: str = agreement.MEASURED_BY


def build_agreement(
    rows: Sequence[PublishedRow], measurements: Sequence[Measurement]
) -> AgreementSection:
    """Compare every published count with the measured one."""
    by_row: dict[PublishedRow, list[Agreement]] = {}
    for one in agreement.check_agreement(rows, measurements):
        by_row.setdefault(one.row, []).append(one)
    counts: dict[str, dict[agreement.Reproduction, int]] = {}
    for row, figures in by_row.items():
        by_verdict = counts.setdefault(row.source, dict.fromkeys(agreement.Reproduction, 0))
        by_verdict[_verdict(figures)] += 1
    total = {v: sum(c[v] for c in counts.values()) for v in agreement.Reproduction}
    summary = ", ".join(f"{number} {PHRASES[verdict]}" for verdict, number in total.items())
    rules: dict[CountingRule, dict[str, None]] = {}
    for row in by_row:
        rules.setdefault(row.rule, {})[row.source] = None
    all_figures = [one for figures in by_row.values() for one in figures]
    return AgreementSection(
        figures=tuple(all_figures),
        summary=f"{len(by_row)} published rows with counts: {summary}.",
        rules=tuple((rule, tuple(sources)) for rule, sources in rules.items()),
        by_source=Table(
            "published rows by source",
            ("source", *agreement.Reproduction),
            tuple(
                (Cell(source), *map(count_cell, by_verdict.values()))
                for source, by_verdict in counts.items()
            ),
        ),
        differing=_figures(all_figures, agreement.Reproduction.DIFFERS),
        reproduced=_figures(all_figures, agreement.Reproduction.REPRODUCED),
        not_built=list_not_built(load_networks()),
    )


def list_not_built(networks: Sequence[PrintedNetwork]) -> Table:
    """The printed networks that are not built here, each with the reason."""
    others = [one for one in networks if one.row is None]
    return Table(
        f"{len(others)} published networks that are not built",
        NOT_BUILT_HEADINGS,
        tuple(
            (
                Cell(one.name),
                Cell(one.frames_x_stride),
                Cell(SHORT.get(one.dataset, one.dataset)),
                Cell(f"{one.top1:g}", one.top1),
                Cell(str(one.protocol or "not known")),
                Cell(one.pretraining),
                Cell(f"{one.gflops} a {one.flops_of}".replace("a all", "for all"))
                if one.gflops
                else EMPTY,
                Cell(one.params_m),
                Cell(one.not_built),
                Cell(one.source),
            )
            for one in others
        ),
    )


def _verdict(figures: Sequence[Agreement]) -> agreement.Reproduction:
    """A row differs if one of its figures differs, and is reproduced if all figures are."""
    verdicts = {one.verdict for one in figures}
    order = (agreement.Reproduction.DIFFERS, agreement.Reproduction.NOT_MEASURED)
    return next((v for v in order if v in verdicts), agreement.Reproduction.REPRODUCED)


def _figures(agreements: Sequence[Agreement], verdict: agreement.Reproduction) -> Table:
    """The published and the measured figures with a verdict."""
    selected = [one for one in agreements if one.verdict == verdict]
    return Table(
        f"{len(selected)} published figures that {PHRASES[verdict]}",
        FIGURE_HEADINGS,
        tuple(_figure_row(one) for one in selected),
    )


def _figure_row(one: Agreement) -> tuple[Cell, ...]:
    row = one.row
    numbers: tuple[Any, ...] = (one.published, one.measured, one.difference)
    return (
        Cell(row.network),
        count_cell(row.depth),
        Cell(options_text(row.options)),
        count_cell(row.frames),
        Cell(SHORT.get(row.dataset, row.dataset)),
        Cell(one.quantity),
        *(Cell(f"{number:,}", number) for number in numbers),
        Cell(row.note),
    )
