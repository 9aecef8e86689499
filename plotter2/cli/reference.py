"""Writes `docs/reference/errors.md`, every error code with one line, from the tables of all parts, the JSON Schemas of
manifests beside it, and what is made by the program in `lang/SPEC.md`: the grammar.

Run as `python -m plotter2.cli.reference`; `plotter2 explain` shows the same lines.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

import p2lang.check.codes
import p2lang.check.libraries
import p2lang.check.repeats
import p2lang.check.session
import p2lang.explain
import p2lang.ir
import p2lang.parser
import p2lang.parser.codes
import p2lang.parser.names
import p2lang.parser.outline
import p2lang.parser.reading
import p2lang.semantics.script_text
import p2lang.semantics.sources
import p2lang.semantics.structure
import p2lang.verifier.decoding
import p2lang.verifier.params
import p2lang.verifier.refusal
import p2std.errors
import plotter2.cache.codes
import plotter2.child.reader_codes
import plotter2.child.run_codes
import plotter2.cli.codes
import plotter2.config.codes
import plotter2.datter.codes
import plotter2.host.codes
import plotter2.libraries.codes
import plotter2.manifest.codes
import plotter2.relay.codes
import plotter2.renderkit.codes
import plotter2.runs.codes
import plotter2.staging.codes
import plotter2.tasks.codes
import plotter2.wire.codes
from p2lang.semantics.needs import DEFAULT_LIMITS, MEBIBYTE
from p2sign.causes import CAUSES
from plotter2.manifest.model import VERSIONS
from plotter2.manifest.schema import schema_text

_PROJECT: Final = Path(__file__).parents[2]
_PAGES: Final = (
    Path(p2lang.explain.__file__).parent / "pages",
    Path(__file__).parent / "pages",
)

TARGET: Final = _PROJECT / "docs" / "reference" / "errors.md"

TABLES: Final[tuple[Mapping[str, str], ...]] = (
    p2lang.parser.codes.CODES,
    p2lang.check.codes.CODES,
    p2lang.verifier.params.CODES,
    p2lang.verifier.refusal.CODES,
    p2std.errors.CODES,
    {cause.code: cause.cause for cause in CAUSES.values()},
    plotter2.config.codes.CODES,
    plotter2.wire.codes.CODES,
    plotter2.datter.codes.CODES,
    plotter2.cache.codes.CODES,
    plotter2.manifest.codes.CODES,
    plotter2.renderkit.codes.CODES,
    plotter2.child.reader_codes.CODES,
    plotter2.child.run_codes.CODES,
    plotter2.staging.codes.CODES,
    plotter2.relay.codes.CODES,
    plotter2.runs.codes.CODES,
    plotter2.tasks.codes.CODES,
    plotter2.libraries.codes.CODES,
    plotter2.host.codes.CODES,
    plotter2.cli.codes.CODES,
)
"""Every part's codes with one line each; no code stands in two of them."""

SPECIFICATION: Final = Path(__file__).parents[2] / "lang" / "SPEC.md"
GRAMMAR: Final = Path(p2lang.parser.__file__).parent / "p2.lark"

