import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.commands import main
from bench.records.store import Store
from suites import load_claims
from tests.bench.commands.lines import refusal
from tests.records import measurement, point

OURS = {"formulation": "published"}
TITLES = {claim.title: claim.id for claim in load_claims()}


@pytest.fixture
def judged(tmp_path: Path) -> Callable[..., int]:
    """Run the command on a store with the MACs of bLVNet-TAM as 10, and of TSN as given."""
    (tmp_path / "none").mkdir()

    def run(tsn: int, *options: str) -> int:
        with Store(tmp_path / "s", create=True) as store:
            for network, built, macs in (("tsn", {}, tsn), ("blvnet_tam", OURS, 10)):
                for depth in (50, 101):
                    where = point(network=network, depth=depth, frames=16, options=built)
                    store.put(f"{network} {depth}", measurement(where, samples=(macs,)))
        line = ["--store", str(tmp_path / "s"), "--recorded", str(tmp_path / "none")]
        return main(["claims", *line, *options])

    return run


@pytest.mark.parametrize(("tsn", "code"), [(40, 0), (20, 1)])
def test_a_claim_that_is_not_reproduced_exits_1(
    judged: Callable[..., int], capsys: pytest.CaptureFixture[str], tsn: int, code: int
) -> None:
    assert judged(tsn, "--json") == code
    verdicts = {claim["id"]: claim["verdict"] for claim in json.loads(capsys.readouterr().out)}
    assert list(verdicts) == [claim.id for claim in load_claims()]
    assert verdicts["accuracy-tsm"] == "holds as published"
    decided = set(verdicts.values()) - {"not measured here", "holds as published"}
    assert decided == {"not reproduced" if code else "reproduced"}


def test_the_table_has_the_command_that_measures_a_claim(
    judged: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "3000")
    assert judged(40) == 0
    rows = [line.split("│")[1:-1] for line in capsys.readouterr().out.splitlines() if "│" in line]
    by_claim = {TITLES[row[0].strip()]: [cell.strip() for cell in row[1:]] for row in rows}
    assert set(by_claim) == set(TITLES.values())
    for claim in load_claims():
        origin, verdict, finding = by_claim[claim.id]
        assert origin == claim.origin
        if verdict == "not measured here":
            assert finding == f"Not measured: run {claim.measured_by}"
        else:
            assert finding.startswith(("Met at ", "As published, not measured here: met at "))
    verdicts = {verdict for _, verdict, _ in by_claim.values()}
    assert verdicts == {"reproduced", "not measured here", "holds as published"}


def test_a_missing_store_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    error = refusal(capsys, "claims", "--store", str(tmp_path / "none"))
    assert f"there is no store at {tmp_path / 'none'}" in error
