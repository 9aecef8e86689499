"""Messages for mistakes in the text of a script, against golden/syntax.txt.

A case is `=== title`, the script, `---` and the messages. P2_REGENERATE=1 rewrites the messages; read the difference.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from p2lang.diagnostics import Diagnostic, render
from p2lang.parser import parse
from p2lang.parser.codes import CODES
from p2lang.source import Source

GOLDEN = Path(__file__).with_name("golden") / "syntax.txt"


@dataclass(frozen=True)
class Case:
    """A script with a mistake and the messages it must give."""

    title: str
    source: Source
    expected: str


def read_cases() -> list[Case]:
    """Read the golden file; `\\u{..}` in a script stands for that character."""
    cases: list[Case] = []
    for section in GOLDEN.read_text("utf-8").split("=== ")[1:]:
        title, _, rest = section.partition("\n")
        script, _, expected = rest.partition("---\n")
        cases.append(Case(title, Source(script.removesuffix("\n"), "plot.p2"), expected.strip("\n")))
    return cases


def messages(source: Source) -> str:
    """Render every message of a script, without the remark about the edition line."""
    return "\n".join(render(d, source) for d in mistakes(source))


def mistakes(source: Source) -> list[Diagnostic]:
    """Give the diagnostics of a script, without the remark about the edition line."""
    return [d for d in parse(source).diagnostics if d.code != "P2-W0405"]


CASES = read_cases()


def test_the_golden_file_is_up_to_date_or_rewritten() -> None:
    if os.environ.get("P2_REGENERATE"):
        parts = [f"=== {c.title}\n{c.source.text}\n---\n{messages(c.source)}\n\n" for c in CASES]
        GOLDEN.write_text("".join(parts), "utf-8")
    assert len({c.title for c in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.title)
def test_a_mistake_gives_its_message(case: Case) -> None:
    if not os.environ.get("P2_REGENERATE"):
        assert messages(case.source) == case.expected


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.title)
def test_a_mistake_gives_only_known_codes_and_says_something(case: Case) -> None:
    found = mistakes(case.source)
    assert found
    for diagnostic in found:
        assert diagnostic.code in CODES
        assert diagnostic.message
        assert diagnostic.is_error
        assert 0 <= diagnostic.span.start <= diagnostic.span.end <= len(case.source.text)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.title)
def test_a_fix_takes_its_mistake_away(case: Case) -> None:
    for diagnostic in mistakes(case.source):
        if diagnostic.fix is None:
            continue
        span, text = diagnostic.fix.span, case.source.text
        mended = Source(text[: span.start] + diagnostic.fix.text + text[span.end :], "plot.p2")
        assert len(mistakes(mended)) < len(mistakes(case.source)), mended.text
