"""The documentation, built as `nox -s docs` does: complete, linked, and readable offline."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from pydantic import BaseModel

from bench.commands import Parser
from bench.records.catalogue import INSTRUMENTS
from bench.records.measurement import Environment, Measurement
from bench.records.point import Point
from blvbench import command_table
from models import list_models
from suites import Case, Claim, PublishedSweep, Suite, Sweep, load_claims
from suites.claim import Side
from suites.rules import Consequences, Rule

DOCS = Path(__file__).parents[2] / "docs"
LAST_RESORT_S = 1800  # a build that takes longer has hung
REPORT = "../../../report/index.html"  # exists only if the report was written too


class Page(HTMLParser):
    """The anchors of a page, its links, and what it loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.anchors.add(values.get("id", ""))
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        elif "href" in values or "src" in values:
            self.loaded.append(values.get("href") or values["src"])


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages, built from a copy, so that no generated source stays in the checkout."""
    folder = tmp_path_factory.mktemp("docs")
    shutil.copytree(DOCS, folder / "docs", ignore=shutil.ignore_patterns("generated"))
    sphinx = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going"]
    result = subprocess.run(
        [*sphinx, str(folder / "docs"), str(folder / "out")],
        capture_output=True,
        text=True,
        timeout=LAST_RESORT_S,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return folder / "out"


@pytest.fixture(scope="module")
def pages(built: Path) -> dict[Path, Page]:
    return {path: Page(path.read_text(encoding="utf-8")) for path in built.rglob("*.html")}


def test_every_claim_has_its_page(built: Path) -> None:
    index = (built / "generated" / "claims" / "index.html").read_text()
    for claim in load_claims():
        text = (built / "generated" / "claims" / f"{claim.id}.html").read_text()
        assert f"#claim-{claim.id}" in text
        assert all(case.label in text for case in claim.cases)
        assert f'href="{claim.id}.html"' in index


@pytest.mark.parametrize("command", command_table())
def test_every_option_can_be_linked_to(pages: dict[Path, Page], built: Path, command: str) -> None:
    page = pages[built / "generated" / "commands" / f"{command}.html"]
    parser = Parser()
    import_module(command_table()[command][0]).arguments(parser)
    options = set(re.findall(r"--[a-z][a-z-]*", parser.format_help())) - {"--help"}
    assert {f"cmdoption-blvbench-{command}-{option[2:]}" for option in options} <= page.anchors


def test_networks_and_instruments_are_listed(built: Path) -> None:
    networks = (built / "generated" / "networks.html").read_text()
    instruments = (built / "generated" / "instruments.html").read_text()
    assert all(f">{name}<" in networks for name in list_models())
    assert all(f">{one.quantity}<" in instruments for one in INSTRUMENTS)


FORMATS = (
    Suite,
    Sweep,
    PublishedSweep,
    Claim,
    Side,
    Case,
    Rule,
    Consequences,
    Measurement,
    Point,
    Environment,
)
TABLES = ("sweep", "published")


@pytest.mark.parametrize("kind", FORMATS)
def test_every_key_of_a_format_is_explained(built: Path, kind: type[BaseModel]) -> None:
    text = (built / "reference" / "formats.html").read_text()
    keys = {f"[[{name}]]" if name in TABLES else name for name in kind.model_fields}
    assert not [key for key in keys if f'<span class="pre">{key}</span>' not in text]


def test_every_link_leads_somewhere(pages: dict[Path, Page]) -> None:
    broken = [
        f"{path.name}: {link}" for path, page in pages.items() for link in lost(path, page, pages)
    ]
    assert not broken


def lost(path: Path, page: Page, pages: dict[Path, Page]) -> Iterator[str]:
    for link in page.links:
        parts = urlsplit(link)
        if parts.scheme or parts.path == REPORT:
            continue
        target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
        anchors = pages[target].anchors if target in pages else set()
        if not target.exists() or (parts.fragment and unquote(parts.fragment) not in anchors):
            yield link


def test_pages_load_nothing_from_elsewhere(built: Path, pages: dict[Path, Page]) -> None:
    for path, page in pages.items():
        loaded = [urlsplit(link) for link in page.loaded]
        assert not [link for link in loaded if link.netloc or link.path.startswith("/")], path.name
    for style in built.rglob("*.css"):
        assert not re.search(r"(url\(|@import)\W*(https?:)?//", style.read_text()), style.name
