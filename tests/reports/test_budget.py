from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from bench.records.measurement import Measurement
from reports import writer
from reports.page import Page, build_page
from suites import load_claims
from tests.records import measurement, point

GIGA = 10**9
# MACs a frame, in G; TSN-50 over 8 frames is the budget of 32.
NETWORKS = (("tsn", 50, 4), ("tsm", 50, 5), ("blvnet_tam", 50, 1), ("blvnet_tam", 101, 2))
PEAK: dict[str, Any] = {"quantity": "memory", "instrument": "simulated", "unit": "bytes"}


def records() -> list[Measurement]:
    found = []
    for network, depth, per_frame in NETWORKS:
        for frames in (4, 8, 16, 32):
            where = point(network=network, depth=depth, frames=frames)
            found.append(measurement(where, samples=(per_frame * frames * GIGA,)))
    where = point(batch=8, mode="train")
    found.append(measurement(where, **PEAK, samples=(2**30,)))
    where = point(network="blvnet_tam", frames=16, batch=8, mode="train")
    found.append(measurement(where, **PEAK, samples=(2**31,)))
    return found


@pytest.fixture(scope="module")
def page() -> Page:
    return build_page(records(), load_claims())


def test_a_table_for_each_budget_ranked_by_accuracy(page: Page) -> None:
    macs, memory = page.budgets
    headings = macs.table.headings
    rows = [dict(zip(headings, [c.text for c in row], strict=True)) for row in macs.table.rows]
    found = {(row["network"], row["depth"]): row for row in rows}
    frames = {key: row["frames"] for key, row in found.items()}
    assert frames == {
        ("tsn", "50"): "8",
        ("tsm", "50"): "4",
        ("blvnet_tam", "50"): "32",
        ("blvnet_tam", "101"): "16",
    }
    best = [rows[0][name] for name in ("network", "SSv2 top-1 %, one view", "at frames")]
    assert best == ["blvnet_tam", "61.7", "32"]
    assert found["blvnet_tam", "101"]["limited by"] == "macs: 32 frames need 64.00 G"
    assert found["blvnet_tam", "50"]["limited by"] == "longer clips are not measured"
    assert "macs" in rows[0]["Pareto front"]
    assert {c.text for row in memory.table.rows for c in row} >= {"none", "8"}


def test_the_plot_is_svg_with_a_finding(page: Page) -> None:
    plots = {plot.id: plot for plot in page.budget_plots}
    plot = plots["budget-something-something-v2"]
    root = ElementTree.fromstring(plot.svg)
    assert root.attrib["aria-labelledby"] == "budget-something-something-v2-finding"
    labels = [mark.get("aria-label") for mark in root.iter() if mark.get("class") == "point"]
    assert "blvnet_tam 101, 16 frames: 60.2 % at 32.0 GMACs" in labels
    assert page.pictures[-1] is page.budget_plots[0]
    assert "61.7" in plot.finding


def test_the_claim_is_judged_there(page: Page, tmp_path: Path) -> None:
    claims = [result.claim.id for result in page.budget_claims]
    assert claims == ["deeper-longer-macs", "deeper-longer-memory"]
    writer.write_report(page, tmp_path)
    html = (tmp_path / "index.html").read_text()
    assert 'href="#claim-deeper-longer-macs"' in html[html.index('id="budget"') :]
    assert "## At equal budget" in (tmp_path / "report.md").read_text()


def test_without_the_reference_the_section_says_what_would_measure_it(tmp_path: Path) -> None:
    page = build_page([measurement(point(network="tsm"))], load_claims())
    assert page.budgets == ()
    writer.write_report(page, tmp_path)
    text = (tmp_path / "index.html").read_text()
    assert 'id="budget-1"' not in text
    assert "Run <code>blvbench compare --macs tsn:50:8 --store FILE</code> to measure it." in text
