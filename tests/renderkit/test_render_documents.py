"""Grids of plots in line, and documents: nothing overlaps, nothing leaves the page, all breaks where it must."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plotter2.errors import RunError
from plotter2.renderkit.compose import compose
from plotter2.renderkit.document import (
    PAPERS,
    Chapter,
    Column,
    Document,
    Figure,
    Formula,
    Paragraph,
    Sheet,
)
from plotter2.renderkit.lettering import text_height, text_width, using
from plotter2.renderkit.numbers import column_of, whole_column_of
from plotter2.renderkit.scene import Label, Scene
from plotter2.renderkit.sheets import fitted
from plotter2.renderkit.typesetting import typeset
from plotter2.renderkit.view import Axis, Grid, Layer, Legend, View

WORDS = st.text(st.sampled_from("abcdefghij klmno,. ÄÖ漢"), max_size=400)


def view(scale: float = 1.0, title: str = "", **more: object) -> View:
    columns = {"x": np.array([0.0, 1.0, 2.0]), "y": np.array([0.0, 1.0, 4.0]) * scale}
    return View((Layer("line", columns, {"x": "x", "y": "y"}),), title=title, **more)  # type: ignore[arg-type]


def measure(formula: Formula, size: float) -> tuple[float, float, float]:
    return len(formula.tex) * size / 2, 2 * size, size / 2


def box_of(label: Label) -> tuple[float, float, float, float]:
    """Give left, low, right and top of a level text; a base line has its letters above."""
    with using(label.family):
        width = text_width(label.text, label.size, label.bold)
    height = text_height(label.text, label.size) * 0.95
    left = {"left": label.x, "center": label.x - width / 2, "right": label.x - width}[label.align]
    low = {
        "top": label.y - height,
        "center": label.y - height / 2,
        "bottom": label.y,
        "baseline": label.y - 0.2 * label.size,
    }[label.valign]
    return left, low, left + width, low + height * (0.85 if label.valign == "baseline" else 1.0)


def overlapping(scene: Scene) -> list[tuple[str, str]]:
    boxes = [
        (label.text, box_of(label)) for label in scene.labels if not label.angle and label.text
    ]
    return [
        (one, other)
        for place, (one, a) in enumerate(boxes)
        for other, b in boxes[place + 1 :]
        if min(a[2], b[2]) - max(a[0], b[0]) > 1.5 and min(a[3], b[3]) - max(a[1], b[1]) > 1.5
    ]


def on_the_page(scene: Scene) -> bool:
    boxes = [box_of(label) for label in scene.labels if not label.angle]
    return all(
        left > -0.5 and low > -0.5 and right < scene.width + 0.5 and top < scene.height + 0.5
        for left, low, right, top in boxes
    )


def document(*blocks: object, chapters: int = 1) -> Document:
    chapter = Chapter("A chapter", tuple(blocks))  # type: ignore[arg-type]
    return Document((chapter,) * chapters, "A title", "An author", "today")


# ---- grids ---------------------------------------------------------------------------------------


def test_panels_of_one_column_and_of_one_row_stand_in_line() -> None:
    scene = compose(Grid((view(), view(1e5, title="wide"), view(1e-3), view(10.0)), cols=2))
    a, b, c, d = (panel.rect for panel in scene.panels)
    assert (a.x, a.right) == pytest.approx((c.x, c.right))
    assert (b.x, b.right) == pytest.approx((d.x, d.right))
    assert (a.y, a.top) == pytest.approx((b.y, b.top))
    assert (c.y, c.top) == pytest.approx((d.y, d.top))
    assert overlapping(scene) == []


def test_grids_nest_and_all_of_it_stays_in_its_place() -> None:
    inner = Grid((view(title="one"), view(title="two")), cols=1)
    scene = compose(
        Grid((view(), inner), cols=2, title="All", caption="below", size=(500.0, 350.0))
    )
    assert len(scene.panels) == 3
    left, upper, lower = (panel.rect for panel in scene.panels)
    assert left.right < upper.x
    assert lower.top < upper.y
    assert overlapping(scene) == []
    assert on_the_page(scene)
    assert [entry.view for entry in scene.ledger] == [0, 1, 2]


def test_an_axis_title_stays_beside_its_axis_when_another_plot_needs_more_room() -> None:
    tall = view(title="captioned", caption="a caption that takes room")
    scene = compose(Grid((view(), tall), cols=2))
    first, second = (label for label in scene.labels if label.role == "x label")
    assert first.y == pytest.approx(second.y, abs=0.5)


def test_rows_that_are_not_filled_keep_their_room() -> None:
    scene = compose(Grid((view(),), cols=1, rows=2, size=(300.0, 400.0)))
    assert scene.panels[0].rect.y > 200


def test_a_frame_without_a_font_of_its_own_has_that_of_the_frame_around_it() -> None:
    scene = compose(Grid((view(), view(font="mono")), cols=2, font="serif", title="All"))
    families = {label.family for label in scene.labels}
    assert families == {"serif", "mono"}


def test_frames_that_are_too_many_or_too_deep_are_told() -> None:
    deep: View | Grid = view()
    for _ in range(9):
        deep = Grid((deep,), cols=1)
    with pytest.raises(RunError, match="nested more than 8 deep"):
        compose(deep)
    with pytest.raises(RunError, match="100 frames have only 14 mm x 22 mm each"):
        compose(Grid((view(),) * 100, cols=10))


# ---- documents -----------------------------------------------------------------------------------


def test_each_chapter_starts_on_its_own_sheet_and_contents_say_which() -> None:
    (first, *_, last) = sheets = typeset(document(Paragraph("words"), chapters=3), measure)
    assert len(sheets) == 3
    texts = [label.text for label in first.labels]
    assert texts.count("A chapter") == 4
    assert {"Contents", "1", "2", "3", "1 / 3"} <= set(texts)
    assert "3 / 3" in [label.text for label in last.labels]


def test_a_short_document_has_no_contents() -> None:
    (only,) = typeset(document(Paragraph("words")), measure)
    assert "Contents" not in [label.text for label in only.labels]


def test_a_long_table_goes_on_under_its_head() -> None:
    sheet = Sheet(
        (Column("name", tuple(f"row {n}" for n in range(100))), Column("n", ("1",) * 100, True))
    )
    sheets = typeset(document(sheet), measure)
    assert len(sheets) > 2
    for scene in sheets:
        assert "name" in [label.text for label in scene.labels]
        assert overlapping(scene) == []
        assert on_the_page(scene)
    rows = [
        label.text for scene in sheets for label in scene.labels if label.text.startswith("row")
    ]
    assert rows == [f"row {n}" for n in range(100)]


def test_a_wide_table_is_broken_into_lines_and_stays_on_the_page() -> None:
    words = "many words that need to be broken " * 4
    sheet = Sheet(tuple(Column(f"column {n}", (words, "short")) for n in range(9)))
    (scene,) = typeset(document(sheet), measure)
    assert on_the_page(scene)
    assert overlapping(scene) == []


def test_figures_are_as_wide_as_the_text_and_keep_their_shape() -> None:
    wide = view(size=(1000.0, 500.0))
    (scene,) = typeset(document(Figure(wide), Figure(view())), measure)
    first, second = scene.panels
    assert first.rect.top > second.rect.top
    assert on_the_page(scene)
    assert [entry.view for entry in scene.ledger] == [0, 1]
    assert first.rect.height < 260


def test_figures_that_do_not_fit_go_to_the_next_sheet() -> None:
    sheets = typeset(document(*(Figure(view(size=(400.0, 500.0))) for _ in range(3))), measure)
    assert [len(scene.panels) for scene in sheets] == [1, 1, 1]


def test_a_formula_too_long_for_a_line_is_told() -> None:
    with pytest.raises(RunError) as error:
        typeset(document(Formula("x" * 500)), measure)
    assert error.value.code == "P2-R0681"


@settings(max_examples=40, deadline=None)
@given(
    texts=st.lists(WORDS, min_size=1, max_size=6),
    paper=st.sampled_from(["A4", "letter"]),
    title=WORDS,
    rows=st.integers(0, 60),
)
def test_whatever_the_words_nothing_overlaps_and_nothing_leaves_the_page(
    texts: list[str], paper: str, title: str, rows: int
) -> None:
    sheet = Sheet((Column(title[:60], (texts[0],) * rows), Column("n", ("1.5",) * rows, True)))
    blocks = (*(Paragraph(text) for text in texts), Formula("x + y"), sheet, Figure(view()))
    chapters = (Chapter(title, blocks), Chapter("second", blocks[:2]))
    for scene in typeset(Document(chapters, title, paper=paper), measure):  # type: ignore[arg-type]
        assert (scene.width, scene.height) == PAPERS[paper]  # type: ignore[index]
        assert on_the_page(scene)
        assert overlapping(scene) == []


@pytest.mark.parametrize(
    ("values", "digits", "texts"),
    [
        ([0.05, 0.1, None], 3, ["0.05", "0.10", "–"]),
        ([94.48, 88.592, 65.486], 3, ["94.5", "88.6", "65.5"]),
        ([12345.678, 1.0], 3, ["12,346", "1"]),
        ([1.5e-9, 0.0], 2, ["1.5×10⁻⁹", "0"]),
        ([-0.5, float("inf")], 3, ["−0.5", "inf"]),
        ([], 3, []),
    ],
)
def test_numbers_of_a_column_look_alike(
    values: list[float | None], digits: int, texts: list[str]
) -> None:
    assert column_of(values, digits) == texts


def test_whole_numbers_keep_all_digits() -> None:
    assert whole_column_of([1, 2000, None, -3]) == ["1", "2000", "–", "−3"]
    assert whole_column_of([1, 20000]) == ["1", "20,000"]


def test_every_family_is_measured_as_it_is_drawn() -> None:
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    from plotter2.renderkit.mpl.artists import FAMILIES

    text = "Handgloves 0.123 (step) WAVE mmm iii"
    for family, names in FAMILIES.items():
        drawn = TextPath((0, 0), text + "|", prop=FontProperties(family=names[0], size=10))
        with using(family):
            measured = text_width(text + "|", 10.0)
        assert measured == pytest.approx(drawn.get_extents().xmax, rel=0.04)


def test_a_table_without_rows_has_its_head() -> None:
    table = fitted(Sheet((Column("a", ()), Column("b", ()))), 300.0)
    assert table.rows == ()
    assert table.head.texts == ("a", "b")


def test_axis_and_legend_of_a_view_in_a_grid_are_its_own() -> None:
    scene = compose(
        Grid((view(x=Axis("left axis"), legend=Legend(show=False)), view(x=Axis("right axis"))))
    )
    assert [label.text for label in scene.labels if label.role == "x label"] == [
        "left axis",
        "right axis",
    ]
