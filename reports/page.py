"""What the report says, as plain data: built from measurements first, rendered afterwards."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any

import pandas as pd

from bench.claims.verdicts import ClaimResult, judge
from bench.records.frame import to_frame, to_row
from bench.records.measurement import Measurement
from reports.accuracy import build_accuracies, build_comparisons
from reports.accuracy_plot import draw_accuracies
from reports.budget import BudgetTable, build_budgets, build_claims
from reports.budget_plot import draw_budget
from reports.cards import Answer, Card, build_answers
from reports.changes import Changes, Results, build_changes
from reports.drawing import Colours, Plot, colours_of
from reports.environments import MachineEntry, build_environments
from reports.formulations import build_formulations
from reports.gaps import Gap, build_gaps
from reports.machines import MachineSection, build_machines, machine_series
from reports.plots import COSTS, MACS, chosen, draw
from reports.predicted import Predicted, build_predicted
from reports.published import AgreementSection, beside_accuracies, build_agreement
from reports.roofline import Roofline, build_rooflines
from reports.tables import (
    Table,
    clips_frame,
    clips_table,
    counters_table,
    gpu_table,
    memory_frame,
    memory_table,
)
from suites import Claim, load_published
from suites.gpu_memory import load_gpu_peaks


@dataclass(frozen=True)
class Page:
    """Everything that the report shows, in its order."""

    measurements: tuple[Measurement, ...]
    claims: tuple[ClaimResult, ...]
    changes: Changes | None = None
    measuring: tuple[str, ...] = ()  # sections whose figures are on their way

    @cached_property
    def answers(self) -> tuple[Answer, ...]:
        """What a reader asks, and the claims that answer it."""
        return build_answers(self.claims)

    @property
    def unjudged(self) -> list[Card]:
        """The claims that nothing is measured of."""
        return [card for answer in self.answers for card in answer.cards if not card.is_judged]

    @property
    def commands(self) -> list[str]:
        """What would measure these."""
        return list(dict.fromkeys(card.result.claim.measured_by for card in self.unjudged))

    @cached_property
    def story(self) -> Plot | None:
        """The one picture to see: accuracy against MACs, or else frames against them."""
        return self.budget_plot or next((p for p in self._drawn if p.id == MACS.id), None)

    @property
    def macs_plots(self) -> list[Plot]:
        """Of MACs against the number of frames, where it is not the one picture."""
        return [plot for plot in self._drawn if plot.id == MACS.id and plot is not self.story]

    @property
    def memory_plots(self) -> list[Plot]:
        """Of simulated peaks against the number of frames."""
        costs = {series.id for series in COSTS} - {MACS.id}
        return [plot for plot in self._drawn if plot.id in costs]

    @cached_property
    def _drawn(self) -> list[Plot]:
        """All that is drawn against the number of frames."""
        wanted = [*COSTS, *machine_series(self.measurements)]
        return [draw(series, rows, self._colours) for series, rows in chosen(self.frame, wanted)]

    @cached_property
    def _colours(self) -> Colours:
        """Of every network, so that it has the same everywhere."""
        return colours_of(m.point.network for m in self.measurements)

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """One flat row a measurement; `value` is missing where there is none."""
        return [to_row(m) for m in self.measurements]

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The rows as a data frame."""
        return to_frame(self.measurements)

    @cached_property
    def clips(self) -> Table:
        """What a clip costs in each network, beside the accuracies that were published for it."""
        clips = clips_frame(self.frame)
        return beside_accuracies(clips_table(clips), clips)

    @cached_property
    def accuracies(self) -> Table:
        """Top-1 of networks that were trained or evaluated here."""
        return build_accuracies(self.measurements)

    @cached_property
    def accuracy_plot(self) -> Plot | None:
        """Top-1 of those that were trained here against their MACs."""
        return draw_accuracies(self.measurements, self._colours)

    @cached_property
    def comparisons(self) -> Table:
        """Two of them at a time, on the same clips."""
        return build_comparisons(self.measurements)

    @cached_property
    def budgets(self) -> tuple[BudgetTable, ...]:
        """What fits into the costs of a TSN, ranked."""
        return build_budgets(self.measurements)

    @cached_property
    def budget_plot(self) -> Plot | None:
        """Known accuracies against MACs, and that TSN's."""
        return draw_budget(self.measurements, self._colours)

    @cached_property
    def budget_claims(self) -> tuple[ClaimResult, ...]:
        """The claims about equal budgets."""
        return build_claims(self.claims)

    @cached_property
    def memory(self) -> Table:
        """The peak memory of every point, beside the same accuracies."""
        memory = memory_frame(self.frame)
        return beside_accuracies(memory_table(memory), memory)

    @cached_property
    def formulations(self) -> Table:
        """What the idea saves, and what the implementation saves."""
        return build_formulations(self.measurements)

    @cached_property
    def machines(self) -> tuple[MachineSection, ...]:
        """What each machine timed."""
        return build_machines(self.measurements, self._drawn)

    @property
    def has_energy(self) -> bool:
        """Whether any machine measured joules."""
        return any(section.energies.rows for section in self.machines)

    @cached_property
    def predicted(self) -> tuple[Predicted, ...]:
        """Simulated peaks beside those of machines."""
        return build_predicted(self.measurements)

    @property
    def has_gpu_memory(self) -> bool:
        """Whether a GPU measured a peak."""
        return any(m.label == "memory:cuda" and m.status == "ok" for m in self.measurements)

    @cached_property
    def rooflines(self) -> tuple[Roofline, ...]:
        """What share of each machine is used."""
        return build_rooflines(self.measurements, self._colours)

    @cached_property
    def agreement(self) -> AgreementSection:
        """Published counts held against ours."""
        return build_agreement(load_published(), self.measurements)

    @cached_property
    def counters(self) -> Table:
        """The two MAC counters side by side."""
        return counters_table(self.frame)

    @cached_property
    def gpu_peaks(self) -> Table:
        """Simulated peaks beside published ones."""
        return gpu_table(self.frame, load_gpu_peaks())

    @cached_property
    def unmeasured(self) -> tuple[Gap, ...]:
        """What was tried and gave no figure."""
        return build_gaps(self.measurements)

    @cached_property
    def warnings(self) -> list[str]:
        """What the instruments warned of, each once; what is of a machine stands with it."""
        others = (m for m in self.measurements if not m.machine)
        return sorted({f"{m.quantity} of {m.point}: {w}" for m in others for w in m.warnings})

    @cached_property
    def environments(self) -> tuple[MachineEntry, ...]:
        """Where the measurements were made, with the versions that they used."""
        return build_environments(self.measurements)

    @cached_property
    def code_versions(self) -> list[tuple[str, str]]:
        """Each network and instrument with the versions of its source, sorted."""
        versions = {(m.point.network, m.code.network) for m in self.measurements}
        versions |= {(f"{m.quantity}:{m.instrument}", m.code.instrument) for m in self.measurements}
        by_name = groupby(sorted(versions), key=lambda pair: pair[0])
        return [(name, ", ".join(version for _, version in pairs)) for name, pairs in by_name]

    @cached_property
    def measured_between(self) -> tuple[str, str]:
        """The times of the first and the last measurement, UTC."""
        times = [m.measured_at for m in self.measurements]
        return min(times), max(times)


def build_page(
    measurements: Sequence[Measurement],
    claims: Sequence[Claim],
    against: Sequence[Measurement] = (),
    measuring: Collection[str] = (),
) -> Page:
    """The page of measurements, with what changed where there are others to hold them `against`.

    Of sections in `measuring` that have nothing to show yet, it says that they are being measured.
    """
    new = _results(measurements, claims)
    changes = build_changes(_results(against, claims), new) if against else None
    return Page(new.measurements, new.claims, changes, tuple(measuring))


def _results(measurements: Sequence[Measurement], claims: Sequence[Claim]) -> Results:
    """The newest of each point and instrument, and on each machine, in order; and the verdicts."""
    newest = {(m.label, m.point, m.machine): m for m in measurements}
    ordered = sorted(
        newest.values(), key=lambda m: (*m.point.sort_key, m.quantity, m.instrument, m.machine)
    )
    return Results(tuple(ordered), tuple(judge(claims, ordered)))
