"""Documents for tests of the language service: a text, `^` where the cursor is, the schemas of the examples."""

from __future__ import annotations

from p2_compiling import SCHEMAS
from p2_libraries import LIBRARIES
from p2lang.service import Document, Workspace
from p2std.registry import core

WORKSPACE = Workspace.of(core(), SCHEMAS, LIBRARIES)


def document(text: str) -> Document:
    """Give the document of a text."""
    return Document(text, WORKSPACE, "plot.p2")


def marked(text: str) -> tuple[Document, int]:
    """Give the document of a text without its mark `^`, and where the mark is."""
    before, mark, after = text.partition("^")
    assert mark, text
    return document(before + after), len(before)
