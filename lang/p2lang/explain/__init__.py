"""What a code means, in a page: why it is a mistake, a wrong script and the right one. Reads Markdown, knows no code.

A file of pages is Markdown: a page begins with `## CODE`; its scripts stand in fences, ```` ```p2 wrong ```` and
```` ```p2 right ````. The pages of the language's own codes are in `pages/` beside this file; other parts keep theirs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_PAGE = re.compile(r"(?m)^## (P2-[A-Z]\d{4})$\n")
_FENCE = re.compile(r"(?ms)^```(?P<kind>[^\n]*)\n(?P<inside>.*?)^```$")


@dataclass(frozen=True, slots=True)
class Page:
    """One code's page: the whole text in Markdown, and the scripts in it where it shows any."""

    code: str
    text: str
    wrong: str | None = None
    right: str | None = None

    def plain(self) -> str:
        """Give the page for a terminal: scripts are indented under a word that says which is which."""
        return _FENCE.sub(_indented, self.text).strip()


def pages_of(markdown: str) -> dict[str, Page]:
    """Read a file of pages by code; raises ValueError for a code with two pages."""
    _, *parts = _PAGE.split(markdown)
    found: dict[str, Page] = {}
    for code, text in zip(parts[::2], parts[1::2], strict=True):
        if code in found:
            raise ValueError(f"{code} has two pages")
        scripts = {m["kind"]: m["inside"] for m in _FENCE.finditer(text)}
        found[code] = Page(code, text.strip(), scripts.get("p2 wrong"), scripts.get("p2 right"))
    return found


def pages_in(folder: Path) -> dict[str, Page]:
    """Read all files of pages in a folder."""
    found: dict[str, Page] = {}
    for path in sorted(folder.glob("*.md")):
        found |= pages_of(path.read_text(encoding="utf-8"))
    return found


@cache
def pages() -> Mapping[str, Page]:
    """Give the pages of the language's codes: file, syntax, names and types, cost, lints, refused modules."""
    return pages_in(Path(__file__).parent / "pages")


def _indented(match: re.Match[str]) -> str:
    title = {"p2 wrong": "wrong:\n\n", "p2 right": "right:\n\n"}.get(match["kind"], "")
    lines = (f"    {line}".rstrip() for line in match["inside"].splitlines())
    return title + "\n".join(lines)
