"""`fmt`: scripts in the one layout, printed, rewritten, compared, or only judged."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from p2lang.diagnostics import Diagnostic, has_errors
from p2lang.diagnostics import as_json as diagnostic_json
from p2lang.fmt import format_script
from p2lang.parser import LONGEST_SCRIPT, decode, parse
from p2lang.source import Source
from plotter2.cli.answer import Answer, diagnostics_text
from plotter2.cli.command import command
from plotter2.cli.rewriting import rewrite
from plotter2.cli.script_paths import scripts_in
from plotter2.errors import ExitCode
from plotter2.printable import count, printable
from plotter2.runs.mistakes import CheckFailed
from plotter2.runs.opening import open_script

STANDARD_INPUT = Path("-")
_HEADINGS = 2
_NO_END = "\n\\ No newline at end of file"
_LINE_COLOURS = (("+++", "1"), ("---", "1"), ("@@", "36"), ("+", "32"), ("-", "31"))


@dataclass(frozen=True, slots=True)
class Formatted:
    """One script before and after; `diagnostics` tell why there is no text after."""

    path: Path
    source: Source
    text: str | None
    diagnostics: tuple[Diagnostic, ...] = ()
    content: bytes = b""

    @property
    def changed(self) -> bool:
        """Tell whether the layout differs."""
        return self.text is not None and self.text != self.source.text

    @property
    def shown(self) -> str:
        """Give the name for people."""
        return "standard input" if self.path == STANDARD_INPUT else str(self.path)

    def diff(self) -> str:
        """Give the difference in the unified form, empty when there is none."""
        if not self.changed or self.text is None:
            return ""
        lines = difflib.unified_diff(
            self.source.text.splitlines(keepends=True),
            self.text.splitlines(keepends=True),
            f"{self.shown} as it is",
            f"{self.shown} in the one layout",
            lineterm="",
        )
        return "\n".join(_whole_line(line, index) for index, line in enumerate(lines))


@command()
@click.argument("scripts", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-w", "--write", is_flag=True, help="Rewrite the files instead of printing.")
@click.option("--check", "only_check", is_flag=True, help="Only tell whether they would change.")
@click.option("--diff", "as_diff", is_flag=True, help="Show what would change.")
def fmt(
    root: str | None, scripts: tuple[Path, ...], write: bool, only_check: bool, as_diff: bool
) -> Answer:
    """Print SCRIPTS (files, folders, - for standard input) in the one layout; comments stay.

    With --check or --diff the exit code is 3 when a script would change.
    """
    del root  # a script's layout depends on nothing but the script
    if write and (only_check or as_diff):
        other = "--check" if only_check else "--diff"
        raise click.UsageError(f"--write rewrites and {other} only tells; give one of them")
    if write and STANDARD_INPUT in scripts:
        raise click.UsageError("standard input cannot be rewritten; leave out --write")
    found = list(dict.fromkeys(scripts_in(scripts, STANDARD_INPUT)))
    if len(found) > 1 and not (write or only_check or as_diff):
        raise click.UsageError("several scripts are not printed; give --write, --check or --diff")
    results = [_formatted(path) for path in found]
    if len(results) == 1 and results[0].text is None:
        raise _failed(results[0])
    if write:
        return _written(results)
    return _told(results, as_diff=as_diff) if only_check or as_diff else _printed(results[0])


def _formatted(path: Path) -> Formatted:
    content = _content(path)
    name = "<standard input>" if path == STANDARD_INPUT else str(path)
    source = decode(content, name)
    if isinstance(source, Diagnostic):
        return Formatted(path, Source(content.decode("utf-8", "replace"), name), None, (source,))
    parsed = parse(source)
    if parsed.script is None or has_errors(parsed.diagnostics):
        return Formatted(path, source, None, parsed.diagnostics)
    return Formatted(path, source, format_script(parsed.script), content=content)


def _content(path: Path) -> bytes:
    if path != STANDARD_INPUT:
        return open_script(path).content
    # One byte more than is allowed, so that what is too long is told as such.
    return sys.stdin.buffer.read(LONGEST_SCRIPT + 1)


# ---- answers ----------------------------------------------------------------------------------


def _printed(result: Formatted) -> Answer:
    assert result.text is not None
    data = {"ok": True, "changed": result.changed, "text": result.text}
    return Answer(data, result.text.removesuffix("\n"))


def _written(results: Sequence[Formatted]) -> Answer:
    for result in results:
        if result.text is not None and result.changed:
            rewrite(result.path, result.content, result.text.encode())
    lines = [
        f"{r.shown}: {'rewritten' if r.changed else 'was as it should be'}" for r in _right(results)
    ]
    return _answer(results, "\n".join(lines), failed=False)


def _told(results: Sequence[Formatted], *, as_diff: bool) -> Answer:
    changed = [r for r in results if r.changed]
    if as_diff:
        text = "\n".join(r.diff() for r in changed)
        return _answer(results, text, failed=bool(changed), coloured=_coloured(text))
    lines = [
        f"{r.shown}: {'would change' if r.changed else 'is as it should be'}"
        for r in _right(results)
    ]
    return _answer(results, "\n".join(lines), failed=bool(changed))


def _answer(results: Sequence[Formatted], text: str, *, failed: bool, coloured: str = "") -> Answer:
    wrong = [r for r in results if r.text is None]
    data: dict[str, Any] = {
        "ok": not (failed or wrong),
        "changed": any(r.changed for r in results),
        "scripts": [{"script": r.shown, "changed": r.changed, "diff": r.diff()} for r in results],
    }
    if len(results) == 1:
        data["text"] = results[0].text
    told = [diagnostics_text(r.diagnostics, r.source) for r in wrong]
    if wrong:
        data["diagnostics"] = [
            {**diagnostic_json(d, r.source), "script": r.shown}
            for r in wrong
            for d in r.diagnostics
        ]
        told.append(f"could not be read: {count(len(wrong), 'script', 'scripts')}")
    parts = [part for part in (text, *told) if part]
    shown = [part for part in (coloured, *map(printable, told)) if part] if coloured else []
    exit_code = ExitCode.CHECK_FAILED if failed or wrong else ExitCode.OK
    return Answer(data, "\n\n".join(parts), exit_code, "\n\n".join(shown))


def _right(results: Sequence[Formatted]) -> list[Formatted]:
    return [r for r in results if r.text is not None]


def _whole_line(line: str, index: int) -> str:
    """Give a line of a difference without its end; a last line without one says so, as `diff` does."""
    heading = index < _HEADINGS or line.startswith("@@")
    return line.removesuffix("\n") if heading or line.endswith("\n") else f"{line}{_NO_END}"


def _coloured(diff: str) -> str:
    return "\n".join(map(_coloured_line, printable(diff).split("\n")))


def _coloured_line(line: str) -> str:
    colour = next((colour for mark, colour in _LINE_COLOURS if line.startswith(mark)), "")
    return f"\x1b[{colour}m{line}\x1b[0m" if colour else line


def _failed(result: Formatted) -> CheckFailed:
    first = next(d for d in result.diagnostics if d.is_error)
    return CheckFailed(
        first.code,
        first.message,
        exit_code=ExitCode.CHECK_FAILED,
        diagnostics=result.diagnostics,
        source=result.source,
    )
