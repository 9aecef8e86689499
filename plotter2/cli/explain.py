"""`explain`: the page of an error code, or of an operation of the language; what a script may do and costs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import click

from p2lang.check.foreign_steps import FOREIGN_STEPS
from p2lang.check.words import FOREIGN_FUNCTIONS, nearest
from p2lang.explain import Page, pages, pages_in
from p2lang.signatures import Signature
from p2std.describing import written
from p2std.registry import core
from plotter2.cli.answer import Answer
from plotter2.cli.codes import USAGE
from plotter2.cli.command import command
from plotter2.cli.explain_scripts import OF_SCRIPTS
from plotter2.cli.reference import lines
from plotter2.errors import ExitCode, Plotter2Error

_CODE = re.compile(r"(?:P2-?)?([A-Z]?\d{4})\Z", re.IGNORECASE)


@command()
@click.argument("subject")
@click.argument("script", required=False, type=click.Path(path_type=Path))
@click.option(
    "--schemas",
    type=click.Path(path_type=Path),
    help="Explain the script against these; no store is needed then.",
)
def explain(root: str | None, subject: str, script: Path | None, schemas: Path | None) -> Answer:
    """Explain SUBJECT: an error code such as P2-E0215, or an operation such as summary.

    With a SCRIPT, SUBJECT is rights (what signing it approves), cost (of each line) or plan (of the run).
    """
    about_script = OF_SCRIPTS.get(subject)
    if about_script is not None:
        if script is None:
            raise click.UsageError(f"`explain {subject}` needs a script")
        return about_script(root, script, schemas)
    if script is not None or schemas is not None:
        raise click.UsageError(f"`explain {subject}` takes no script")
    code = _CODE.match(subject)
    return _of_code(subject, code[1]) if code else _of_operation(subject)


@cache
def all_pages() -> Mapping[str, Page]:
    """Give the page of every code."""
    return {**pages(), **pages_in(Path(__file__).parent / "pages")}


# ---- codes ------------------------------------------------------------------------------------


def _of_code(subject: str, digits: str) -> Answer:
    said = {code[3:]: code for code in lines()} | {code[4:]: code for code in lines()}
    code = said.get(digits.upper())
    if code is None:
        kind = [known for known in lines() if known[3:4] == digits[:1].upper()]
        raise _unknown("error code", subject, nearest(f"P2-{digits.upper()}", kind))
    page = all_pages().get(code) or Page(code, "")
    data = {
        "ok": True,
        "code": code,
        "title": lines()[code],
        "text": page.text,
        "wrong": page.wrong,
        "right": page.right,
    }
    return Answer(data, f"{code}: {lines()[code]}\n\n{page.plain()}")


# ---- operations -------------------------------------------------------------------------------


def _of_operation(subject: str) -> Answer:
    known = core()
    name = known.spelled(subject)
    found = known.newest.get(name, ())
    if not found:
        raise _unknown("operation", subject, _meant(subject, known.newest))
    text = "\n\n".join(_operation(signature) for signature in found)
    data = {
        "ok": True,
        "operation": name,
        "signatures": [written(signature) for signature in found],
        "text": text,
    }
    return Answer(data, text)


def _operation(signature: Signature) -> str:
    facts = [
        f"{signature.full_name}, {_KINDS[signature.kind]}",
        f"    {written(signature)}",
        signature.doc,
    ]
    if signature.rights:
        facts.append(f"needs the right {' and '.join(signature.rights)}")
    return "\n\n".join(fact for fact in facts if fact)


_KINDS = {
    "source": "begins a flow",
    "step": "a step: a table from a table",
    "mark": "a mark: draws into a frame",
    "deco": "a decoration: changes how a frame looks",
    "effect": "an effect: something happens",
    "fn": "a function: row by row",
    "agg": "an aggregate: many rows to one value",
    "win": "a window: a column to a column of the same length",
    "val": "a value: one for a whole table",
}


def _meant(subject: str, names: Iterable[str]) -> str | None:
    word = subject.lower()
    for foreign in (FOREIGN_STEPS, FOREIGN_FUNCTIONS):
        if word in foreign:
            return foreign[word][0]
    return nearest(word, names)


def _unknown(what: str, subject: str, close: str | None) -> Plotter2Error:
    near = f"did you mean {close}? write `plotter2 explain {close}`"
    return Plotter2Error(
        USAGE,
        f"there is no {what} {subject}",
        help=near
        if close
        else "give a code as it was printed, for example P2-E0215, or an operation such as summary",
        exit_code=ExitCode.USAGE,
    )
