"""Frames with frames and flows in them, and reports, run in this process: rows, conditions, files, formulas."""

from __future__ import annotations

import re
import zlib

import polars as pl
import pytest

from plotter2.errors import RunError
from plotter2.renderkit import provenance
from running_programs import FakeChannel, Part, run_script

ROWS = pl.DataFrame(
    {
        "step": [0, 1, 2, 3] * 2,
        "reward": [0.0, 1.5, 2.25, 3.0, 0.0, 0.5, None, 1.0],
        "lr": [0.1] * 4 + [0.2] * 4,
        "env": ["ant"] * 4 + ["hopper"] * 4,
    }
)
OTHER = pl.DataFrame({"at": [1.0, 2.0], "value": [5.0, 6.0]})
TABLES = {"runs": [Part(ROWS)], "other": [Part(OTHER)]}

pytestmark = pytest.mark.render


def run(text: str, formats: tuple[str, ...] = ()) -> FakeChannel:
    return run_script(f"p2 1\n{text}", TABLES, formats)


def report(page: str) -> str:
    return f'report "Title" {{ page "One" {{ {page} }} }} | handoff("r.pdf")'


def text_of(pdf: bytes) -> str:
    """Give the text of a PDF as its fonts spell it: every string of its pages, decoded by the fonts' own tables."""
    streams = [
        zlib.decompress(found)
        for found in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
        if found[:1] == b"\x78"
    ]
    pages = b"\n".join(s for s in streams if b" Tf" in s)
    return (
        b"".join(re.findall(rb"\(((?:[^()\\]|\\.)*)\)", pages))
        .replace(b"\0", b"")
        .decode("latin-1")
    )


# ---- frames --------------------------------------------------------------------------------------


def test_layers_share_their_axes_and_count_all_their_rows() -> None:
    made = run(
        """frame both {
      access("runs") | line(x=step, y=reward, colour=env)
      access("other") | point(x=at, y=value)
    } | axis(x="the step") | plot | handoff"""
    )
    ledger = made.ledger("both")
    assert [layer["kind"] for layer in ledger["layers"]] == ["line", "point"]
    assert (ledger["read"], ledger["rows"], ledger["drawn"]) == (10, 10, 9)


def test_panels_are_counted_together_and_each_says_what_it_shows() -> None:
    made = run(
        """frame window (cols=2, title="All") {
      frame a { access("runs") | summary(by=step, m = mean(reward)) | line(x=step, y=m) }
      frame b { access("other") | bar(x=at, y=value) }
    } | plot | handoff"""
    )
    ledger = made.ledger("window")
    assert ledger["caption"] == "line: mean of reward; n = 1–2"
    assert len(ledger["layers"]) == 2


def test_a_column_of_all_flows_makes_panels_of_all() -> None:
    made = run(
        """let t = access("runs")
    frame f { $t | line(x=step, y=reward) $t | point(x=step, y=reward) } | facet(cols=env) | plot | handoff"""
    )
    assert made.ledger("f")["drawn"] == 14


def test_a_part_whose_condition_fails_is_not_computed() -> None:
    made = run(
        """let t = access("runs")
    frame f {
      $t | line(x=step, y=reward)
      when rows($t) > 100 { $t | filter(1 / 0 > step) | rule(y=1) }
    } | plot | handoff"""
    )
    assert len(made.ledger("f")["layers"]) == 1


def test_a_frame_of_which_no_part_is_left_is_told() -> None:
    with pytest.raises(RunError) as error:
        run(
            'frame f { when rows(access("runs")) > 100 { access("runs") | rule(y=1) } } | plot | handoff'
        )
    assert (error.value.code, error.value.message) == (
        "P2-R0661",
        "nothing to draw: no flow is left in this frame",
    )


def test_pictures_have_the_kinds_that_their_names_and_the_run_ask_for() -> None:
    flow = 'access("other") | frame | line(x=at, y=value) | plot | handoff'
    assert [(n, k) for n, k, _ in run(flow).blobs] == [("plot", "png")]
    assert [(n, k) for n, k, _ in run(f'{flow}("a.svg")').blobs] == [("a", "svg")]
    both = run(f'{flow}("a.svg")', ("pdf",)).blobs
    assert [(n, k) for n, k, _ in both] == [("a", "svg"), ("a", "pdf")]


