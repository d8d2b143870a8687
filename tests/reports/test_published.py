from bench.claims.agreement import check_agreement
from bench.records.measurement import Measurement
from bench.runs.tasks import make_task
from reports.page import build_page
from reports.published import build_accuracy_columns, build_agreement
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
        "343 published rows with counts: 1 are reproduced, 1 differ, 341 are not measured."
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
    assert {source for _, sources in section.rules for source in sources} == {
        r.source for r in ROWS if r.figures
    }


def test_networks_that_are_not_built_are_listed_with_the_reason() -> None:
    table = build_agreement(ROWS, []).not_built
    assert table.caption == "17 published networks that are not built"
    cells = {row[0].text: [cell.text for cell in row[1:]] for row in table.rows}
    assert cells["TSM MobileOne-S4"][1:8] == [
        "K400",
        "74.38",
        "1 x 10 views of 224 px, uniform",
        "IN1k",
        "48.65 a view",
        "13.72",
        "no MobileOne is built",
    ]
    assert cells["MoViNet A0-Base"][1] == "K600"
    assert cells["MoViNet A0-Base"][5] == "2.7 a video"


def test_every_published_accuracy_of_a_point_is_shown_with_its_source() -> None:
    clips = [
        ("tam", 50, "", 32, 256, 174),
        ("tam", 50, "", 32, 224, 174),  # tested on larger crops
        ("tsm", 50, "", 8, 224, 174),
        ("tsn", 18, "", 8, 224, 3),
    ]
    accuracies = build_accuracy_columns(ROWS, clips)
    cells = {column.heading: [c.text for c in column.cells] for column in accuracies.columns}
    assert cells == {
        "SSv2 top-1 %, published": ["63.83 [1]", "", "62.72 [4], 61.2 [3]", ""],
        "SSv1 top-1 %, published": ["", "", "47.2 [3], 45.6 [2]", ""],
    }
    assert accuracies.columns[0].cells[2].number == 62.72  # it sorts by the best
    (note,) = accuracies.notes
    assert note.startswith("Accuracies are published, not measured here: [1] IBM/action-")
    assert "README.md, 2 x 3 views of 256 px, uniform; [2] mit-han-lab" in note


def test_the_tables_of_a_page_carry_them() -> None:
    where = point(network="blvnet_tam", frames=16)
    peak = measurement(where, quantity="memory", instrument="simulated", unit="bytes")
    page = build_page([measurement(where), peak], load_claims())
    for table in (page.clips, page.memory):
        (row,) = table.rows
        assert row[table.headings.index("SSv2 top-1 %, published")].text == "59.1 [1]"
        (note,) = table.notes
        assert note.endswith("[1] IBM/bLVNet-TAM@feadcd3 README.md, 1 view of 224 px, uniform.")


def test_a_network_without_depth_stands_among_the_others() -> None:
    records = [
        make_task(point(network=name, depth=None, frames=frames, input_size=64), "macs").measure()
        for name in ("i3d", "tsn")
        for frames in (4, 8)
    ]
    page = build_page(records, load_claims())
    depths = [(row[0].text, row[1].text) for row in page.clips.rows]
    assert depths == [("i3d", ""), ("i3d", ""), ("tsn", "50"), ("tsn", "50")]
    (plot,) = page.macs_plots
    assert plot.panels == 1
    assert "i3d, 8 frames:" in plot.svg
    assert plot.finding == "Depth 50, 8 frames, GMACs: tsn 2.67, i3d 2.76."
    (alone,) = build_page(records[:2], load_claims()).macs_plots
    assert "networks of one depth" in alone.svg
    assert alone.finding == "Networks of one depth, 8 frames, GMACs: i3d 2.76."
    assert not any(one.measured for one in check_agreement(ROWS, records))
