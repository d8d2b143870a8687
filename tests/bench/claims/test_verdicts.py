from typing import Any

import pytest

from bench.claims.findings import Ratio, Standing
from bench.claims.verdicts import ClaimResult, Verdict, judge
from bench.instruments.reference import reference_of
from bench.machine.environment import current_environment
from bench.records.measurement import CodeVersion, Measurement, Reference
from bench.records.point import Point
from bench.runs.tasks import Task, make_suite_tasks
from suites import Case, load_claims, load_suite
from tests.records import claim, measurement, point


def figures(fifty: tuple[int, int], hundred: tuple[int, int] | None) -> list[Measurement]:
    pairs = {50: fifty} | ({101: hundred} if hundred else {})
    return [
        measurement(point(network=network, depth=depth), samples=(value,))
        for depth, pair in pairs.items()
        for network, value in zip(("tsn", "tam"), pair, strict=True)
    ]


@pytest.mark.parametrize(
    ("measurements", "verdict", "finding"),
    [
        (figures((30, 10), (35, 10)), Verdict.REPRODUCED, "Met at depth 50 (3.000x) and depth 101"),
        (figures((29, 10), (35, 10)), Verdict.PARTLY, "; not met at depth 50 (2.900x)."),
        (figures((29, 10), (10, 10)), Verdict.NOT_REPRODUCED, "Not met at depth 50 (2.900x) and"),
        (
            figures((30, 10), None),
            Verdict.REPRODUCED,
            "As far as measured, met at depth 50 (3.000x); not measured at depth 101.",
        ),
        (
            figures((10, 10), None),
            Verdict.NOT_REPRODUCED,
            "As far as measured, not met at depth 50 (1.000x); not measured at depth 101.",
        ),
        (figures((30, 0), None), Verdict.NOT_MEASURED, "Not measured at depth 50 and depth 101."),
        ([], Verdict.NOT_MEASURED, "Not measured at depth 50 and depth 101."),
    ],
)
def test_verdicts(measurements: list[Measurement], verdict: Verdict, finding: str) -> None:
    (result,) = judge([claim()], measurements)
    assert result.verdict is verdict
    assert finding in result.sentence


def test_at_most_is_the_other_way_round() -> None:
    costs = claim(at_least=None, at_most=1.01)
    (result,) = judge([costs], figures((101, 100), (102, 100)))
    assert [case.is_met for case in result.cases] == [True, False]
    assert result.sentence == "Met at depth 50 (+1.00%); not met at depth 101 (+2.00%)."


def test_what_failed_is_not_measured() -> None:
    failed = measurement(point(network="tam"), status="failed", samples=(), reason="oom")
    (result,) = judge([claim()], [measurement(point(), samples=(3,)), failed])
    assert result.verdict is Verdict.NOT_MEASURED
    assert result.cases[0].gap == "tam failed: oom"


def test_figures_of_two_versions_are_not_compared() -> None:
    tsn, tam = figures((30, 10), None)
    other = tam.model_copy(update={"code": CodeVersion(network="n", instrument="newer")})
    (result,) = judge([claim()], [tsn, other])
    assert result.verdict is Verdict.NOT_MEASURED
    assert result.cases[0].gap.startswith("measured by different versions")


def test_the_newest_measurement_counts() -> None:
    old, new = figures((10, 10), None), figures((30, 10), None)
    (result,) = judge([claim()], [*old, *new])
    assert result.cases[0].ratio == 3


def test_sides_may_be_of_another_depth() -> None:
    longer = claim(
        numerator={"network": "tam", "depth": 101, "frames": 16},
        denominator={"network": "tsn", "depth": 50, "frames": 8},
        cases=[Case(label="deeper")],
    )
    (result,) = judge(
        [longer],
        [
            measurement(point(network="tam", depth=101, frames=16), samples=(9,)),
            measurement(point(), samples=(3,)),
        ],
    )
    assert result.cases[0].ratio == 3


def test_json_has_every_case() -> None:
    (result,) = judge([claim()], figures((30, 10), None))
    data = result.as_json()
    assert (data["verdict"], data["complete"]) == ("reproduced", False)
    assert (data["origin"], data["bound"], data["at_least"]) == ("paper", 3.0, 3.0)
    assert data["cases"][0] == {
        "label": "depth 50",
        "status": "ok",
        "numerator": 30,
        "denominator": 10,
        "ratio": 3.0,
        "interval": [3.0, 3.0],
        "standing": "met",
        "met": True,
        "machine": "",
        "warnings": [],
    }
    assert data["cases"][1] == {
        "label": "depth 101",
        "machine": "",
        "status": "not_measured",
        "reason": "tsn is not measured: m",
    }


