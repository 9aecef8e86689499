"""Messages for mistakes in the text of a script, against golden/syntax.txt.

A case is `=== title`, the script, `---` and the messages. P2_REGENERATE=1 rewrites the messages; read the difference.
"""

from __future__ import annotations

import os
import re
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
    written: str
    source: Source
    expected: str


def read_cases() -> list[Case]:
    """Read the golden file; `<U+202E>` in a script stands for that character."""
    cases: list[Case] = []
    for section in re.split(r"^=== ", GOLDEN.read_text("utf-8"), flags=re.MULTILINE)[1:]:
        title, _, rest = section.partition("\n")
        script, _, expected = rest.partition("\n---\n")
        text = re.sub(r"<U\+([0-9A-F]+)>", lambda m: chr(int(m[1], 16)), script)
        cases.append(Case(title, script, Source(text, "plot.p2"), expected.strip("\n")))
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
        parts = [f"=== {c.title}\n{c.written}\n---\n{messages(c.source)}\n\n" for c in CASES]
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
    source = case.source
    for _ in range(10):
        fixes = [d.fix for d in mistakes(source) if d.fix is not None]
        if not fixes:
            break
        span = fixes[0].span
        source = Source(
            source.text[: span.start] + fixes[0].text + source.text[span.end :], "plot.p2"
        )
    else:
        pytest.fail(f"the fixes of {case.title} do not come to an end: {source.text}")
    without_fix = [d for d in mistakes(case.source) if d.fix is None]
    assert len(mistakes(source)) <= len(without_fix), messages(source)
