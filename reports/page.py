"""The content of the report as plain data, built from measurements before it is rendered."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any

import pandas as pd

from bench.claims.verdicts import ClaimResult, judge
from bench.records.data_frame import to_frame, to_row
from bench.records.index import Index, in_report_order
from bench.records.measurement import Measurement
from reports.accuracy import build_accuracies, build_comparisons
from reports.accuracy_plot import draw_accuracies
from reports.answers import Answer, build_answers
from reports.budget import BudgetTable, build_budgets, build_claims
from reports.budget_plot import PLOT_OF_TODAY, draw_budgets
from reports.changes import Changes, Results, build_changes
from reports.drawing import Colours, Plot, assign_colours
from reports.environments import MachineEntry, build_environments
from reports.formulations import build_formulations
from reports.gaps import Gap, build_gaps
from reports.gpu_peaks import GpuPeakSection, build_gpu_peaks
from reports.machines import MachineSection, build_machine_series, build_machines
from reports.plots import COSTS, MACS, draw, select_series
from reports.predictions import PredictionSection, build_predictions
from reports.published import (
    AgreementSection,
    add_published_accuracies,
    build_agreement,
)
from reports.roofline import Roofline, build_rooflines
from reports.saving_plot import draw_saving
from reports.tables import (
    Table,
    clips_frame,
    clips_table,
    counters_table,
    memory_frame,
    memory_table,
)
from reports.video_costs import PricedSets, build_video_costs, price_accuracies
from suites import Claim, load_published
from suites.gpu_memory import load_gpu_peaks


@dataclass(frozen=True)
class Page:
    """The content of the report. `pending` are the sections that are still being measured."""

    measurements: tuple[Measurement, ...]
    claims: tuple[ClaimResult, ...]
    changes: Changes | None = None
    pending: tuple[str, ...] = ()

    @cached_property
    def answers(self) -> tuple[Answer, ...]:
        """The questions of a reader, each with the claims that answer it."""
        return build_answers(self.claims)

    @property
    def unmeasured_claims(self) -> list[Claim]:
        """The claims without a measured case."""
        results = (result for answer in self.answers for result in answer.unmeasured)
        return [result.claim for result in results]

    @cached_property
    def pictures(self) -> tuple[Plot, ...]:
        """The plots at the top: the paper's saving, and accuracy against what it costs."""
        saving = draw_saving(self.measurements, self._colours)
        return tuple(plot for plot in (saving, *self.budget_plots[:1]) if plot)

    @property
    def macs_plots(self) -> list[Plot]:
        """The plots of MACs against frames."""
        return [plot for plot in self._frame_plots if plot.id == MACS.id]

    @property
    def memory_plots(self) -> list[Plot]:
        """The plots of simulated peaks against frames."""
        costs = {series.id for series in COSTS} - {MACS.id}
        return [plot for plot in self._frame_plots if plot.id in costs]

    @cached_property
    def _frame_plots(self) -> list[Plot]:
        """All plots against the number of frames."""
        candidates = [*COSTS, *build_machine_series(self.measurements)]
        return [
            draw(series, rows, self._colours)
            for series, rows in select_series(self.frame, candidates)
        ]

    @cached_property
    def _colours(self) -> Colours:
        """The colour of each network, the same in all plots."""
        return assign_colours(m.point.network for m in self.measurements)

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """A flat row for each measurement, without `value` if it has none."""
        return [to_row(m) for m in self.measurements]

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The rows as a data frame; `depth` and `value` may be missing."""
        return to_frame(self.measurements)

    @cached_property
    def clips(self) -> Table:
        """The costs of a clip in each network, with published accuracies."""
        clips = clips_frame(self.frame)
        return add_published_accuracies(clips_table(clips), clips)

    @cached_property
    def accuracies(self) -> Table:
        """The accuracies of networks trained or evaluated here."""
        return build_accuracies(self.measurements)

    @cached_property
    def accuracy_plot(self) -> Plot | None:
        """Top-1 against MACs, for networks trained here."""
        return draw_accuracies(self.measurements, self._colours)

    @cached_property
    def comparisons(self) -> Table:
        """Pairs of these networks, on the same clips."""
        return build_comparisons(self.measurements)

    @cached_property
    def budgets(self) -> tuple[BudgetTable, ...]:
        """The networks that fit into the costs of a TSN, ranked."""
        return build_budgets(self.measurements)

    @cached_property
    def budget_plots(self) -> tuple[Plot, ...]:
        """Known accuracies against the MACs of a video and the memory to train, by data set."""
        return draw_budgets(self._priced, self.measurements, self._colours)

    @property
    def plots_of_today(self) -> list[Plot]:
        """The plot of the data set of most networks of today, if it is not at the top."""
        return [p for p in self.budget_plots if p.id == PLOT_OF_TODAY and p not in self.pictures]

    @property
    def other_budget_plots(self) -> list[Plot]:
        """The plots that are neither at the top nor of today's data set."""
        shown = [*self.pictures, *self.plots_of_today]
        return [plot for plot in self.budget_plots if plot not in shown]

    @cached_property
    def video_costs(self) -> tuple[Table, ...]:
        """Known accuracies with the MACs of a video and the memory to train, by data set."""
        return build_video_costs(self._priced)

    @cached_property
    def _priced(self) -> PricedSets:
        """Known accuracies with what they cost, by data set: for the plots and the tables."""
        return price_accuracies(self.measurements)

    @cached_property
    def budget_claims(self) -> tuple[ClaimResult, ...]:
        """The claims about equal budgets."""
        return build_claims(self.claims)

    @cached_property
    def memory(self) -> Table:
        """The peak memory of each point, with published accuracies."""
        memory = memory_frame(self.frame)
        return add_published_accuracies(memory_table(memory), memory)

    @cached_property
    def formulations(self) -> Table:
        """The savings of bLVNet-TAM by its idea and by its implementation."""
        return build_formulations(self.measurements)

    @cached_property
    def machines(self) -> tuple[MachineSection, ...]:
        """The figures of each machine."""
        return build_machines(self.measurements, self._frame_plots)

    @property
    def has_energy(self) -> bool:
        """Whether any machine measured joules."""
        return any(section.energies.rows for section in self.machines)

    @cached_property
    def predictions(self) -> tuple[PredictionSection, ...]:
        """Simulated peaks beside measured peaks."""
        return build_predictions(self.measurements)

    @property
    def has_gpu_memory(self) -> bool:
        """Whether a GPU measured a peak."""
        return any(m.label == "memory:cuda" and m.status == "ok" for m in self.measurements)

    @cached_property
    def rooflines(self) -> tuple[Roofline, ...]:
        """The share of each machine that the networks use."""
        return build_rooflines(self.measurements, self._colours)

    @cached_property
    def agreement(self) -> AgreementSection:
        """Published counts compared with ours."""
        return build_agreement(load_published(), self.measurements)

    @cached_property
    def counters(self) -> Table:
        """The two MAC counters compared."""
        return counters_table(self.frame)

    @cached_property
    def gpu_peaks(self) -> GpuPeakSection:
        """Simulated peaks beside published ones."""
        return build_gpu_peaks(self.measurements, load_gpu_peaks())

    @cached_property
    def gaps(self) -> tuple[Gap, ...]:
        """The measurements without a figure."""
        return build_gaps(self.measurements)

    @cached_property
    def warnings(self) -> list[str]:
        """The warnings of instruments, each once, except those that belong to a machine."""
        others = (m for m in self.measurements if not m.machine)
        return sorted({f"{m.quantity} of {m.point}: {w}" for m in others for w in m.warnings})

    @cached_property
    def environments(self) -> tuple[MachineEntry, ...]:
        """The machines of the measurements, and the versions that they used."""
        return build_environments(self.measurements)

    @cached_property
    def code_versions(self) -> list[tuple[str, str]]:
        """Each network and instrument with the versions of its code, sorted."""
        versions = {(m.point.network, m.code.network) for m in self.measurements}
        versions |= {(f"{m.quantity}:{m.instrument}", m.code.instrument) for m in self.measurements}
        by_name = groupby(sorted(versions), key=lambda pair: pair[0])
        return [(name, ", ".join(version for _, version in pairs)) for name, pairs in by_name]

    @cached_property
    def measured_between(self) -> tuple[str, str]:
        """The times of the first and the last measurement (UTC)."""
        times = [m.measured_at for m in self.measurements]
        return min(times), max(times)


def build_page(
    measurements: Sequence[Measurement],
    claims: Sequence[Claim],
    against: Sequence[Measurement] = (),
    pending: Collection[str] = (),
) -> Page:
    """The page of measurements, with the changes since the results `against`, if there are any.

    Sections in `pending` without content are marked as being measured.
    """
    new = _results(measurements, claims)
    changes = build_changes(_results(against, claims), new) if against else None
    return Page(new.measurements, new.claims, changes, tuple(pending))


def _results(measurements: Sequence[Measurement], claims: Sequence[Claim]) -> Results:
    """The newest measurement of each point, instrument and machine, in order, and the verdicts."""
    newest = in_report_order(Index(measurements))
    return Results(tuple(newest), tuple(judge(claims, newest, load_published())))
