"""Is this the library that was meant? Its digest and signers against the pins of the script and the lock file."""

from __future__ import annotations

import re

from p2lang import ast
from p2lang.check.model import Library
from p2lang.check.session import Session
from p2lang.diagnostics import Related

_DIGEST = re.compile(r"[0-9a-f]{12,64}\Z")
_SHOWN = 12


def check_pins(session: Session, item: ast.Use, found: Library) -> None:
    """Report what does not fit the pins of a `use` or the lock file; what has neither is kept for `tell_unlocked`."""
    pinned = False
    for name, value in item.pins:
        if name.text == "sha256":
            pinned = True
            _digest_pin(session, item, value, found)
        elif name.text == "signer":
            _signer_pin(session, item, value, found)
        else:
            session.report(
                "P2-E0219",
                f"a library is not pinned by `{name.text}`",
                name.span,
                help='pins are `sha256 "..."` and `signer "name@place"`',
            )
    locked = (session.libraries.locked or {}).get(item.path.value)
    if locked is None:
        if not pinned and session.libraries.lockable:
            use = session.use_in_script
            session.unlocked[item.path.value] = item.path.span if use is None else use.span
        return
    if locked.sha256 != found.sha256:
        session.report(
            "P2-E0219",
            f"{item.path.value} is not the library that was locked",
            item.path.span,
            label=f"sha256 is {found.sha256[:_SHOWN]}, p2.lock has {locked.sha256[:_SHOWN]}",
            help=f"{_REVIEW}, then run `plotter2 lock update {session.script.name}`",
        )
    elif not set(locked.signers) <= set(found.signers) and found.refused is None:
        session.report(
            "P2-E0219",
            f"{item.path.value} was locked as signed by {_listed(locked.signers)},"
            f" and is signed by {_listed(found.signers)}",
            item.path.span,
            help=f"{_REVIEW}, then run `plotter2 lock update {session.script.name}`",
        )


_REVIEW = "read what changed"


def _digest_pin(session: Session, item: ast.Use, value: ast.String, found: Library) -> None:
    if not _DIGEST.match(value.value):
        session.report(
            "P2-E0219",
            "a pin is the beginning of a SHA-256: 12 to 64 hex digits in small letters",
            value.span,
            help=f'write sha256 "{found.sha256[:_SHOWN]}" when that is the library you mean',
        )
    elif not found.sha256.startswith(value.value):
        session.report(
            "P2-E0219",
            f"{item.path.value} is not the library that was pinned",
            value.span,
            label=f"sha256 is {found.sha256[: max(_SHOWN, len(value.value))]}",
            help=f"the library changed since this line was written: {_REVIEW}, then write the new pin",
        )


def _signer_pin(session: Session, item: ast.Use, value: ast.String, found: Library) -> None:
    if found.refused is None and value.value not in found.signers:
        session.report(
            "P2-E0219",
            f"{item.path.value} is not signed by {value.value}",
            value.span,
            label=f"signed by {_listed(found.signers)}",
            help=f"{_REVIEW}, then write the signer whom you trust for it",
        )


def tell_unlocked(session: Session) -> None:
    """Report, all at once, the libraries that neither the lock file nor the script pins."""
    if not session.unlocked:
        return
    spans = list(dict.fromkeys(session.unlocked.values()))
    names = list(session.unlocked)
    bases = {name.partition("@")[0] for name in names}
    others = [n for n in session.libraries.locked or {} if n.partition("@")[0] in bases]
    has = f"the lock has {', '.join(others)}; " if others else ""
    strict = session.libraries.strict
    session.report(
        "P2-E0219" if strict else "P2-W0450",
        f"the library {names[0]} is not in p2.lock"
        if len(names) == 1
        else f"{len(names)} libraries are not in p2.lock: {', '.join(names)}",
        spans[0],
        label="not locked",
        help=f"{has}`plotter2 lock add {session.script.name}` checks signatures and pins digests,"
        " and a run needs that",
        related=tuple(Related(span, "nor this") for span in spans[1:]),
        severity="error" if strict else "warning",
    )


def _listed(signers: tuple[str, ...]) -> str:
    return ", ".join(signers) or "nobody"
