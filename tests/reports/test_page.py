import csv
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench.choice.accuracies import Accuracy
from bench.claims.verdicts import Verdict
from bench.errors import BenchError
from bench.machine.environment import current_environment
from bench.records.index import Index
from bench.records.measurement import Measurement, Reference
from reports import video_costs, writer
from reports.page import Page, build_page
from reports.video_costs import PricedAccuracy, _price
from suites import load_claims
from tests.records import measurement, point

NETWORKS = {"tsn": 4, "tam": 4, "blvnet_tam": 1}
AS_PUBLISHED = {"formulation": "published"}


def records() -> Iterator[Measurement]:
    """A small grid where bLVNet-TAM costs a quarter of the others, and one failure."""
    for network, cost in NETWORKS.items():
        options = AS_PUBLISHED if network == "blvnet_tam" else {}
        for depth in (50, 101):
            for frames in (8, 16):
                where = point(network=network, depth=depth, frames=frames, options=options)
                yield measurement(where, samples=(cost * depth * frames * 10**7,))
                batch = where.model_copy(update={"batch": 8, "mode": "train"})
                yield measurement(
                    batch,
                    quantity="memory",
                    instrument="simulated",
                    unit="bytes",
                    samples=(cost * depth * frames * 2**20,),
                    details={"allocator": {"reserved": 2 * cost * depth * frames * 2**20}},
                )
    yield measurement(point(frames=4, num_classes=400))  # of another setting: not in the plots
    efficient = point(network="blvnet_tam", frames=16)
    published = point(network="blvnet_tam", frames=16, options=AS_PUBLISHED)
    yield measurement(efficient, samples=(50 * 16 * 10**7 // 2,))
    seconds = {"quantity": "latency", "instrument": "cpu", "unit": "seconds"}
    yield measurement(point(frames=16), **seconds, samples=(4.0,))
    for where, samples in ((published, (2.0, 1.0)), (efficient, (1.0, 1.0))):
        tsn = where.model_copy(update={"network": "tsn"})
        reference = Reference(point=tsn, samples=(4, 4))
        yield measurement(where, **seconds, samples=samples, reference=reference)
    small = point(input_size=64, frames=4)
    for instrument in ("flop_counter", "fvcore"):
        yield measurement(small, instrument=instrument, samples=(77,))
    yield measurement(
        point(network="i3d_resnet"), status="failed", samples=(), reason="<b>no</b> memory"
    )


@pytest.fixture
def page() -> Page:
    return build_page(list(records()), load_claims())


@pytest.fixture
def folder(page: Page, tmp_path: Path) -> Path:
    writer.write_report(page, tmp_path / "deep" / "report")
    return tmp_path / "deep" / "report"


class Links(HTMLParser):
    """Collects the ids of a page and the targets of its links."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.targets: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            elif name in ("href", "src", "xlink:href", "action", "data"):
                self.targets.append(value or "")


def test_a_claim_comes_first_and_says_what_holds(page: Page, folder: Path) -> None:
    html = (folder / "index.html").read_text()
    assert page.claims[0].verdict == "reproduced"
    assert html.index("3 to 4 times fewer MACs than TSN") < html.index("<svg")
    figure = "(4.000x, within 3x to 4x)"
    assert f"Met at depth 50 {figure} and depth 101 {figure}." in html


def test_the_page_is_self_contained(folder: Path) -> None:
    links = Links()
    links.feed((folder / "index.html").read_text())
    inside = [target for target in links.targets if target.startswith("#")]
    files = set(links.targets) - set(inside)
    assert files == {"results.csv", "results.json"}
    assert {target[1:] for target in inside} <= set(links.ids)
    assert len(links.ids) == len(set(links.ids))


def test_plots_are_svg_with_a_finding(page: Page) -> None:
    assert [plot.id for plot in page.pictures] == ["saving", "budget-something-something-v1"]
    plots = [*page.macs_plots, *page.memory_plots]
    assert [plot.id for plot in plots] == ["macs", "memory-train"]
    for plot in plots:
        root = ElementTree.fromstring(plot.svg)
        assert {"depth 50", "depth 101", "tam, tsn"} <= {t.strip() for t in root.itertext()}
    networks = "blvnet_tam 4, blvnet_tam as published 8, tam 32, tsn 32"
    assert f"Depth 50, 16 frames, GMACs: {networks}." in plots[0].finding


def test_tables_have_every_point(page: Page) -> None:
    assert len(page.clips.rows) == 12 + 3
    by_heading = dict(zip(page.clips.headings, page.clips.rows[1], strict=True))
    assert by_heading["network"].text == "blvnet_tam"
    assert by_heading["options"].text == "formulation=published"
    assert by_heading["MACs (G)"].text == "4.00"
    assert by_heading["params (M)"].text == "not measured"
    assert len(page.memory.rows) == 12
    by_heading = dict(zip(page.memory.headings, page.memory.rows[0], strict=True))
    assert by_heading["allocated (MiB)"].number == 50 * 8 * 2**20
    assert by_heading["reserved (MiB)"].text == "800"
    assert by_heading["process (MiB)"].text == "1,054 to 1,805"  # contexts of 253.75 to 1005.25
    assert "classes 174" in page.counters.caption
    assert [cell.text for cell in page.counters.rows[0]][-3:] == ["77", "77", "0"]
    assert page.gpu_peaks.table.rows == ()


def test_an_accuracy_is_priced_once_for_its_plot_and_its_table(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    priced: list[Accuracy] = []

    def price(accuracy: Accuracy, index: Index) -> PricedAccuracy:
        priced.append(accuracy)
        return _price(accuracy, index)

    monkeypatch.setattr(video_costs, "_price", price)
    assert page.video_costs
    assert page.budget_plots
    assert len(priced) == len(set(priced)) > 0


def test_what_idea_and_implementation_save(page: Page, folder: Path) -> None:
    rows = {(row[0].text, row[1].text): [c.text for c in row[2:]] for row in page.formulations.rows}
    missing = "not measured"
    assert rows["50", "MACs of a clip (G)"] == [
        *(missing, "8.000", missing),
        *("32.000", "4.000", "8.0000"),
        *(missing, "2.0000"),
    ]
    # Latencies are divided round by round: 4/2 and 4/1 have the median 3, not 4/1.5.
    machine = current_environment().machine
    assert rows["50", f"latency, infer, batch 1 (s), {machine}"] == [
        *("4.000", "1.500", "3.0000 (2.000 to 4.000)"),
        *("4.000", "1.000", "4.0000"),
        *("1.0000", "1.5000 (1.000 to 2.000)"),
    ]
    assert rows["101", "MACs of a clip (G)"][4] == missing
    assert "blvbench run seconds" in page.formulations.notes[0]
    html = (folder / "index.html").read_text()
    assert "Savings by the idea and by the implementation" in html
    assert "The MACs of bLVNet-TAM differ because" in html


def test_without_the_papers_network_no_formulations_are_compared() -> None:
    assert build_page([measurement(point(frames=16))], []).formulations.rows == ()


def test_data_is_never_markup(folder: Path) -> None:
    html = (folder / "index.html").read_text()
    assert "<b>no</b>" not in html
    assert "&lt;b&gt;no&lt;/b&gt; memory" in html


def test_data_files_hold_every_record(folder: Path, page: Page) -> None:
    content = json.loads((folder / "results.json").read_text())
    assert content["format"] == writer.FORMAT_VERSION
    references = [m["reference"] for m in content["measurements"] if m["reference"]]
    assert [each["samples"] for each in references] == [[4, 4], [4, 4]]
    assert len(content["measurements"]) == len(page.measurements) == len(list(records()))
    assert len(content["claims"]) == len(load_claims())
    with (folder / "results.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    values = {row["value"] for row in rows}
    assert len(rows) == len(page.measurements)
    assert str(4 * 50 * 8 * 10**7) in values  # whole numbers stay whole
    assert [row["reason"] for row in rows if row["status"] == "failed"] == ["<b>no</b> memory"]


def test_markdown_tables_are_whole(folder: Path) -> None:
    text = (folder / "report.md").read_text()
    assert "| --- |" in text
    for block in re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE):
        assert len({line.count("|") for line in block.splitlines()}) == 1


def test_the_same_results_give_the_same_bytes(tmp_path: Path) -> None:
    for name, order in (("one", list(records())), ("two", list(records())[::-1])):
        writer.write_report(build_page(order, load_claims()), tmp_path / name)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_the_newest_of_two_results_is_shown() -> None:
    old, new = (measurement(point(), samples=(n,)) for n in (1, 2))
    assert [m.value for m in build_page([old, new], ()).measurements] == [2]


def test_failures_and_zeros_alone_make_a_report(tmp_path: Path) -> None:
    failed = measurement(point(), status="failed", samples=(), reason="out of luck")
    zeros = [measurement(point(frames=n), samples=(0,)) for n in (16, 32)]
    for records_ in ([failed], [failed, *zeros]):
        writer.write_report(build_page(records_, load_claims()), tmp_path)
        assert "out of luck" in (tmp_path / "index.html").read_text()


def test_one_lonely_record_makes_a_report(tmp_path: Path) -> None:
    writer.write_report(build_page([measurement(point())], load_claims()), tmp_path)
    html = (tmp_path / "index.html").read_text()
    assert "<svg" not in html
    assert 'href="#pictures"' not in html


def test_a_store_without_records_says_what_would_measure(tmp_path: Path) -> None:
    page = build_page([], load_claims())
    writer.write_report(page, tmp_path)
    for name in ("index.html", "report.md"):
        assert "Nothing was measured yet." in (tmp_path / name).read_text()
    decided = [r for r in page.claims if r.verdict is Verdict.HOLDS_AS_PUBLISHED]
    assert len(page.unmeasured_claims) == len(load_claims()) - len(decided)
    assert {r.claim.quantity for r in decided} == {"accuracy"}
    assert "<code>blvbench run shapes --store FILE</code>" in (tmp_path / "index.html").read_text()
    assert (tmp_path / "results.csv").read_text().count("\n") == 1  # the headings
    assert json.loads((tmp_path / "results.json").read_text())["measurements"] == []


@pytest.mark.parametrize(
    "name", ["index.html", "report.md", "claims.tex", "results.csv", "results.json"]
)
def test_a_folder_that_cannot_be_written_is_left_alone(
    page: Page, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(BenchError, match="give --out a folder"):
        writer.write_report(page, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]
