"""The files of plots: their size, their text and their bytes."""

import io
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

from bench.errors import BenchError
from bench.machine.environment import current_environment
from reports.page import Page, build_page
from reports.plot_files import DPI, plot_files
from reports.samples_plot import draw_samples
from reports.writer import write_report
from suites import load_claims
from tests.records import measurement, point, tsn_reference

SVG = "{http://www.w3.org/2000/svg}"
SLOW = current_environment().model_copy(update={"processor": "../<b>" + "x" * 300, "cores": 2})
CEILINGS = {"ceilings": {"macs_per_second": 1e12, "bytes_per_second": 1e11}}


def build() -> Page:
    ours = [point(network="blvnet_tam", frames=frames) for frames in (16, 32)]  # scored
    records = [measurement(where, samples=(10**9,)) for where in ours]
    for frames in (8, 16):
        for network in ("tsn", "tam"):
            where = point(network=network, frames=frames)
            records += [
                measurement(where, samples=(frames * 10**9,)),
                measurement(
                    where, quantity="traffic", instrument="operators", unit="bytes", samples=(9,)
                ),
                measurement(
                    where,
                    quantity="latency",
                    instrument="cpu",
                    unit="seconds",
                    samples=(1.0, 2.0),
                    reference=tsn_reference(3.0, 3.0),
                    details=CEILINGS,
                    environment=SLOW,
                ),
            ]
    return build_page(records, load_claims())


@pytest.fixture(scope="module")
def page() -> Page:
    return build()


@pytest.fixture(scope="module")
def files(page: Page) -> dict[str, bytes]:
    return plot_files(page)


def test_every_plot_of_the_page_and_the_samples_are_there_twice(page: Page, tmp_path: Path) -> None:
    write_report(page, tmp_path, plots=True)
    html = (tmp_path / "index.html").read_text()
    shown = set(re.findall(r'<figure id="([^"]+)"', html))
    assert {"macs", "budget-something-something-v2"} < shown
    names = {path.name for path in (tmp_path / "plots").iterdir()}
    (samples,) = draw_samples(page.measurements)
    shown.add(samples)
    assert names == {f"{name}.{form}" for name in shown for form in ("png", "svg")}
    assert {path.name for path in tmp_path.iterdir()} == {
        "index.html",
        "report.md",
        "claims.md",
        "claims.tex",
        "results.csv",
        "results.json",
        "plots",
    }


def test_a_png_has_300_dots_per_inch_and_names_no_program(files: dict[str, bytes]) -> None:
    root = ElementTree.fromstring(files["plots/macs.svg"])
    with Image.open(io.BytesIO(files["plots/macs.png"])) as image:
        for pixels, side in zip(image.size, ("width", "height"), strict=True):
            inches = float(root.attrib[side].removesuffix("pt")) / 72
            assert pixels == pytest.approx(inches * DPI, rel=0.01)  # hinted letters
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)
        assert set(image.info) == {"dpi"}


def test_an_svg_stands_alone_with_its_text_as_text(files: dict[str, bytes]) -> None:
    content = files["plots/macs.svg"]
    assert content.startswith(b"<?xml")
    assert b'xmlns="http://www.w3.org/2000/svg"' in content
    root = ElementTree.fromstring(content)
    assert "depth 50" in {(text.text or "").strip() for text in root.iter(f"{SVG}text")}
    assert b"Matplotlib" not in content
    assert b"dc:date" not in content


def test_the_same_results_give_the_same_bytes(files: dict[str, bytes]) -> None:
    assert plot_files(build()) == files


def test_a_machines_name_leads_to_no_other_file(files: dict[str, bytes]) -> None:
    names = [name.removeprefix("plots/") for name in files]
    assert all(re.fullmatch(r"[a-z0-9-]{1,120}\.(png|svg)", name) for name in names)


def test_a_file_in_the_folders_place_leaves_all_alone(page: Page, tmp_path: Path) -> None:
    (tmp_path / "plots").write_text("mine")
    with pytest.raises(BenchError, match="give --out a folder"):
        write_report(page, tmp_path, plots=True)
    assert [path.name for path in tmp_path.iterdir()] == ["plots"]