FIRST, SECOND = (
    current_environment().model_copy(
        update={"accelerator": name, "accelerator_memory_bytes": 80 << 30}
    )
    for name in ("First GPU", "Second GPU")
)
TSN, TAM = point(), point(network="tam")


def seconds(where: Point, samples: tuple[float, ...], **fields: Any) -> Measurement:
    """A latency on the first GPU."""
    defaults = {"quantity": "latency", "instrument": "cuda", "unit": "s", "environment": FIRST}
    return measurement(where, **{**defaults, "samples": samples, **fields})


def judged(*measurements: Measurement, **fields: Any) -> ClaimResult:
    """A claim on latencies of a GPU, at one case, at least 2.0 unless said otherwise."""
    of_latency = {
        "quantity": "latency",
        "instrument": "cuda",
        "at_least": 2.0,
        "cases": [Case(label="here", depth=50, frames=8)],
    }
    (result,) = judge([claim(**{**of_latency, **fields})], measurements)
    return result


def test_each_machine_is_judged_by_its_own_figures() -> None:
    result = judged(
        seconds(TSN, (9.0,)),
        seconds(TSN, (3.0,), environment=SECOND),
        seconds(TAM, (2.0,)),
        seconds(TAM, (2.0,), environment=SECOND),
    )
    assert [(c.machine, c.ratio, c.is_met) for c in result.cases] == [
        ("First GPU, 80 GiB", 4.5, True),
        ("Second GPU, 80 GiB", 1.5, False),
    ]
    assert result.verdict is Verdict.PARTLY
    assert result.sentence == (
        "Met at here on First GPU, 80 GiB (4.500x); not met at here on Second GPU, 80 GiB (1.500x)."
    )
    assert [c["machine"] for c in result.as_json()["cases"]] == [c.machine for c in result.cases]


def test_no_ratio_is_of_two_machines() -> None:
    result = judged(seconds(TSN, (9.0,)), seconds(TAM, (2.0,), environment=SECOND))
    assert result.verdict is Verdict.NOT_MEASURED
    assert [c.gap for c in result.cases] == ["tam is not measured: m", "tsn is not measured: m"]


def test_counts_of_two_machines_are_compared() -> None:
    elsewhere = measurement(TAM, samples=(10,), environment=FIRST)
    (result,) = judge([claim()], [measurement(TSN, samples=(30,)), elsewhere])
    assert (result.cases[0].ratio, result.cases[0].machine) == (3, "")


def test_what_no_machine_measured_is_not_measured() -> None:
    cannot = {"status": "unsupported", "reason": "no GPU", "environment": current_environment()}
    for measurements in ((), (seconds(TSN, (), **cannot), seconds(TAM, (), **cannot))):
        result = judged(*measurements)
        assert result.verdict is Verdict.NOT_MEASURED
        assert [(c.machine, c.gap) for c in result.cases] == [("", "tsn is not measured: m")]


def test_what_a_machine_cannot_do_says_nothing_of_what_it_did() -> None:
    measured = (seconds(TSN, (9.0,)), seconds(TAM, (2.0,)))
    cannot = seconds(TAM, (), status="unsupported", reason="the driver is gone")
    assert judged(*measured, cannot).verdict is Verdict.REPRODUCED


def test_what_runs_out_of_memory_is_said_with_its_machine() -> None:
    short = seconds(TSN, (), status="oom", reason="asked for 2 GiB")
    result = judged(short, seconds(TAM, (2.0,)))
    assert result.sentence == "Not measured at here on First GPU, 80 GiB."
    assert result.cases[0].gap == "tsn oom: asked for 2 GiB"


PAIRS = Reference(point=TSN, samples=(6.0, 7.0, 5.0, 6.0, 6.5, 6.0, 6.2))
OURS = (2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0)


def test_pairs_that_were_taken_in_turn_make_the_ratio() -> None:
    alone = seconds(TSN, (100.0,))  # at another time
    for others in ((alone,), ()):
        (case,) = judged(*others, seconds(TAM, OURS, reference=PAIRS)).cases
        assert case.ratio == 3.0
        assert case.is_met
        assert case.summary == "here on First GPU, 80 GiB (3.000x, 2.500x to 3.500x)"
        data = case.as_json()
        assert (data["numerator"], data["denominator"]) == (6.0, 2.0)
        assert data["interval"] == [2.5, 3.5]


