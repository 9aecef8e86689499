"""`fmt` for one script, many, folders and standard input: what it prints, what it rewrites, how it ends."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest

from commandline import p2
from plotter2.cli import answer

UGLY = 'access("a")|head( 3 ) # the first\n'
TIDY = 'access("a") | head(3) # the first\n'
BROKEN = 'access("a") | head(\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with an ugly, a tidy, a broken and a hidden script."""
    for name, text in {
        "ugly.p2": UGLY,
        "sub/tidy.p2": TIDY,
        "sub/broken.p2": BROKEN,
        ".hidden/x.p2": UGLY,
        "notes.txt": "no script",
    }.items():
        path = tmp_path / "scripts" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "scripts"


def test_many_scripts_are_judged_and_those_that_are_broken_are_told(folder: Path) -> None:
    done = p2(folder, "fmt", "--check", folder)
    assert done.code == 3
    assert f"{folder}/ugly.p2: would change" in done.out
    assert f"{folder}/sub/tidy.p2: is as it should be" in done.out
    assert "`(` is never closed" in done.out
    assert "could not be read: 1 script" in done.out
    assert ".hidden" not in done.out


def test_many_scripts_are_rewritten(folder: Path) -> None:
    done = p2(folder, "fmt", "-w", folder / "ugly.p2", folder / "sub" / "tidy.p2")
    assert done.code == 0
    assert (folder / "ugly.p2").read_text(encoding="utf-8") == TIDY
    assert "ugly.p2: rewritten" in done.out
    assert p2(folder, "fmt", "--check", folder / "ugly.p2").code == 0


def test_a_difference_is_shown_and_counts_as_one(folder: Path) -> None:
    done = p2(folder, "fmt", "--diff", folder / "ugly.p2")
    assert done.code == 3
    assert done.out.splitlines()[2:] == ["@@ -1 +1 @@", f"-{UGLY.rstrip()}", f"+{TIDY.rstrip()}"]
    assert (folder / "ugly.p2").read_text(encoding="utf-8") == UGLY
    same = p2(folder, "fmt", "--diff", folder / "sub" / "tidy.p2")
    assert (same.code, same.out) == (0, "")
    told = p2(folder, "fmt", "--diff", "--json", folder / "ugly.p2").json
    assert told["scripts"][0]["diff"].startswith("--- ")


def test_a_missing_last_line_end_is_a_difference_that_is_seen(folder: Path) -> None:
    (folder / "ugly.p2").write_text(TIDY.rstrip(), encoding="utf-8")
    done = p2(folder, "fmt", "--diff", folder / "ugly.p2")
    assert "\\ No newline at end of file" in done.out


def test_differences_have_colours_on_a_terminal_that_wants_them(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    from p2lang.source import Source
    from plotter2.cli.formatting import Formatted, _told

    told = _told([Formatted(Path("a.p2"), Source("a\x1b[2J\n"), "b\n")], as_diff=True)
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    answer.print_answer(told, as_json=False)
    shown = sys.stdout.getvalue()  # type: ignore[attr-defined]
    assert "\x1b[31m-a\N{REPLACEMENT CHARACTER}[2J\x1b[0m" in shown
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setenv("NO_COLOR", "1")
    answer.print_answer(told, as_json=False)
    assert "\x1b" not in sys.stdout.getvalue()  # type: ignore[attr-defined]


@pytest.mark.process
def test_standard_input_is_printed_in_the_one_layout() -> None:
    command = [sys.executable, "-m", "plotter2", "fmt", "-"]
    done = subprocess.run(command, input=UGLY.encode(), capture_output=True, check=False)
    assert (done.returncode, done.stdout.decode()) == (0, TIDY)
    broken = subprocess.run(command, input=b"\xff", capture_output=True, check=False)
    assert broken.returncode == 3
    assert b"P2-E000" in broken.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-w", "--diff", "a.p2"), "--write rewrites and --diff only tells"),
        (("-w", "-"), "standard input cannot be rewritten"),
        (("a.p2", "b.p2"), "several scripts are not printed"),
        ((), "missing argument"),
    ],
)
def test_words_that_do_not_fit_are_told(folder: Path, words: tuple[str, ...], said: str) -> None:
    done = p2(folder, "fmt", *words)
    assert done.code == 2
    assert said in done.err.lower()


def test_a_folder_without_scripts_is_told(folder: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    done = p2(folder, "fmt", "--check", empty)
    assert done.code == 2
    assert "P2-E0021" in done.err
