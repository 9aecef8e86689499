"""Offsets and the protocol's positions mean the same place, whatever characters and line ends a text has."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lsprotocol import types

from p2_compiling import SCHEMAS
from p2lang.service import Document, Workspace
from p2lang.source import Span
from p2lang.types import ColumnType, TableSchema
from p2std.registry import core
from plotter2.lsp.answers import Answers
from plotter2.lsp.positions import Positions, tidy

LETTERS = st.text(
    st.sampled_from('a\n\r\té𝔘\u2028\x0c|("') | st.characters(exclude_categories=["Cs"])
)
ENCODINGS = st.sampled_from(["utf-8", "utf-16", "utf-32"])
WORKSPACE = Workspace.of(core(), SCHEMAS)


@settings(max_examples=200, deadline=None)
@given(LETTERS, ENCODINGS)
def test_there_and_back_again(text: str, encoding: str) -> None:
    places = Positions(text, encoding)
    for offset in range(len(text) + 1):
        between = text[max(0, offset - 1) : offset + 1] == "\r\n"
        if not between:
            assert places.offset(places.position(offset)) == offset


@settings(max_examples=100, deadline=None)
@given(LETTERS, ENCODINGS, st.integers(0, 9), st.integers(0, 99))
def test_positions_outside_of_a_text_are_taken_to_the_nearest_place(
    text: str, encoding: str, line: int, character: int
) -> None:
    assert 0 <= Positions(text, encoding).offset(types.Position(line, character)) <= len(text)


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(), max_size=60), ENCODINGS, st.integers(0, 3), st.integers(0, 60))
def test_any_text_is_answered(text: str, encoding: str, line: int, character: int) -> None:
    document = Document(tidy(text), WORKSPACE)
    answers = Answers(document, "file:///a.p2", encoding, has_schemas=True)
    place = types.Position(line, character)
    answers.diagnostics()
    answers.hover(place)
    answers.completion(place)
    answers.formatted()
    answers.symbols()
    answers.hints(types.Range(types.Position(0, 0), place))
    answers.renaming_at(place)
    context = types.CodeActionContext([])
    identifier = types.TextDocumentIdentifier("file:///a.p2")
    answers.actions(types.CodeActionParams(identifier, types.Range(place, place), context))


@pytest.mark.parametrize(("encoding", "units"), [("utf-8", 5), ("utf-16", 3), ("utf-32", 2)])
def test_units_are_those_that_were_agreed_on(encoding: str, units: int) -> None:
    places = Positions("𝔘a|", encoding)
    assert places.range(Span(0, 2)).end.character == units


@pytest.mark.parametrize("sign", ["a", "é", "𝔘"])
def test_a_script_in_one_long_line_is_answered(sign: str) -> None:
    # A place is not found by counting the line from its start: twenty thousand mistakes took minutes.
    text = f'loggy("{sign}") ' + "$a.b " * 20_000
    answers = Answers(Document(tidy(text), WORKSPACE), "file:///a.p2", "utf-16", has_schemas=True)
    told = answers.diagnostics()
    assert len(told) > 1_000
    units = len(text.encode("utf-16-le")) // 2
    assert max(each.range.end.character for each in told) <= units
    assert answers.places.range(Span(0, len(text))).end.character == units


def test_what_others_wrote_is_shown_and_fetches_nothing() -> None:
    picture = "![](https://example.org/seen.png)"
    name = f"{picture}<img src=x>"
    schemas = {
        "runs": TableSchema(((name, ColumnType("number")),), 10),
        f"x\n```\n{picture}": TableSchema((("a", ColumnType("int")),), 1),
    }
    workspace = Workspace.of(core(), schemas)
    text = (
        f'## {picture}\nlet a = access("runs")\n$a | head(1) | show\n'
        f'access("x\\n```\\n{picture}") | show\n'
    )
    answers = Answers(Document(text, workspace), "file:///a.p2", "utf-16", has_schemas=True)
    for line, character in ((1, 4), (2, 1), (2, 6), (3, 10)):
        found = answers.hover(types.Position(line, character))
        assert found is not None
        assert isinstance(found.contents, types.MarkupContent)
        code, _, rest = found.contents.value.removeprefix("```p2\n").partition("\n```")
        assert "\n" not in code
        assert "![](" not in rest
        assert "<img" not in rest.replace("\\<", "")
