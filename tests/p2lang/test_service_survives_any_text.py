"""Whatever stands in an editor, at whatever place it is asked about: the service answers and does not raise."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from p2_scripts import SCRIPTS
from p2lang.service import (
    completions,
    definition,
    hover,
    inlay_hints,
    is_complete,
    references,
    rename,
    signature_help,
    symbols,
)
from script_editing import document

TEXTS = [path.read_text(encoding="utf-8") for path in SCRIPTS]
PIECES = st.sampled_from(
    [
        "|",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        '"',
        'f"{',
        "$",
        "`",
        "=",
        ",",
        ".",
        "let ",
        "\n",
        " 3",
        '"""',
        "#",
        "access(",
        "𝔘",
    ]
)


@st.composite
def edited(draw: st.DrawFn) -> tuple[str, int]:
    """Give an example script with pieces cut out and put in, and a place near an edit."""
    text = draw(st.sampled_from(TEXTS))
    start = draw(st.integers(0, len(text)))
    text = text[start:] if draw(st.booleans()) else text[: start + 200]
    at = draw(st.integers(0, len(text)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(max(0, at - 30), min(len(text), at + 30)))
        end = min(len(text), at + draw(st.integers(0, 8)))
        text = text[:at] + draw(PIECES | st.text(max_size=3)) + text[end:]
        at = min(at + 1, len(text))
    return text, at


@settings(max_examples=150, deadline=None)
@given(edited())
def test_edited_scripts_at_any_place(case: tuple[str, int]) -> None:
    text, offset = case
    asked_everything(text, offset)


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=40), st.integers(0, 40))
def test_any_text(text: str, offset: int) -> None:
    asked_everything(text, min(offset, len(text)))


def asked_everything(text: str, offset: int) -> None:
    """Ask all there is to ask; replacements lie within the text and around the cursor."""
    doc = document(text)
    for found in completions(doc, offset):
        assert 0 <= found.replaces.start <= offset <= found.replaces.end <= len(text)
    hover(doc, offset)
    definition(doc, offset)
    references(doc, offset)
    rename(doc, offset, "other")
    signature_help(doc, offset)
    inlay_hints(doc)
    symbols(doc)
    is_complete(text[:offset])
