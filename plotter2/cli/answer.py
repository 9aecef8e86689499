"""What a command answers, and how answers and problems are printed: for people, or as one JSON value."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TextIO

import click

from p2lang.diagnostics import Diagnostic, render
from p2lang.diagnostics import as_json as diagnostic_json
from p2lang.source import Source
from plotter2.cli import codes as cli_codes
from plotter2.cli.codes import NOT_PRINTED
from plotter2.errors import ExitCode, Plotter2Error
from plotter2.host import codes as host_codes
from plotter2.printable import count, printable
from plotter2.runs import codes as runs_codes


@dataclass(frozen=True, slots=True)
class Answer:
    """A command's result: data for `--json`, text for people, the exit code.

    `coloured` stands instead of the text on a terminal that shows colours; what it tells is printable already.
    """

    data: dict[str, Any]
    text: str = ""
    exit_code: ExitCode = ExitCode.OK
    coloured: str = ""


def print_answer(answer: Answer, *, as_json: bool) -> None:
    """Print an answer to standard output."""
    text = as_text(answer.data) if as_json else printable(answer.text)
    if answer.coloured and not as_json and shows_colours(sys.stdout):
        text = answer.coloured
    if text:
        _write(sys.stdout, text + "\n")


def print_problem(error: Plotter2Error, *, as_json: bool) -> None:
    """Print what went wrong: JSON to standard output, text to standard error."""
    problem = error.problem()
    if as_json:
        refused = _refusal(error) if error.exit_code == ExitCode.REFUSED else {}
        _write(sys.stdout, as_text({"ok": False, **refused, "error": problem.as_json()}) + "\n")
    else:
        _write(sys.stderr, printable(problem.as_text()) + "\n")


def _refusal(error: Plotter2Error) -> dict[str, str]:
    """Give a refusal in its own words: code, stable name, what, where, remedy."""
    problem = error.problem()
    names = {
        code: f"E_{name}"
        for each in (cli_codes, host_codes, runs_codes)
        for name, code in vars(each).items()
        if isinstance(code, str)
    }
    return {
        "code": error.code,
        "name": error.name or names.get(error.code, error.code),
        "what": problem.message,
        "where": problem.where,
        "remedy": problem.help,
    }


def say(text: str) -> None:
    """Say something to the person beside the answer, on standard error; nothing when there is nothing to say."""
    if text:
        click.echo(printable(text), err=True)


def as_text(data: dict[str, Any]) -> str:
    """Give JSON in ASCII, so that no character of foreign text can command a terminal."""
    return json.dumps(data, indent=2)


def print_diagnostics(diagnostics: Sequence[Diagnostic], source: Source, *, as_json: bool) -> None:
    """Print what is wrong with a script: JSON to standard output, text to standard error."""
    if as_json:
        _write(sys.stdout, as_text(diagnostics_json(diagnostics, source)) + "\n")
    else:
        _write(sys.stderr, printable(diagnostics_text(diagnostics, source)) + "\n")


def diagnostics_json(diagnostics: Sequence[Diagnostic], source: Source) -> dict[str, Any]:
    """Give `{"ok": bool, "diagnostics": [...]}`."""
    return {
        "ok": not any(d.is_error for d in diagnostics),
        "diagnostics": [diagnostic_json(d, source) for d in diagnostics],
    }


def diagnostics_text(diagnostics: Sequence[Diagnostic], source: Source) -> str:
    """Give the diagnostics one after the other, and how many there are."""
    errors = sum(d.is_error for d in diagnostics)
    warnings = len(diagnostics) - errors
    counts = [count(errors, "error", "errors"), count(warnings, "warning", "warnings")]
    summary = ", ".join(c for c in counts if c)
    return "\n\n".join([*(render(d, source) for d in diagnostics), summary])


def shows_colours(stream: TextIO | None) -> bool:
    """Tell whether colours are wanted there: on a terminal, unless `NO_COLOR` or a dumb terminal says no."""
    refused = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    return stream is not None and stream.isatty() and not refused


def is_interactive() -> bool:
    """Tell whether a person can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


class NotPrinted(Plotter2Error):
    """The answer could not be written to standard output (P2-H0921)."""


def _write(stream: TextIO | None, text: str) -> None:
    if stream is None:  # closed before we started: nobody wants to read
        return
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        _silence(stream)
    except OSError as error:
        _silence(stream)
        raise NotPrinted(
            NOT_PRINTED,
            f"the answer could not be written: {error.strerror or error}",
            "standard output",
            "what was asked for is done; ask again with show, or send the output somewhere else",
        ) from error


def _silence(stream: TextIO) -> None:
    # Python would try again, and complain, when it closes the stream.
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