LIMITS: Final[tuple[tuple[str, int], ...]] = (
    ("bytes of a script", p2lang.parser.LONGEST_SCRIPT),
    ("characters of a number", p2lang.parser.names.LONGEST_NUMBER),
    ("levels of brackets", p2lang.parser.outline.MAX_NESTING),
    ("mistakes of syntax that are told at once", p2lang.parser.reading.MOST_REPORTED),
    ("values of a `repeat`", p2lang.check.repeats.MOST_TURNS),
    ("expressions that a script expands to", p2lang.check.session.MOST_EXPRESSIONS),
    ("levels of an expression with the bindings it uses", p2lang.check.session.DEEPEST),
    ("libraries that a script uses, all together", p2lang.check.libraries.MOST_LIBRARIES),
    ("libraries that use each other in a row", p2lang.check.libraries.DEEPEST_USE),
    ("characters of a step in Python", p2lang.semantics.script_text.LONGEST_SCRIPT),
    ("parts of a box", p2lang.semantics.structure.MOST_PARTS),
    ("combinations of a `sweep`", p2lang.semantics.sources.MOST_COMBINATIONS),
    ("units of work, unless the signer may need more", DEFAULT_LIMITS.work),
    ("MiB that all tables of a run may hold", DEFAULT_LIMITS.memory // MEBIBYTE),
    ("rows of a table", DEFAULT_LIMITS.rows),
    ("panels", DEFAULT_LIMITS.panels),
    ("pixels", DEFAULT_LIMITS.pixels),
    ("pictures and frames", DEFAULT_LIMITS.frames),
    ("bytes of a module", p2lang.verifier.decoding.LARGEST),
    ("nodes of a module", p2lang.semantics.structure.MOST_NODES),
    ("tasks of a module", p2lang.semantics.structure.MOST_TASKS),
    ("levels of a value in a module", p2lang.ir.DEEPEST),
)
"""The numbers that the specification lists."""

RANGES: Final[tuple[tuple[str, str], ...]] = (
    ("P2-E00", "The file"),
    ("P2-E01", "Syntax"),
    ("P2-E02", "Names, types, rights"),
    ("P2-E03", "Cost"),
    ("P2-W04", "Lints"),
    ("P2-V05", "A compiled script that is refused"),
    ("P2-R06", "The run"),
    ("P2-S07", "Signing and trust"),
    ("P2-S08", "Keys, policy, logs, packs and sessions"),
    ("P2-D08", "Data and store"),
    ("P2-D09", "Packages and safe copies"),
    ("P2-H09", "Host and processes"),
)
"""What the beginning of a code says (see `plotter2.errors`)."""

_HEAD: Final = """# Errors

Made by `python -m plotter2.cli.reference` from the tables of the parts. Every error names one of these codes, the
place, and how to mend it; a code is never used for anything else.
"""


def reference() -> str:
    """Give the whole text."""
    return "\n".join([_HEAD, *_sections()])


@cache
def lines() -> Mapping[str, str]:
    """Give every code with what is the case, in one line."""
    return {code: line for table in TABLES for code, line in table.items()}


def specification(page: str) -> str:
    """Give the page of the specification with the grammar and the limits between their marks, as they are now."""
    grammar = GRAMMAR.read_text(encoding="utf-8").rstrip()
    page = _between(page, "grammar", f"```lark\n{grammar}\n```")
    rows = "\n".join(f"| {what} | {most:,} |" for what, most in LIMITS)
    return _between(page, "limits", f"| what | most |\n|---|---|\n{rows}")


def _between(page: str, what: str, content: str) -> str:
    before, begin, rest = page.partition(f"<!-- {what}: made by")
    head, _, rest = rest.partition("-->")
    _, end, after = rest.partition(f"<!-- end of {what} -->")
    return f"{before}{begin}{head}-->\n\n{content}\n\n{end}{after}"


def _sections() -> Iterator[str]:
    for beginning, title in RANGES:
        yield f"## {title}: {beginning}xx\n\n| code | what is the case |\n|---|---|"
        for code in sorted(lines()):
            if code.startswith(beginning):
                page = _page(code)
                yield f"| {f'[{code}]({page})' if page else code} | {_in_a_cell(lines()[code])} |"
        yield ""


def _page(code: str) -> str:
    """Give where the page of a code is, as seen from the page of all codes."""
    for folder in _PAGES:
        for path in sorted(folder.glob("*.md")):
            if f"## {code}\n" in path.read_text(encoding="utf-8"):
                return f"../../{path.relative_to(_PROJECT)}#{code.lower()}"
    return ""


def _in_a_cell(line: str) -> str:
    return line.replace("|", "\\|")


def main() -> int:
    """Write the files."""
    from plotter2.child.python.describing import (
        page as python_page,  # loads numpy, which `explain` does without
    )

    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(reference(), encoding="utf-8")
    for version in VERSIONS:
        schema_file = TARGET.with_name(f"manifest-{version}.schema.json")
        schema_file.write_text(schema_text(version), encoding="utf-8")
    TARGET.with_name("python.md").write_text(python_page(), encoding="utf-8")
    page = SPECIFICATION.read_text(encoding="utf-8")
    SPECIFICATION.write_text(specification(page), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
