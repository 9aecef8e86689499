"""Lints of the checker: what was bound and never used, what was computed and goes nowhere."""

from __future__ import annotations

from p2lang import ast
from p2lang.check.model import Stream
from p2lang.check.scope import Scope
from p2lang.check.session import Session
from p2lang.diagnostics import Fix
from p2lang.semantics.values import Typed


def unused(session: Session, scope: Scope) -> None:
    """Report the names of a scope that were bound and never used; names that start with `_` are meant so."""
    named = [(b.name, f"${b.name.text}", b.used) for b in scope.bindings.values()]
    for word in scope.words.values():
        if not isinstance(word.what, ast.Use):
            named.append((word.name, word.name.text, word.used))
        elif not word.used:
            _unused_library(session, word.what)
    for name, shown, used in named:
        if used or name.text.startswith("_"):
            continue
        session.report(
            "P2-W0401",
            f"`{shown}` is never used",
            name.span,
            help=f"delete it, or name it `_{name.text}`",
            fix=Fix(name.span, f"_{name.text}"),
            severity="warning",
        )


def _unused_library(session: Session, use: ast.Use) -> None:
    session.report(
        "P2-W0401",
        f"the library `{use.alias.text}` is never used",
        use.span,
        help="delete this line",
        fix=Fix(use.span, ""),
        severity="warning",
    )


def without_result(session: Session, flow: ast.Flow, what: Stream | Typed) -> None:
    """Report a flow at whose end nothing happens, and a picture that is not handed on."""
    if _nothing(what):
        end = "end it with `| plot | handoff`, or bind it with `let`"
        session.report(
            "P2-W0404",
            "nothing happens with the result of this flow",
            flow.span,
            help=end if isinstance(what, Stream) else "bind it with `let name = ...`",
            severity="warning",
        )
    elif isinstance(what, Stream) and what.kind == "plot":
        session.report(
            "P2-W0406",
            "this picture is drawn but not handed on",
            flow.stages[-1].span if flow.stages else flow.span,
            help="end the flow with `| handoff`",
            severity="warning",
        )


def _nothing(what: Stream | Typed) -> bool:
    if isinstance(what, Typed):
        return what.type.kind != "unknown"
    return what.kind in ("table", "view")
