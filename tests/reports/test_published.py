from bench.agreement import compare
from bench.records import Measurement
from bench.tasks import task
from reports.page import build_page
from reports.published import accuracy_columns, build_agreement
from suites import PublishedRow, load_claims, load_published
from tests.records import measurement, point

ROWS = load_published()


def counted(row: PublishedRow, conv: int, params: int) -> list[Measurement]:
    where = point(
        network=row.network,
        depth=row.depth,
        frames=row.frames,
        num_classes=row.num_classes,
        options=row.options,
    )
    macs = measurement(where, samples=(conv,), details={"by_operator": {"conv": conv}})
    sized = measurement(
        where, quantity="params", instrument="shapes", unit="parameters", samples=(params,)
    )
    return [macs, sized]


def test_rows_are_counted_by_source_and_both_figures_of_a_difference_are_shown() -> None:
    first, second = [row for row in ROWS if row.network == "i3d"][:2]
    assert first.macs
    assert first.params
    assert second.macs
    assert second.params
    section = build_agreement(
        ROWS,
        [
            *counted(first, first.macs + 5, first.params),
            *counted(second, second.macs, second.params),
        ],
    )
    assert section.summary == (
        "296 published rows with counts: 1 are reproduced, 1 differ, 294 are not measured."
    )
    mini = section.by_source.rows[0]
    assert [cell.text for cell in mini[1:]] == ["1", "1", "286"]
    (difference,) = section.differing.rows
    assert [cell.text for cell in difference[6:9]] == [
        f"{first.macs:,}",
        f"{first.macs + 5:,}",
        "5",
    ]
    assert len(section.reproduced.rows) == 3
    assert {source for source, _ in section.rules} == {r.source for r in ROWS if r.figures}


def test_every_published_accuracy_of_a_point_is_shown_with_its_source() -> None:
    keys = [("tam", 50, "", 32, 174), ("tsm", 50, "", 8, 174), ("tsn", 18, "", 8, 3)]
    accuracies = accuracy_columns(ROWS, keys)
    cells = {column.heading: column.cells for column in accuracies.columns}
    assert list(cells) == [
        "SSv2 top-1 %, published",
        "SSv1 top-1 %, published",
    ]
    second = cells["SSv2 top-1 %, published"]
    assert (second[0].text, second[0].number) == ("63.83 [1]", 63.83)
    assert second[1].number == 62.72  # the best of those published
    assert second[1].text.count("[") == 2
    assert second[2].text == ""
    assert accuracies.notes[0].startswith("[1] IBM/action-recognition-pytorch@67cc96f README.md")
    assert accuracies.notes[0].endswith("2 clips x 3 crops, 256 px")
    used = {text for column in accuracies.columns for c in column.cells for text in c.text.split()}
    assert {note.split()[0] for note in accuracies.notes} == {
        text.strip(",") for text in used if text.startswith("[")
    }


def test_the_points_of_a_page_carry_them() -> None:
    where = point(network="blvnet_tam", frames=16)
    page = build_page([measurement(where)], load_claims())
    headings, (row,) = page.clips.headings, page.clips.rows
    column = headings.index("SSv2 top-1 %, published")
    assert row[column].text == "59.1 [1]"
    assert page.clips.notes == ("[1] IBM/bLVNet-TAM@feadcd3 README.md, 1 clip x 1 crop, 224 px",)


def test_a_network_without_depth_stands_among_the_others() -> None:
    records = [
        task(point(network=name, depth=None, frames=frames, input_size=64), "macs").measure()
        for name in ("i3d", "tsn")
        for frames in (4, 8)
    ]
    page = build_page(records, load_claims())
    depths = [(row[0].text, row[1].text) for row in page.clips.rows]
    assert depths == [("i3d", ""), ("i3d", ""), ("tsn", "50"), ("tsn", "50")]
    (plot,) = page.plots
    assert "networks of one depth" in plot.svg
    assert "Networks of one depth, 8 frames, GMACs: i3d" in plot.finding
    assert not any(one.measured for one in compare(ROWS, records))
