"""Renders a page and writes the report folder: HTML, Markdown, LaTeX, CSV, JSON and plots."""

import csv
import errno
import io
import json
import re
import tempfile
from functools import cache
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from bench.errors import BenchError
from bench.text import csv_cell, markdown
from reports.claims_files import claims_md, claims_tex
from reports.page import Page
from reports.plot_files import plot_files
from reports.predictions import MEASURED_BY

# Of results.json. 1: measurements and claims, 2: agreement, 3: references, 4: machines, intervals,
# 5: accuracies, 6: changes since other results, 7: the value and the saving of a reference,
# 8: the origin of a claim, and its bound
FORMAT_VERSION = 8
SECTIONS = (  # of the page, in its order
    "answers",
    "pictures",
    "changes",
    "macs",
    "memory",
    "latency",
    "accuracy",
    "budget",
    "published",
    "formulations",
    "method",
    "missing",
)
HEADING = re.compile(r'<h2 id="([^"]+)">(.*?) <a ')


def write_report(page: Page, folder: Path, *, plots: bool = False) -> None:
    """Write the page and its data into `folder`; with `plots`, also each plot as files.

    Everything is rendered before the first file is written, and each file appears in one step.
    Raises `BenchError` if the folder cannot be written.
    """
    contents = _render(page)
    if plots:
        contents |= plot_files(page)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _replace_all(folder, contents)
    except OSError as error:
        raise BenchError(
            f"{folder}: {error.strerror}: give --out a folder that can be written"
        ) from error


def _render(page: Page) -> dict[str, bytes]:
    texts = {
        "index.html": _html(page),
        "report.md": _environment().get_template("report.md.jinja").render(page=page),
        "claims.md": claims_md(page.claims),
        "claims.tex": claims_tex(page.claims),
        "results.csv": _csv(page),
        "results.json": _json(page),
    }
    return {name: text.encode() for name, text in texts.items()}


def _html(page: Page) -> str:
    environment = _environment()
    sections = (environment.get_template(f"sections/{name}.html.jinja") for name in SECTIONS)
    body = "".join(section.render(page=page) for section in sections)
    contents = [(ident, Markup(title)) for ident, title in HEADING.findall(body)]
    skeleton = environment.get_template("report.html.jinja")
    return skeleton.render(page=page, body=Markup(body), contents=contents)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("reports"),
        autoescape=lambda name: name is not None and name.endswith(".html.jinja"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["markdown"] = lambda text: markdown(str(text))
    environment.globals.update(
        gpu_memory_by=MEASURED_BY,
        svg=Markup,  # drawn by matplotlib, which escapes text
        asset=lambda name: Markup(files("reports").joinpath("assets", name).read_text("utf-8")),
    )
    return environment


def _csv(page: Page) -> str:
    buffer = io.StringIO()
    columns = dict.fromkeys(name for row in page.rows for name in row)
    table = csv.DictWriter(buffer, columns, lineterminator="\n")
    table.writeheader()
    table.writerows({name: csv_cell(value) for name, value in row.items()} for row in page.rows)
    return buffer.getvalue()


def _json(page: Page) -> str:
    """JSON with one line for each record."""
    lists = {
        "claims": [result.as_json() for result in page.claims],
        "agreement": [one.as_json() for one in page.agreement.figures],
        "measurements": [measurement.as_json() for measurement in page.measurements],
    }
    parts = [f'"format": {FORMAT_VERSION}']
    for name, records in lists.items():
        lines = ",\n".join(json.dumps(record) for record in records)
        parts.append(f'"{name}": [\n{lines}\n]')
    if page.changes:
        parts.append(f'"changes": {json.dumps(page.changes.as_json())}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _replace_all(folder: Path, contents: dict[str, bytes]) -> None:
    """Write all files into a temporary folder, then move each to its place in one step."""
    for name in contents:
        if (folder / name).is_dir():
            raise IsADirectoryError(errno.EISDIR, f"{name} is a folder", str(folder / name))
    with tempfile.TemporaryDirectory(dir=folder, prefix=".report.") as temporary:
        for name, content in contents.items():
            for parent in (folder, Path(temporary)):
                (parent / name).parent.mkdir(exist_ok=True)
            Path(temporary, name).write_bytes(content)
        for name in contents:
            Path(temporary, name).replace(folder / name)
