"""Every mistake a script can make: the right code on the right line, and the messages against golden/semantic.txt.

The cases are in mistakes/*.chunks: `=== title`, then a script with `### CODE` at the end of each line that is wrong.
P2_REGENERATE=1 rewrites the golden file; read the difference.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import dataclass

import pytest

from p2_compiling import HERE, compiled
from p2lang.check import CODES
from p2lang.compiler import Compiled
from p2lang.diagnostics import Diagnostic, render
from p2lang.source import Source

GOLDEN = HERE / "golden" / "semantic.txt"
EXPECTED = re.compile(r"\s*### (.+)\Z")
TAKEN_FOR_GRANTED = "P2-W0405"  # the edition line, which these scripts leave out


@dataclass(frozen=True)
class Case:
    title: str
    text: str
    expected: Counter[tuple[int, str]]


def cases() -> list[Case]:
    """Read all chunk files."""
    found = []
    for path in sorted((HERE / "mistakes").glob("*.chunks")):
        for chunk in path.read_text(encoding="utf-8").split("=== ")[1:]:
            title, _, body = chunk.partition("\n")
            lines, expected = [], Counter[tuple[int, str]]()
            for number, line in enumerate(body.splitlines(), start=1):
                match = EXPECTED.search(line)
                lines.append(EXPECTED.sub("", line))
                for code in match.group(1).split() if match else ():
                    expected[number, code] += 1
            found.append(Case(f"{path.stem}: {title}", "\n".join(lines) + "\n", expected))
    return found


CASES = cases()


def told(result: Compiled) -> list[Diagnostic]:
    return [d for d in result.diagnostics if d.code != TAKEN_FOR_GRANTED]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_each_mistake_has_its_code_on_its_line_and_nothing_else_is_said(case: Case) -> None:
    source = Source(case.text, "plot.p2")
    found = Counter(
        (source.position(d.in_script.start)[0], d.code) for d in told(compiled(case.text))
    )
    assert found == case.expected


def test_messages_are_as_they_were_read() -> None:
    parts = []
    for case in CASES:
        source = Source(case.text, "plot.p2")
        messages = [render(d, source) for d in told(compiled(case.text))]
        if messages:
            parts.append("\n".join([f"--- {case.title}", *messages]))
    text = "\n".join(parts) + "\n"
    if os.environ.get("P2_REGENERATE") == "1":
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_every_mistake_is_explained_and_every_fix_changes_the_text(case: Case) -> None:
    for diagnostic in told(compiled(case.text)):
        assert diagnostic.message
        assert not diagnostic.message.endswith(".")
        text = case.text if diagnostic.source is None else diagnostic.source.text
        assert 0 <= diagnostic.span.start < diagnostic.span.end <= len(text)
        assert 0 <= diagnostic.in_script.start < diagnostic.in_script.end <= len(case.text)
        if diagnostic.fix is not None:
            fix = diagnostic.fix
            assert case.text[fix.span.start : fix.span.end] != fix.text


def test_every_code_of_the_checker_is_told_by_some_case() -> None:
    shown = {code for case in CASES for _, code in case.expected}
    elsewhere = {"P2-E0220", "P2-E0303", "P2-E0308"}
    assert set(CODES) - shown - elsewhere == set()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_a_fix_mends_what_it_is_for(case: Case) -> None:
    for diagnostic in told(compiled(case.text)):
        fix = diagnostic.fix
        if fix is None:
            continue
        mended = case.text[: fix.span.start] + fix.text + case.text[fix.span.end :]
        left = Counter(d.message for d in told(compiled(mended)))
        before = Counter(d.message for d in told(compiled(case.text)))
        assert left[diagnostic.message] < before[diagnostic.message], mended


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ('access("nowhere") | frame | line(x=a) | plot', ["P2-E0218", "P2-E0206", "P2-W0405"]),
        ("let a = 1 +\nlet b = 1 2", ["P2-E0100", "P2-E0100", "P2-W0405"]),
        (
            'let a = 1\nlet b = stp\naccess("matrix") | head(x)',
            ["P2-W0401", "P2-E0201", "P2-W0401", "P2-E0223", "P2-W0405"],
        ),
    ],
)
def test_errors_come_first_on_their_line_and_the_edition_line_last(
    text: str, codes: list[str]
) -> None:
    assert [d.code for d in compiled(text).diagnostics] == codes