# ---- reports -------------------------------------------------------------------------------------


def test_a_report_is_a_pdf_whose_text_can_be_read_and_whose_fonts_are_inside() -> None:
    pdf = run(report('f"{rows(access("runs"))} rows of words" expr("x^2")')).picture("r", "pdf")
    text = text_of(pdf)
    assert "Title" in text
    assert "8 rows of words" in text
    assert b"/FontFile2" in pdf
    assert b"/ToUnicode" in pdf
    assert b"CreationDate" not in pdf
    assert b"/Title (Title)" in pdf


def test_a_report_comes_out_the_same_every_time() -> None:
    text = report('access("runs") | line(x=step, y=reward) access("other") | table expr("x")')
    assert run(text).picture("r", "pdf") == run(text).picture("r", "pdf")


def test_a_report_says_where_it_comes_from() -> None:
    pdf = run(report('access("runs") | line(x=step, y=reward)')).picture("r", "pdf")
    inside = provenance.read(pdf)
    assert inside is not None
    assert inside["ledger"]["drawn"] == 7


def test_sheets_are_pictures_when_they_are_asked_for() -> None:
    text = 'report "R" { page "A" { text("a") } page "B" { text("b") } } | handoff("r.pdf")'
    made = run(text, ("png", "svg"))
    names = [f"{name}.{kind}" for name, kind, _ in made.blobs]
    assert names == ["r.pdf", "r-1.png", "r-2.png", "r-1.svg", "r-2.svg"]


def test_printed_numbers_have_the_digits_that_are_asked_for_and_missing_ones_a_dash() -> None:
    page = 'access("runs") | table(columns=[env, step, reward, lr], digits=2)'
    text = text_of(run(report(page)).picture("r", "pdf"))
    for cell in ("ant", "2.2", "3.0", "0.1", "0.2", "reward"):
        assert cell in text


def test_more_rows_than_can_be_printed_are_told_with_their_place() -> None:
    many = {"runs": [Part(pl.DataFrame({"step": list(range(600))}))]}
    with pytest.raises(RunError) as error:
        run_script('p2 1\nreport "R" { page "P" { access("runs") | table } } | handoff', many)
    assert error.value.code == "P2-R0614"
    assert "more than 500 rows" in error.value.message
    assert error.value.where == "table"


@pytest.mark.parametrize(
    ("tex", "message"),
    [
        (r"\\foo + 1", r"the formula has \foo, which is no symbol that can be set"),
        (r"\\frac{1}{", "the formula cannot be read"),
        ("x^", "the formula cannot be read"),
        ("", "the formula is empty"),
        ("$x$", "the formula has a dollar in it"),
        ("x" * 1001, "the formula has 1,001 characters, and at most 1,000 are set"),
        ("{" * 17 + "x" + "}" * 17, "the formula nests braces more than 16 deep"),
        (r"\\begin{matrix}1\\end{matrix}", r"the formula has \begin, which is no symbol"),
        (r"\\sqrt{" * 200 + "x" + "}" * 200, "the formula has 1,401 characters"),
    ],
)
def test_a_bad_formula_is_told_with_its_line(tex: str, message: str) -> None:
    text = f'report "R" {{ page "P" {{\n expr("{tex}") }} }} | handoff'
    with pytest.raises(RunError) as error:
        run(text)
    assert error.value.code == "P2-R0680"
    assert error.value.message.startswith(message)
    assert error.value.help
    span = error.value.span  # type: ignore[attr-defined] # a PlacedError has one
    assert f"p2 1\n{text}"[span[0] : span[1]].startswith("expr")


def test_a_formula_wider_than_the_page_becomes_smaller_until_it_is_told() -> None:
    wide = " + ".join(f"x_{{{n}}}" for n in range(25))
    assert run(report(f'expr("{wide}")')).blobs
    with pytest.raises(RunError) as error:
        run(report(f'expr("{" + ".join(["abcdefgh"] * 90)}")'))
    assert error.value.code == "P2-R0681"
