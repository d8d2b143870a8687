from xml.etree import ElementTree

from reports.drawing import (
    AS_PUBLISHED,
    COLUMNS,
    PAPER_COLOURS,
    Drawing,
    assign_colours,
    draw_axes,
    use_log_axes,
)


def test_the_papers_networks_have_the_same_colours_whatever_else_is_drawn() -> None:
    few, many = assign_colours(["tsn"]), assign_colours(["tsn", "b.py:net", "a.py:net"])
    assert {name: many[name] for name in PAPER_COLOURS} == {
        name: few[name] for name in PAPER_COLOURS
    }
    own = {name: many[name] for name in (*PAPER_COLOURS, "a.py:net", "b.py:net")}
    assert len(set(own.values())) == len(own)
    assert many["blvnet_tam" + AS_PUBLISHED] == many["blvnet_tam"]


def test_points_have_labels() -> None:
    with Drawing(width=2, height=2) as drawing:
        (axes,) = drawing.panels
        drawing.points(axes, [1, 2], [1, 2], ["one <b>", "two"], marker="o")
        drawing.points(axes, [3], [3], ["three"], marker="s")
        plot = drawing.plot("p", "Title", "Finding.")
    root = ElementTree.fromstring(plot.svg)
    marks = [mark for mark in root.iter() if mark.get("class") == "point"]
    assert [mark.get("aria-label") for mark in marks] == ["one <b>", "two", "three"]
    assert {mark.get("role") for mark in marks} == {"img"}
    assert all(mark.get("id", "p-").startswith("p-") for mark in root.iter())


def test_panels_stand_in_rows() -> None:
    with Drawing(COLUMNS + 1, width=2, height=1) as drawing:
        plot = drawing.plot("p", "Title", "Finding.")
    assert plot.panels == len(drawing.panels) == len(plot.figure.axes) == COLUMNS + 1
    places = [axes.get_position() for axes in drawing.panels]
    assert places[0].y0 == places[1].y0 > places[2].y1
    assert places[0].x0 == places[2].x0


def texts(drawing: Drawing) -> list[str]:
    return [text.get_text() for text in drawing.panels[0].texts]


def test_numbers_of_ticks_do_not_touch() -> None:
    with Drawing(width=2, height=2) as drawing:
        (axes,) = drawing.panels
        axes.plot([1, 64], [0.25, 2])
        use_log_axes(axes)
        limits = axes.get_xlim(), axes.get_ylim()
        draw_axes(axes, "x", "y", ticks=[8, 1, 9, 10, 16, 64])
        assert texts(drawing) == ["1", "8", "16", "64", "0.25", "0.5", "1", "2", "x", "y"]
        assert (axes.get_xlim(), axes.get_ylim()) == limits


def test_linear_axes_have_round_numbers() -> None:
    with Drawing(width=2, height=2) as drawing:
        (axes,) = drawing.panels
        axes.plot([0, 70], [0, 100])
        axes.set_xlim(0, 75)
        axes.set_ylim(0, 102)
        draw_axes(axes, "x", "y")
    assert texts(drawing)[-8:] == ["0", "20", "40", "60", "80", "100", "x", "y"]


def test_an_svg_takes_the_colours_of_its_page() -> None:
    with Drawing(width=2, height=2) as drawing:
        drawing.panels[0].set_title("Title")
        svg = drawing.plot("p", "Title", "Finding.").svg
    assert "var(--ink)" in svg
    assert "#1a1f26" not in svg
