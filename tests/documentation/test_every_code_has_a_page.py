"""Every code has its page; on each, the wrong script gives exactly that code and the right one nothing at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from commandline import p2
from p2_compiling import compiled
from p2lang.explain import Page, pages
from plotter2.cli.explain import all_pages
from plotter2.cli.reference import lines

WITHOUT_SCRIPTS = {
    "P2-E0001": "a script too long for a page",
    "P2-E0002": "a page cannot show what cannot be seen",
    "P2-E0003": "a page is UTF-8",
    "P2-E0011": "a file", "P2-E0012": "a file", "P2-E0013": "a file", "P2-E0014": "a file",
    "P2-E0015": "a file", "P2-E0016": "a file", "P2-E0017": "a file", "P2-E0018": "a file", "P2-E0019": "a file",
    "P2-E0021": "a folder", "P2-E0022": "a file",
    "P2-E0219": "a lock", "P2-E0220": "a signature",
    "P2-E0231": "a run", "P2-E0232": "a run", "P2-E0233": "a run",
    "P2-E0249": "several tasks",
    "P2-E0250": "a library", "P2-E0251": "a library", "P2-E0252": "a library",
    "P2-E0253": "a lock", "P2-E0254": "a lock", "P2-E0255": "a lock", "P2-E0256": "a library",
    "P2-E0287": "a child reads it",
    "P2-E0303": "too long", "P2-E0304": "limits", "P2-E0305": "limits", "P2-E0306": "limits",
    "P2-E0307": "limits", "P2-E0308": "limits",
    "P2-W0413": "the machine", "P2-W0450": "a lock", "P2-W0451": "a signature",
}  # fmt: skip
"""Codes whose mistake is not in the text of a script, or does not fit on a page."""
WITH_SCRIPTS = [page for page in all_pages().values() if page.wrong is not None]


def test_every_code_has_a_page_and_every_page_a_code() -> None:
    assert set(all_pages()) == set(lines())


def test_every_page_of_the_language_shows_a_wrong_and_a_right_script() -> None:
    shown = {page.code for page in WITH_SCRIPTS if page.right is not None}
    about_text = {code for code in lines() if code.startswith(("P2-E", "P2-W"))}
    assert about_text - shown - set(WITHOUT_SCRIPTS) == set()
    assert shown & set(WITHOUT_SCRIPTS) == set()


@pytest.mark.parametrize("page", WITH_SCRIPTS, ids=lambda page: page.code)
def test_the_wrong_script_of_a_page_gives_its_code_and_nothing_else(page: Page) -> None:
    assert page.wrong is not None
    assert {d.code for d in compiled(page.wrong).diagnostics} == {page.code}


@pytest.mark.parametrize("page", WITH_SCRIPTS, ids=lambda page: page.code)
def test_the_right_script_of_a_page_is_right(page: Page) -> None:
    assert page.right is not None
    assert [d.message for d in compiled(page.right).diagnostics] == []


def test_pages_are_as_wide_as_they_should_be() -> None:
    folder = Path(__file__).parents[2]
    for path in [
        *folder.glob("lang/p2lang/explain/pages/*.md"),
        *folder.glob("plotter2/cli/pages/*.md"),
    ]:
        for line in path.read_text(encoding="utf-8").splitlines():
            assert len(line) <= 160, line


@pytest.mark.parametrize("word", ["P2-E0215", "E0215", "e0215", "0215", "p2-e0215"])
def test_a_code_is_explained_however_it_is_written(tmp_path: Path, word: str) -> None:
    answer = p2(tmp_path, "explain", word)
    assert answer.code == 0
    assert answer.out.startswith("P2-E0215: a column's name reads as arithmetic\n")
    assert "wrong:\n\n    p2 1\n" in answer.out
    assert "```" not in answer.out


def test_an_operation_is_explained_and_other_spellings_and_words_lead_to_it(tmp_path: Path) -> None:
    assert "line@1, a mark" in p2(tmp_path, "explain", "line").out
    assert p2(tmp_path, "explain", "color").out == p2(tmp_path, "explain", "colour").out
    assert "did you mean summary?" in p2(tmp_path, "explain", "groupby").err


@pytest.mark.parametrize(("word", "near"), [("P2-E9201", "P2-E0201"), ("sumary", "summary")])
def test_what_nobody_knows_is_answered_with_the_nearest(
    tmp_path: Path, word: str, near: str
) -> None:
    answer = p2(tmp_path, "explain", word)
    assert answer.code == 2
    assert f"did you mean {near}?" in answer.err


def test_the_pages_of_the_language_need_no_other_part() -> None:
    assert {code[:4] for code in pages()} <= {"P2-E", "P2-W", "P2-V"}
