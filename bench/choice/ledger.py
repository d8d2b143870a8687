"""A ledger of costs: it looks them up in a store, and measures the missing ones."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from bench.choice.budget import Budget, Candidates, Trials, utilisation
from bench.choice.costs import KnownCosts, Refusal
from bench.choice.search import run_searches, search_largest
from bench.errors import BenchError
from bench.machine.environment import usable_cores
from bench.records.catalogue import find_instrument
from bench.records.measurement import Measurement
from bench.records.point import Point
from bench.records.store import STOPPED, Store
from bench.runs import runner
from bench.runs.tasks import Task, make_task
from models import NetworkError

CostRequests = Iterable[tuple[str, Point]]  # `quantity:instrument` and a point


class Ledger:
    """Known costs. New measurements are stored as they come."""

    def __init__(
        self,
        store: Store,
        time_limit_s: float,
        on_result: Callable[[Measurement], object],
        recorded: Sequence[Measurement] = (),
    ) -> None:
        """Nothing is measured with an instrument that has `recorded` figures."""
        self._store = store
        self._time_limit_s = time_limit_s
        self._on_result = on_result
        self.known = KnownCosts(recorded)
        self._only_recorded = {m.label for m in recorded}

    def measure(self, requests: CostRequests) -> None:
        """Make the costs of `requests` known: from the store if it has them, else by measuring."""
        tasks: dict[str, Task] = {}
        for label, point in requests:
            if self.known.find(label, point) or label in self._only_recorded:
                continue
            try:
                task = make_task(point, label)
                tasks[task.identity] = task
            except NetworkError as error:
                self.known.refuse(label, point, str(error))
        timed = [task for task in tasks.values() if task.instrument.device]
        counted = [task.identity for task in tasks.values() if not task.instrument.device]
        missing = runner.missing_tasks(timed, self._store)
        kept = (task.identity for task in timed if task not in missing)
        # A count that failed would fail again: the search tries clips too short for a network.
        found = self._store.get(counted, retried=STOPPED) | self._store.get(kept)
        if found:
            self._store.touch(found)  # reports show the newest figure of each point
        results = runner.run(
            [task for identity, task in tasks.items() if identity not in found],
            self._store,
            jobs=usable_cores(),
            time_limit_s=self._time_limit_s,
            on_result=self._on_result,
        )
        for measurement in (*found.values(), *results):
            self.known.measurements.add(measurement)

    def value(self, label: str, point: Point) -> float:
        """One cost in its unit; raises `BenchError` where there is no figure."""
        self.measure([(label, point)])
        cost = self.known.find(label, point)
        if cost is None:
            raise BenchError(f"{label} of {point} is not recorded: give the limit as a number")
        if isinstance(cost, Refusal):
            raise BenchError(cost.reason)
        return cost.value


def search_candidates(
    candidates: Sequence[Candidates], budgets: Sequence[Budget], ledger: Ledger
) -> list[Trials]:
    """Search all `candidates` side by side for the largest that fit; return what was tried.

    A search needs costs that do not fall. Where they may, every value is tried, unless times have a
    budget: they take too long.
    """
    every = [] if _timed(budgets) else [one for one in candidates if not one.rising]
    ledger.measure((b.label, one.at(v)) for b in budgets for one in every for v in one.values)
    tried: list[dict[int, None]] = [
        dict.fromkeys(one.values) if one in every else {} for one in candidates
    ]

    def cost(positions: Mapping[int, int]) -> dict[int, float]:
        points = {}
        for number, position in positions.items():
            value = candidates[number].values[position - 1]
            tried[number][value] = None
            points[number] = candidates[number].at(value)
        measure_counts_then_times(points.values(), budgets, ledger)
        return {n: utilisation(budgets, ledger.known, point) for n, point in points.items()}

    searches = {
        number: search_largest(len(one.values), one.sure)
        for number, one in enumerate(candidates)
        if one.values and one not in every
    }
    run_searches(searches, cost)
    return [Trials(one, tuple(values)) for one, values in zip(candidates, tried, strict=True)]


def measure_counts_then_times(
    points: Collection[Point], budgets: Sequence[Budget], ledger: Ledger
) -> None:
    """Measure the costs with a budget at each of `points`; times only where all other costs fit."""
    timed = _timed(budgets)
    counted = [b for b in budgets if b not in timed]
    ledger.measure((b.label, point) for b in counted for point in points)
    fitting = [p for p in points if not counted or utilisation(counted, ledger.known, p) <= 1]
    ledger.measure((b.label, point) for b in timed for point in fitting)


def _timed(budgets: Sequence[Budget]) -> list[Budget]:
    """The budgets of quantities that take time to measure, on a device."""
    return [b for b in budgets if find_instrument(b.label).device]
