"""Long tables can be filtered by their settings; the export has the visible rows."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator

from bench.text import csv_cell
from tests.journeys.browser.pages import COUNT, EXPORT, FILTERS, Opened
from tests.journeys.browser.results import FORMULAS
from tests.journeys.browser.tables import ShownTable, figure

CHOICES = ("network", "depth", "frames", "batch")
OPTIONS = "(select) => [...select.options].map((option) => option.label)"
EVERY = "(select) => select.options[0].value"
BLANK = "none"  # the choice for empty cells


@pytest.fixture
def opened(visit: Callable[[str], Opened]) -> Opened:
    """A page with filters, with all details open."""
    opened = visit("rich")
    opened.unfold()
    assert opened.page.locator(FILTERS).count() > 0
    return opened


def filtered(opened: Opened) -> list[tuple[Locator, ShownTable]]:
    """Each form with its table."""
    forms = opened.page.locator(FILTERS).all()
    idents = [form.get_attribute("data-for") for form in forms]
    return [
        (form, ShownTable(opened.page, str(ident)))
        for form, ident in zip(forms, idents, strict=True)
    ]


def of_networks(opened: Opened) -> list[tuple[Locator, ShownTable]]:
    """The forms that can filter by network, each with its table."""
    pairs = filtered(opened)
    return [pair for pair in pairs if pair[0].locator("select[name=network]").count()]


def count_rows(form: Locator) -> tuple[int, int]:
    """The number of visible rows and of all rows, as the form shows them."""
    found = COUNT.search(form.locator("output").inner_text())
    assert found is not None
    return int(found[1].replace(",", "")), int(found[2].replace(",", ""))


def test_a_form_has_a_choice_for_each_setting_that_varies(opened: Opened) -> None:
    for form, table in filtered(opened):
        values = {
            name: set(table.column(table.headings.index(name)))
            for name in CHOICES
            if name in table.headings
        }
        choices = {
            str(select.get_attribute("name")): select.evaluate(OPTIONS)
            for select in form.locator("select").all()
        }
        assert choices.keys() == {name for name, found in values.items() if len(found) > 1}
        assert {select.evaluate(EVERY) for select in form.locator("select").all()} <= {""}
        for name, (_, *options) in choices.items():
            assert len(options) == len(values[name])
            assert set(options) == {value or BLANK for value in values[name]}


def test_a_filter_leaves_the_rows_that_have_its_value(opened: Opened) -> None:
    for form, table in filtered(opened):
        every = table.rows
        assert count_rows(form) == (len(every), len(every))
        wanted: dict[int, str] = {}
        for select in form.locator("select").all():
            name = str(select.get_attribute("name"))
            value = select.evaluate(OPTIONS)[-1]
            wanted[table.headings.index(name)] = value
            select.select_option(label=value)
            left = [
                row for row in every if all((row[n] or BLANK) == text for n, text in wanted.items())
            ]
            assert table.rows == left
            assert count_rows(form) == (len(left), len(every))
        for select in form.locator("select").all():
            select.select_option("")
        assert table.rows == every


def test_sorting_leaves_a_filter_as_it_is(opened: Opened) -> None:
    form, table = of_networks(opened)[0]
    form.locator("select[name=network]").select_option(label="blvnet_tam")
    rows = table.rows
    table.button(table.headings.index("frames")).click()
    assert sorted(table.rows) == sorted(rows)


def exported(form: Locator, table: ShownTable, folder: Path) -> list[list[str]]:
    """The rows of the CSV file that the button of the form downloads."""
    with table.page.expect_download() as waiting:
        form.locator(EXPORT).click()
    assert waiting.value.suggested_filename == f"{table.id}.csv"
    waiting.value.save_as(folder / "exported.csv")
    with (folder / "exported.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def allowed_texts(cell: str) -> set[str]:
    """The texts that may stand for a cell in the export: figures also without commas."""
    plain = {cell, cell.replace(",", "")} if figure(cell) is not None else set()
    return {str(csv_cell(cell))} | plain


def test_every_table_is_exported_as_it_is_shown(opened: Opened, tmp_path: Path) -> None:
    for form, table in filtered(opened):
        table.button(0).click()
        header, *rows = exported(form, table, tmp_path)
        assert header == table.headings
        assert len(rows) == len(table.rows)
        for row, shown in zip(rows, table.rows, strict=True):
            pairs = zip(row, shown, strict=True)
            assert [pair for pair in pairs if pair[0] not in allowed_texts(pair[1])] == []


def test_only_visible_rows_are_exported(opened: Opened, tmp_path: Path) -> None:
    form, table = of_networks(opened)[0]
    form.locator("select[name=network]").select_option(label="tsm")
    _, *rows = exported(form, table, tmp_path)
    place = table.headings.index("network")
    assert len(rows) == count_rows(form)[0]
    assert {row[place] for row in rows} == {"tsm"}


def test_no_cell_of_an_export_is_a_formula(opened: Opened, tmp_path: Path) -> None:
    form, table, place = next(
        (form, table, table.headings.index("network"))
        for form, table in of_networks(opened)
        if FORMULAS[0] in table.column(table.headings.index("network"))
    )
    names = {row[place] for row in exported(form, table, tmp_path)}
    assert {f"'{name}" for name in FORMULAS} <= names
    assert not names & set(FORMULAS)