def test_a_reference_at_another_point_makes_no_ratio() -> None:
    elsewhere = PAIRS.model_copy(update={"point": point(frames=16)})
    ours = seconds(TAM, OURS, reference=elsewhere)
    assert judged(ours).cases[0].gap == "tsn is not measured: m"
    assert judged(seconds(TSN, (8.0,)), ours).cases[0].ratio == 4.0


@pytest.mark.parametrize(
    ("bounds", "standing", "verdict"),
    [
        ({"at_least": 2.5}, Standing.MET, Verdict.REPRODUCED),
        ({"at_least": 2.6}, Standing.UNDECIDED, Verdict.NOT_DECIDED),
        ({"at_least": 3.5}, Standing.UNDECIDED, Verdict.NOT_DECIDED),
        ({"at_least": 3.6}, Standing.NOT_MET, Verdict.NOT_REPRODUCED),
        ({"at_least": None, "at_most": 2.4}, Standing.NOT_MET, Verdict.NOT_REPRODUCED),
        ({"at_least": None, "at_most": 2.5}, Standing.UNDECIDED, Verdict.NOT_DECIDED),
        ({"at_least": None, "at_most": 3.5}, Standing.MET, Verdict.REPRODUCED),
    ],
)
def test_the_whole_interval_decides(
    bounds: dict[str, Any], standing: Standing, verdict: Verdict
) -> None:
    result = judged(seconds(TAM, OURS, reference=PAIRS), **bounds)
    assert [c.standing for c in result.cases] == [standing]
    assert result.verdict is verdict


MET, FAILED, UNDECIDED, UNMEASURED = "met", "failed", "undecided", "unmeasured"
SAMPLES = {MET: (1.0,) * 7, FAILED: (9.0,) * 7, UNDECIDED: OURS}


@pytest.mark.parametrize(
    ("cases", "verdict"),
    [
        ((MET,), Verdict.REPRODUCED),
        ((FAILED,), Verdict.NOT_REPRODUCED),
        ((UNDECIDED,), Verdict.NOT_DECIDED),
        ((UNMEASURED,), Verdict.NOT_MEASURED),
        ((MET, FAILED), Verdict.PARTLY),
        ((MET, UNDECIDED), Verdict.NOT_DECIDED),
        ((MET, UNMEASURED), Verdict.REPRODUCED),
        ((FAILED, UNDECIDED), Verdict.NOT_REPRODUCED),
        ((FAILED, UNMEASURED), Verdict.NOT_REPRODUCED),
        ((UNDECIDED, UNMEASURED), Verdict.NOT_DECIDED),
        ((MET, FAILED, UNDECIDED), Verdict.PARTLY),
        ((MET, FAILED, UNMEASURED), Verdict.PARTLY),
        ((MET, UNDECIDED, UNMEASURED), Verdict.NOT_DECIDED),
        ((FAILED, UNDECIDED, UNMEASURED), Verdict.NOT_REPRODUCED),
        ((MET, FAILED, UNDECIDED, UNMEASURED), Verdict.PARTLY),
        ((MET, MET, MET, UNMEASURED), Verdict.REPRODUCED),
    ],
)
def test_a_verdict_follows_from_the_cases_that_are_measured(
    cases: tuple[str, ...], verdict: Verdict
) -> None:
    """Every combination of cases; the last one has several of a kind."""
    measured = [
        seconds(
            point(network="tam", frames=frames),
            SAMPLES[kind],
            reference=PAIRS.model_copy(update={"point": point(frames=frames)}),
        )
        for frames, kind in enumerate(cases, start=1)
        if kind is not UNMEASURED
    ]
    labels = [Case(label=f"{n}", depth=50, frames=n) for n in range(1, len(cases) + 1)]
    result = judged(*measured, at_least=2.6, cases=labels)
    assert result.verdict is verdict
    assert result.is_complete is (UNMEASURED not in cases)
    is_partial = UNMEASURED in cases and bool(measured)
    assert result.sentence.startswith("As far as measured, ") is is_partial
    assert ("not measured at" in result.sentence.lower()) is (UNMEASURED in cases)


