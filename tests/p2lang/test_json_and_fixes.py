"""Every mistake under test: its JSON twin says the same as its text; golden/fixes.txt shows what the fixes make of it.

P2_REGENERATE=1 rewrites the golden file; read the difference.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from functools import cache

from p2_compiling import HERE, compiled
from p2lang.diagnostics import Diagnostic, as_json, fixed, render
from p2lang.source import Source

GOLDEN = HERE / "golden" / "fixes.txt"
EXPECTED = re.compile(r"(?m)[ \t]*### .*$")


def semantic() -> Iterator[tuple[str, str]]:
    """Give title and text of the mistakes that need a schema to be seen."""
    for path in sorted((HERE / "mistakes").glob("*.chunks")):
        for chunk in path.read_text(encoding="utf-8").split("=== ")[1:]:
            title, _, body = chunk.partition("\n")
            yield f"{path.stem}: {title}", EXPECTED.sub("", body)


def syntactic() -> Iterator[tuple[str, str]]:
    """Give title and text of the mistakes in the text alone."""
    golden = (HERE / "golden" / "syntax.txt").read_text(encoding="utf-8")
    for section in re.split(r"^=== ", golden, flags=re.MULTILINE)[1:]:
        title, _, rest = section.partition("\n")
        text = rest.partition("\n---\n")[0]
        yield f"syntax: {title}", re.sub(r"<U\+([0-9A-F]+)>", lambda m: chr(int(m[1], 16)), text)


ALL = [*semantic(), *syntactic()]
SHOWN = ("arguments", "bindings", "columns", "lost", "steps", "syntax", "tools", "types", "values")
"""The groups whose mended scripts are in the golden file."""


@cache
def found(text: str) -> tuple[Diagnostic, ...]:
    return compiled(text).diagnostics


def told() -> Iterator[tuple[str, Source, Diagnostic]]:
    for title, text in ALL:
        source = Source(text, "plot.p2")
        for diagnostic in found(text):
            yield title, source, diagnostic


def test_at_least_two_hundred_distinct_mistakes_are_under_test() -> None:
    assert len({re.sub(r"`[^`]*`|\"[^\"]*\"|\d+", "_", d.message) for _, _, d in told()}) >= 200


def test_the_json_twin_says_what_the_text_says() -> None:
    for title, source, diagnostic in told():
        twin = json.loads(json.dumps(as_json(diagnostic, source)))
        text = render(diagnostic, source)
        assert twin["code"] in text, title
        for key in ("message", "label", "help", "note"):
            assert twin[key] in text, (title, key)
        span = twin["span"]
        where = diagnostic.source or source
        assert f"{where.name}:{span['line']}:{span['column']}" in text
        assert span["text"] == where.slice(diagnostic.span)
        assert [r["label"] for r in twin["related"]] == [r.label for r in diagnostic.related]


def test_every_mistake_has_help_a_label_or_a_note() -> None:
    mute = {d.message for _, _, d in told() if not (d.help or d.note or d.label)}
    assert mute == set()


def test_no_message_speaks_of_the_insides_of_the_program() -> None:
    inside = re.compile(
        r"\b(?:RPAR|LPAR|VBAR|NAME|STRING|TypedDict|NoneType|None|Traceback|__\w+)\b"
    )
    for title, source, diagnostic in told():
        said = " ".join((diagnostic.message, diagnostic.label, diagnostic.help, diagnostic.note))
        written = set(re.findall(r"\w+", source.text))
        assert not [word for word in inside.findall(said) if word not in written], title


@cache
def mended(text: str) -> tuple[str, int]:
    """Apply fixes of mistakes until none is left; gives the text and how many were used."""
    used = 0
    for _ in range(20):
        source = Source(text, "plot.p2")
        new, fixes = fixed(source, [d for d in found(text) if d.is_error])
        if not fixes:
            break
        text, used = new, used + len(fixes)
    return text, used


def test_fixes_make_what_was_read() -> None:
    parts = []
    for title, text in ALL:
        if not title.startswith(SHOWN):
            continue
        better, used = mended(text)
        if used:
            shown = "".join(
                c if c.isprintable() or c == "\n" else f"<U+{ord(c):04X}>" for c in better
            )
            parts.append(f"=== {title} ({used} used)\n{shown.strip()}\n")
    text = "".join(parts)
    if os.environ.get("P2_REGENERATE") == "1":
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


def test_no_fix_leaves_the_mistake_that_it_is_for() -> None:
    for title, source, diagnostic in told():
        if diagnostic.fix is None or diagnostic.source is not None:
            continue
        text, _ = fixed(source, [diagnostic])
        left = [d.span.start for d in found(text) if d.message == diagnostic.message]
        before = [d for d in found(source.text) if d.message == diagnostic.message]
        assert len(left) < len(before) or min(left) > diagnostic.span.start, title
