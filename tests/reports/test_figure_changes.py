from typing import Any

import pytest

from bench.machine.environment import current_environment
from bench.records.measurement import CodeVersion, Measurement
from reports.figure_changes import FigureChange
from suites.rules import Rule
from tests.records import measurement, point, tsn_reference

EXACT = Rule(quantities=("macs",), test="exact")
SAMPLES = Rule(quantities=("latency",), test="samples", min_effect=0.08, min_samples=5)
ANSWERS = Rule(quantities=("accuracy",), test="answers", min_samples=4)


def counted(*samples: float, **fields: Any) -> Measurement:
    return measurement(point(), samples=samples, **fields)


def timed(*samples: float, **fields: Any) -> Measurement:
    kind = {"quantity": "latency", "instrument": "cpu", "unit": "seconds"}
    return measurement(point(network="tam"), **{**kind, "samples": samples, **fields})


def answers(*samples: int, clips: str = "c") -> Measurement:
    kind = {"quantity": "accuracy", "instrument": "evaluated", "unit": "percent"}
    return measurement(point(), **kind, samples=samples, settings={"clips": clips})


def failed(status: str = "oom") -> Measurement:
    return measurement(point(), status=status, samples=(), reason=f"it was {status}")


def test_a_count_that_differs_has_changed_by_so_many_percent() -> None:
    found = FigureChange(counted(200), counted(201), EXACT)
    assert (found.is_changed, found.undecided_reason, found.machine) == (True, "", "")
    assert found.percent == pytest.approx(0.5)
    assert found.difference == "+0.50 %"
    assert found.figures == ("200 MACs", "201 MACs")
    assert not FigureChange(counted(200), counted(200), EXACT).is_changed


def test_without_a_figure_on_one_side_alone_it_has_changed() -> None:
    gone, come = (
        FigureChange(counted(9), failed(), EXACT),
        FigureChange(failed(), counted(9), EXACT),
    )
    assert gone.is_changed
    assert come.is_changed
    assert (gone.figures, gone.percent, gone.difference) == (("9 MACs", "oom"), None, "")
    assert gone.note == "it was oom"
    assert FigureChange(failed(), failed("failed"), EXACT).is_changed
    assert not FigureChange(failed(), failed(), EXACT).is_changed


def test_the_same_samples_are_unchanged_however_few_they_are() -> None:
    assert not FigureChange(timed(1.0), timed(1.0), SAMPLES).is_changed
    few = FigureChange(timed(1.0), timed(2.0), SAMPLES)
    assert not few.is_changed
    assert few.undecided_reason.startswith("the run has 1 sample and needs at least 5")
    assert few.machine == current_environment().machine


def test_samples_far_apart_have_changed() -> None:
    slower = FigureChange(timed(*5 * [1.0]), timed(*5 * [2.0]), SAMPLES)
    assert (slower.is_changed, slower.difference) == (True, "+100.00 %")


def test_what_was_timed_beside_another_network_is_not_compared() -> None:
    other = tsn_reference(*5 * [1.0]).model_copy(update={"point": point(network="tsm")})
    old = timed(*5 * [1.0], reference=tsn_reference(*5 * [1.0]))
    found = FigureChange(old, timed(*5 * [2.0], reference=other), SAMPLES)
    assert (found.is_changed, found.undecided_reason) == (
        False,
        "the latencies have different reference networks",
    )
    slower = timed(*5 * [1.0], reference=tsn_reference(*5 * [0.5]))
    assert FigureChange(old, slower, SAMPLES).difference == "+100.00 %"


def test_accuracies_differ_by_points_on_the_same_clips() -> None:
    old = answers(*5 * [100], *5 * [0])
    found = FigureChange(old, answers(*10 * [0]), ANSWERS)
    assert found.difference == "-50.00 points"
    assert found.percent == -100
    elsewhere = FigureChange(old, answers(*10 * [0], clips="others"), ANSWERS)
    assert (elsewhere.is_changed, elsewhere.undecided_reason) == (
        False,
        "the accuracies are of different clips",
    )


def test_another_unit_is_another_figure_without_a_difference() -> None:
    found = FigureChange(counted(9), counted(9, unit="FLOPs"), EXACT)
    assert (found.is_changed, found.percent, found.difference) == (True, None, "")


def test_from_0_there_is_no_share() -> None:
    assert FigureChange(counted(0), counted(3), EXACT).percent is None
    assert FigureChange(counted(3), counted(0), EXACT).percent == -100


def test_what_else_is_not_as_it_was_is_noted() -> None:
    uncounted = [{"uncounted": {"a": n, "b": 1}} for n in (1, 2)]
    old, new = (
        counted(9, details=details, code=CodeVersion(network=version, instrument=version))
        for details, version in zip(uncounted, ("1", "2"), strict=True)
    )
    assert FigureChange(old, new, EXACT).note == (
        "a: uncounted 1 times then, 2 now; the code of the network changed; "
        "the code of the instrument changed"
    )
    assert FigureChange(old, old, EXACT).note == ""
    packages = {**current_environment().packages, "torch": "1.0"}
    elsewhere = old.model_copy(
        update={"environment": current_environment().model_copy(update={"packages": packages})}
    )
    assert "torch" in FigureChange(old, elsewhere, EXACT).note


def test_both_sides_are_there_as_json() -> None:
    data = FigureChange(counted(200), counted(100), EXACT).as_json()
    assert data["old"] == {"status": "ok", "value": 200, "unit": "MACs"}
    assert (data["new"]["value"], data["difference_percent"], data["note"]) == (100, -50, "")
    assert data["point"]["network"] == "tsn"
    gone = FigureChange(counted(200), failed(), EXACT).as_json()
    assert gone["new"] == {"status": "oom", "reason": "it was oom"}
    assert "difference_percent" not in gone