def test_a_sentence_has_the_cases_of_each_kind() -> None:
    undecided = seconds(TAM, OURS, reference=PAIRS)
    missed = seconds(TAM, SAMPLES[FAILED], reference=PAIRS, environment=SECOND)
    assert judged(undecided, missed, at_least=2.6).sentence == (
        "Not met at here on Second GPU, 80 GiB (0.667x, 0.556x to 0.778x); not decided at here on "
        "First GPU, 80 GiB (3.000x, 2.500x to 3.500x, which contains the bound 2.600x)."
    )


def test_sides_that_were_timed_apart_are_known_to_what_both_intervals_allow() -> None:
    alone = seconds(TSN, (6.0, 7.0, 5.0, 6.0, 6.5, 6.0))
    (case,) = judged(alone, seconds(TAM, (2.0, 2.0, 2.5, 2.0, 2.0, 1.9))).cases
    assert case.finding == Ratio(3.0, 5.0 / 2.5, 7.0 / 1.9)
    assert case.is_met


def test_a_cost_is_shown_as_an_increase_with_its_interval() -> None:
    slower = PAIRS.model_copy(update={"samples": tuple(s / 3 for s in PAIRS.samples)})
    (case,) = judged(seconds(TAM, OURS, reference=slower), at_least=None, at_most=1.0).cases
    assert case.summary == (
        "here on First GPU, 80 GiB (+0.00%, -16.67% to +16.67%, which contains the bound +0.00%)"
    )


def test_warnings_stay_with_the_ratio() -> None:
    ours = seconds(TAM, OURS, reference=PAIRS, warnings=("it drifts",))
    (case,) = judged(ours).cases
    assert case.as_json()["warnings"] == ["it drifts"]
    assert case.summary.endswith("to 3.500x; samples with warnings)")
    apart = (seconds(TSN, (9.0,), warnings=("busy",)), seconds(TAM, (2.0,), warnings=("busy", "x")))
    assert judged(*apart).cases[0].warnings == ["busy", "x"]


def test_the_precision_is_part_of_a_case() -> None:
    case = Case(label="here", depth=50, frames=8, precision="bf16")
    half = [seconds(where.model_copy(update={"precision": "bf16"}), (2.0,)) for where in (TSN, TAM)]
    full = [seconds(TSN, (9.0,)), seconds(TAM, (2.0,))]
    assert judged(*half, *full, cases=[case]).cases[0].ratio == 1.0


def test_the_projects_claims_name_what_exists() -> None:
    import models
    from bench.records.catalogue import INSTRUMENTS

    instruments = {(i.quantity, i.name) for i in INSTRUMENTS}
    claims = load_claims()
    assert len({c.id for c in claims}) == len(claims)
    for each in claims:
        assert {side.network for side in each.sides} <= set(models.list_models())
        assert (each.quantity, each.instrument) in instruments


def in_turn(task: Task) -> Reference | None:
    """What a task is timed in turn with, if anything."""
    reference = reference_of(task.instrument.quantity, task.point)
    return Reference(point=reference, samples=(100, 100)) if reference else None


def test_every_case_is_measured_by_the_suite_that_its_claim_names() -> None:
    names = {
        c.measured_by: c.measured_by.split()[2] for c in load_claims() if "run" in c.measured_by
    }
    for command, name in names.items():
        assert command == f"blvbench run {name} --store FILE"
        measured = [
            measurement(
                t.point,
                quantity=t.instrument.quantity,
                instrument=t.instrument.name,
                unit=t.instrument.unit,
                samples=(100, 100),
                reference=in_turn(t),
                details={"group_sizes": {"fast": 2}},
                settings={"reversed_pairs": True},
            )
            for t in make_suite_tasks(load_suite(name), name)
        ]
        for result in judge([c for c in load_claims() if c.measured_by == command], measured):
            assert all(case.is_measured for case in result.cases), result.claim.id


def test_no_ratio_is_of_two_numbers_of_threads() -> None:
    here = {"instrument": "cpu", "environment": current_environment()}
    one, two = ({"settings": {"threads": n}, **here} for n in (1, 2))
    result = judged(seconds(TSN, (9.0,), **one), seconds(TAM, (2.0,), **two), instrument="cpu")
    assert result.verdict is Verdict.NOT_MEASURED
    machine = current_environment().machine
    assert [(c.machine, c.gap) for c in result.cases] == [
        (f"{machine}, 1 thread", "tam is not measured: m"),
        (f"{machine}, 2 threads", "tsn is not measured: m"),
    ]
