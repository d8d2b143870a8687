"""Published figures in the report: accuracies beside costs, and counts held against ours."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from bench.claims import agreement
from bench.claims.agreement import Agreement
from bench.records.measurement import Measurement
from bench.records.point import options_text
from reports.tables import Cell, Column, Table
from suites import PublishedRow, load_published
from suites.published import CountingRule

KEY = ["network", "depth", "options", "frames", "input_size", "num_classes"]
FORMULATION = r"(^| )formulation=\w+"
FIGURE_HEADINGS = (
    *("network", "depth", "options", "frames", "data set"),
    *("quantity", "published", "measured", "difference", "note"),
)
NOTE = "Accuracies are published ones, not measured here:"
SHORT = {
    "something-something-v1": "SSv1",
    "something-something-v2": "SSv2",
    "kinetics-400": "K400",
    "mini-something-something-v2": "mini-SSv2",
    "mini-kinetics-400": "mini-K400",
    "mini-moments-in-time": "mini-MiT",
}
SAID = {
    agreement.Reproduction.REPRODUCED: "are reproduced",
    agreement.Reproduction.DIFFERS: "differ",
    agreement.Reproduction.NOT_MEASURED: "are not measured",
}
Key = tuple[Any, ...]  # the fields of a point in KEY, None for no depth


@dataclass(frozen=True)
class Accuracies:
    """Published accuracies as columns for a table of points, with notes on how they were tested."""

    columns: tuple[Column, ...]
    notes: tuple[str, ...]


def beside_accuracies(table: Table, points: pd.DataFrame) -> Table:
    """`table`, which has a row for each of `points`, with the accuracies published for these."""
    plain = points[KEY].astype({"depth": object}).replace({pd.NA: None})
    # Accuracies are of the function, whatever the formulation that computes it.
    plain = plain.assign(options=plain["options"].str.replace(FORMULATION, "", regex=True))
    keys = list(plain.itertuples(index=False, name=None))
    accuracies = accuracy_columns(load_published(), keys)
    return table.beside(accuracies.columns, accuracies.notes)


def accuracy_columns(rows: Sequence[PublishedRow], points: Sequence[Key]) -> Accuracies:
    """A column of top-1 accuracies for every data set that one of `points` was published for.

    A cell has every published figure of its point, each with the number of the note that names its
    source and protocol, and sorts by the best.
    """
    by_key: dict[Key, list[PublishedRow]] = {}
    for row in rows:
        fields = {**vars(row), "options": options_text(row.options)}
        key = tuple(fields[name] for name in KEY)
        by_key.setdefault(key, []).append(row)
    found = [by_key.get(key, []) for key in points]
    notes: dict[str, int] = {}
    for row in dict.fromkeys(row for group in found for row in group):
        notes.setdefault(row.protocol, len(notes) + 1)
    datasets = dict.fromkeys(row.dataset for group in found for row in group)
    columns = []
    for dataset in datasets:
        cells = []
        for group in found:
            own = sorted((r for r in group if r.dataset == dataset), key=lambda r: -r.top1)
            text = ", ".join(f"{r.top1:g} [{notes[r.protocol]}]" for r in own)
            cells.append(Cell(text, own[0].top1 if own else None))
        columns.append(Column(f"{SHORT.get(dataset, dataset)} top-1 %, published", tuple(cells)))
    lines = (f"[{number}] {protocol}" for protocol, number in notes.items())
    return Accuracies(tuple(columns), (f"{NOTE} {'; '.join(lines)}.",) if notes else ())


@dataclass(frozen=True)
class AgreementSection:
    """Whether published counts are reproduced: by source, what differs, and all of them."""

    figures: tuple[Agreement, ...]
    summary: str
    rules: tuple[tuple[CountingRule, tuple[str, ...]], ...]  # with the sources that follow each
    by_source: Table
    differing: Table
    reproduced: Table
    measured_by: str = agreement.MEASURED_BY


def build_agreement(
    rows: Sequence[PublishedRow], measurements: Sequence[Measurement]
) -> AgreementSection:
    """Hold every published count against the store's."""
    by_row: dict[PublishedRow, list[Agreement]] = {}
    for one in agreement.check_agreement(rows, measurements):
        by_row.setdefault(one.row, []).append(one)
    counts: dict[str, dict[agreement.Reproduction, int]] = {}
    for row, figures in by_row.items():
        by_verdict = counts.setdefault(row.source, dict.fromkeys(agreement.Reproduction, 0))
        by_verdict[_verdict(figures)] += 1
    total = {v: sum(c[v] for c in counts.values()) for v in agreement.Reproduction}
    summary = ", ".join(f"{number} {SAID[verdict]}" for verdict, number in total.items())
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
                (Cell(source), *(Cell(str(n), n) for n in by_verdict.values()))
                for source, by_verdict in counts.items()
            ),
        ),
        differing=_figures(all_figures, agreement.Reproduction.DIFFERS),
        reproduced=_figures(all_figures, agreement.Reproduction.REPRODUCED),
    )


def _verdict(figures: Sequence[Agreement]) -> agreement.Reproduction:
    """A row differs where one of its figures does, and is reproduced where all are."""
    verdicts = {one.verdict for one in figures}
    order = (agreement.Reproduction.DIFFERS, agreement.Reproduction.NOT_MEASURED)
    return next((v for v in order if v in verdicts), agreement.Reproduction.REPRODUCED)


def _figures(agreements: Sequence[Agreement], verdict: agreement.Reproduction) -> Table:
    """Both figures of everything that fared as `verdict` says."""
    chosen = [one for one in agreements if one.verdict == verdict]
    return Table(
        f"{len(chosen)} published figures that {SAID[verdict]}",
        FIGURE_HEADINGS,
        tuple(_figure_row(one) for one in chosen),
    )


def _figure_row(one: Agreement) -> tuple[Cell, ...]:
    row = one.row
    numbers: tuple[Any, ...] = (one.published, one.measured, one.difference)
    return (
        Cell(row.network),
        Cell("" if row.depth is None else str(row.depth), row.depth),
        Cell(options_text(row.options)),
        Cell(str(row.frames), row.frames),
        Cell(SHORT.get(row.dataset, row.dataset)),
        Cell(one.quantity),
        *(Cell(f"{number:,}", number) for number in numbers),
        Cell(row.note),
    )
