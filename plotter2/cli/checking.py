"""`check`: what is wrong with scripts, and `--fix`, which mends what can be mended without a guess about the data."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from p2lang.check import Schemas
from p2lang.compiler import Limits
from p2lang.diagnostics import EDITION_LACKS, Diagnostic, Fix, fixed, has_errors
from p2lang.diagnostics import as_json as diagnostic_json
from p2lang.types import schemas_from_json
from plotter2.cli import codes
from plotter2.cli.answer import Answer, diagnostics_text
from plotter2.cli.command import command, opened_host
from plotter2.cli.rewriting import rewrite
from plotter2.config.settings import settings
from plotter2.datter.layout import is_root
from plotter2.errors import ExitCode, Plotter2Error
from plotter2.printable import count, printable
from plotter2.runs import compiling
from plotter2.runs.compiling import CheckedScript
from plotter2.runs.opening import OpenedScript, open_script, read_once

_SCHEMAS_LIMIT = 16 * 1024 * 1024
_MOST_ROUNDS = 50
_UNKNOWN_BUNDLE = "P2-E0218"
_DECLARES = re.compile(rb"(?m)^(task|link)\b")

Checker = Callable[[OpenedScript], CheckedScript]


@dataclass(frozen=True, slots=True)
class Mended:
    """One fix that was made: where, what stood there, what stands there now, and the code that asked for it."""

    script: Path
    line: int
    column: int
    old: str
    new: str
    code: str

    def as_json(self) -> dict[str, Any]:
        """Give the fix as plain JSON values."""
        return {
            "script": str(self.script),
            "line": self.line,
            "column": self.column,
            "old": self.old,
            "new": self.new,
            "code": self.code,
        }

    def __str__(self) -> str:
        if not self.old:
            done = f"added `{self.new.strip()}`"
        elif not self.new:
            done = f"deleted `{self.old.strip()}`"
        else:
            done = f"`{self.old}` is now `{self.new}`"
        return f"{self.script}:{self.line}:{self.column}: {done} ({self.code})"


@command()
@click.argument("scripts", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--schemas",
    type=click.Path(path_type=Path),
    help="Check against these; no store is needed then.",
)
@click.option("--at", "bundle", metavar="BUNDLE", help="As if they were attached to BUNDLE.")
@click.option("--fix", "mend", is_flag=True, help="Mend what can be mended, and rewrite the file.")
def check(
    root: str | None,
    scripts: tuple[Path, ...],
    schemas: Path | None,
    bundle: str | None,
    mend: bool,
) -> Answer:
    """Check SCRIPTS against the data they name; exit code 3 when something is wrong."""
    opened = [open_script(script) for script in scripts]
    mended: list[Mended] = []
    with checker(root, schemas, bundle) as check_one:
        results = []
        for script in opened:
            result = check_one(script)
            if mend:
                result = _mended(check_one, result, mended)
            results.append(result)
    return _answer(results, mended, [] if bundle or schemas else _at_a_bundle(results))


@contextmanager
def checker(root: str | None, schemas: Path | None, bundle: str | None = None) -> Iterator[Checker]:
    """Give what checks scripts: against a file of schemas, or against the store of a root, or a bundle there."""
    if schemas is not None and bundle is not None:
        raise click.UsageError(
            "--schemas needs no store, and --at names a bundle of one: give one of them"
        )
    if schemas is not None:
        known = _schemas(schemas)
        with opened_host(root, reads=True) as host:  # for libraries only, which need no store
            yield lambda script: host.texts.looked_at(
                compiling.check(
                    script, known, Limits(), host.surroundings(script.path, strict=False)
                )
            )
        return
    folder = settings(root).root
    nothing = None if bundle is not None or is_root(folder) else Schemas.of({})
    if nothing is not None:
        click.echo(printable(f"note: there is no root {folder}; checked without data"), err=True)
    with opened_host(root, reads=True) as host:
        yield lambda script: host.check(script, nothing, bundle)


def _schemas(path: Path) -> Schemas:
    content = read_once(path, _SCHEMAS_LIMIT, "schemas file")
    try:
        return Schemas.of(schemas_from_json(json.loads(content)))
    except (ValueError, UnicodeDecodeError, RecursionError) as error:
        raise Plotter2Error(
            codes.BAD_SCHEMAS,
            f"the schemas cannot be used: {error}",
            str(path),
            'write {"bundle": {"rows": 100, "cols": {"step": "int", "loss": "number?"}}}',
            exit_code=ExitCode.USAGE,
        ) from None


# ---- mending ----------------------------------------------------------------------------------


def _mended(checker: Checker, result: CheckedScript, made: list[Mended]) -> CheckedScript:
    """Apply fixes until none is left, then replace the file whole; the last result tells what remains."""
    script, seen = result.script, {result.source.text}
    for _ in range(_MOST_ROUNDS):
        text, used = fixed(result.source, [d for d in result.diagnostics if _mends(d)])
        if not used or text in seen:
            break
        seen.add(text)
        made += [_made(result, diagnostic, fix) for diagnostic, fix in used]
        result = checker(replace(result.script, content=text.encode()))
    if result.script is script:
        return result
    rewrite(script.path, script.content, result.script.content)
    return result


def _mends(diagnostic: Diagnostic) -> bool:
    """Tell whether a fix mends a mistake; those of lints would only silence them, or do something more."""
    return diagnostic.is_error or diagnostic.code == EDITION_LACKS


def _made(result: CheckedScript, diagnostic: Diagnostic, fix: Fix) -> Mended:
    line, column = result.source.position(fix.span.start)
    old = result.source.slice(fix.span)
    return Mended(result.script.path, line, column, old, fix.text, diagnostic.code)


# ---- the answer -------------------------------------------------------------------------------


def _answer(
    results: Sequence[CheckedScript], mended: Sequence[Mended], hints: Sequence[str]
) -> Answer:
    failed = any(has_errors(result.diagnostics) for result in results)
    data: dict[str, Any] = {"ok": not failed, "diagnostics": [*_told(results)]}
    if mended:
        data["fixes"] = [fix.as_json() for fix in mended]
    parts = [_text(result) for result in results]
    if mended:
        unsigned = any(
            fix.script == r.script.path and r.script.sidecar for r in results for fix in mended
        )
        signed = ["the signature no longer fits: sign the script again"] if unsigned else []
        parts.insert(0, "\n".join([*map(str, mended), count(len(mended), "fix", "fixes"), *signed]))
    parts += hints
    return Answer(data, "\n\n".join(parts), ExitCode.CHECK_FAILED if failed else ExitCode.OK)


def _at_a_bundle(results: Sequence[CheckedScript]) -> list[str]:
    """Say of scripts with links and tasks whose tables were not found that they are meant to be attached."""
    return [
        f"if {result.script.path} is to be attached, a path in it means something of its bundle: "
        f"plotter2 check {shlex.quote(str(result.script.path))} --at BUNDLE"
        for result in results
        if _DECLARES.search(result.script.content)
        and any(each.code == _UNKNOWN_BUNDLE for each in result.diagnostics)
    ]


def _told(results: Sequence[CheckedScript]) -> Iterator[dict[str, Any]]:
    """Give every diagnostic with the script that it speaks of."""
    for result in results:
        for diagnostic in result.diagnostics:
            yield {
                **diagnostic_json(diagnostic, result.source),
                "script": str(result.script.path),
            }


def _text(result: CheckedScript) -> str:
    if not result.diagnostics:
        return f"{result.script.path}: nothing is wrong"
    return diagnostics_text(result.diagnostics, result.source)
