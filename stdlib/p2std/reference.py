"""Writes the reference of all operations, `docs/reference/operations*.md`, from the registry, kernels and examples.

Run as `python -m p2std.reference`. The pictures beside the pages are drawn by `make pictures`.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from p2lang.signatures import Signature
from p2std.binding import Kernel, kernels
from p2std.describing import arguments, sentences, written
from p2std.registry import core, example_of, examples

FOLDER: Final = Path(__file__).parents[2] / "docs" / "reference"

_FAMILIES: Final = (
    ("source", "sources", "A flow begins with one."),
    ("step", "steps", "They stand in a flow and give a table of a table; `frame` turns it into a frame to draw in."),
    ("mark", "marks", "They draw into a frame."),
    ("deco", "decorations", "They change how a frame looks."),
    ("item", "items", "They stand on a page of a report."),
    ("effect", "effects", "They end a flow, or stand alone; each happens in the order of the script."),
    ("agg", "aggregates", "Many rows to one value; in `derive` it is put on every row."),
    ("win", "windows", "A column to a column of the same length."),
    ("fn", "functions", "Row by row."),
    ("val", "values", "They speak of a whole table, or of what is around the script."),
)  # fmt: skip

_HEAD: Final = """# Operations

Made by `python -m p2std.reference` from the registry (`stdlib/p2std/registry/`) and the kernels. Each operation has an
example that the tests run; the pictures are drawn from the examples by `make pictures`.

A version is for ever: `mean@1` will always compute what it computes today, a change is `mean@2`. Everywhere: missing is
null or NaN; a missing value makes the result of a row-wise function missing and never counts in an aggregate; whole
numbers are 64 bits wide and stop the run when they do not suffice; sorts are stable; equal input gives equal bits. One
unit of work is about 10 ns.
"""


def pages() -> Mapping[str, str]:
    """Give the text of every page by its file name."""
    found = {_page(plural): _family(*family) for family in _FAMILIES for plural in (family[1],)}
    return {"operations.md": "\n".join([_HEAD, *_index()]) + "\n", **found}


def _page(plural: str) -> str:
    return f"operations-{plural}.md"


def _of(kind: str) -> list[Signature]:
    found = (s for s in core().by_full_name.values() if s.kind == kind)
    return sorted(found, key=lambda s: (s.name, s.version))


def _index() -> Iterator[str]:
    for kind, plural, words in _FAMILIES:
        yield f"## [{plural.capitalize()}]({_page(plural)})\n\n{words}\n"
        yield "| | |\n|---|---|"
        for signature in _of(kind):
            link = f"{_page(plural)}#{_anchor(signature)}"
            yield f"| [`{signature.name}`]({link}) | {_cell(signature.doc)} |"
        yield ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _anchor(signature: Signature) -> str:
    return signature.full_name.replace("@", "")


def _family(kind: str, plural: str, words: str) -> str:
    head = f"# {plural.capitalize()}\n\n{words} [All operations](operations.md)\n"
    return "\n".join([head, *map(_entry, _of(kind))])


def _entry(signature: Signature) -> str:
    found = kernels().get((signature.kind, signature.full_name))
    said = f"{signature.doc} {'' if found is None else _how(found)}".strip()
    table = "\n".join(arguments(signature))
    listed = "\n".join(f"- {sentence}" for sentence in sentences(signature))
    parts = [
        f"## {signature.full_name}",
        f"`{written(signature)}`",
        said,
        table,
        listed,
        _example(signature),
        _picture(signature),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _example(signature: Signature) -> str:
    known = (signature.kind, signature.full_name) in examples()
    return f"```p2\n{example_of(signature)}```" if known else ""


def _how(found: Kernel) -> str:
    return " ".join((inspect.getdoc(found.run) or "").split())


def _picture(signature: Signature) -> str:
    path = f"pictures/{signature.kind}-{signature.full_name}.png"
    if not (FOLDER / path).exists():
        return ""
    return f'<img src="{path}" width="400" alt="what the example of {signature.name} draws">'


def main() -> int:
    """Write the pages, and take away those of families that are gone."""
    written_now = pages()
    for path in FOLDER.glob("operations*.md"):
        if path.name not in written_now:
            path.unlink()
    for name, text in written_now.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
