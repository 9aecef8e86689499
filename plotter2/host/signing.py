"""A compiled script is signed: with which key, under which name, with which serial; or a signature is added."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from p2sign import gate
from p2sign.gate import Offer
from p2sign.make import add_signature, sign_statement
from p2sign.refusal import Refusal, placed
from p2sign.sidecar import split
from p2sign.statement import Statement
from p2sign.statement import parse as parse_statement
from p2sign.uses import Kind
from plotter2.datter import durable
from plotter2.host.key_choice import Choice, WhichKey, chosen, signed_with
from plotter2.host.keyring import Ask as Ask
from plotter2.host.keyring import refusals
from plotter2.host.root import Root
from plotter2.libraries.reference import Reference
from plotter2.runs.compiling import CompiledScript
from plotter2.runs.opening import OpenedScript
from plotter2.runs.signing import SignedScript, default_name, statement_for

_LONGEST_NAME = 64
"""Longest beginning of a name that a number is put behind; a statement takes 68 characters here."""


Approve = Callable[[Statement, Choice], None]
"""Shows a person what is about to be signed and with which key; raises when they do not want to."""


@dataclass(frozen=True, slots=True)
class SignHow:
    """How a script is signed: under which name, with which key, and who is shown the statement before.

    A `draft` is marked as such, and never runs.
    """

    name: str | None = None
    which: WhichKey = field(default_factory=WhichKey)
    approve: Approve = lambda _terms, _choice: None
    draft: bool = False


def sign_compiled(root: Root, compiled: CompiledScript, how: SignHow) -> SignedScript:
    """Sign a compiled script; an existing signature file is replaced, its serial goes on. Raises Refused."""
    choice = chosen(root, how.which)
    with refusals():
        called, serial = _name_and_serial(root, compiled.script, how.name)
        lasting = Reference.of_path(compiled.script.path) is not None
        terms = statement_for(
            compiled, called, serial, root.now(), root.settings.limits, lasting=lasting
        )
        if how.draft:
            terms = replace(terms, kind=Kind.DRAFT)
    how.approve(terms, choice)
    sidecar = signed_with(choice, lambda key: sign_statement(terms, key, root.accepted_keys))
    return _written(root, compiled.script, terms, choice, sidecar)


def add_signer(root: Root, script: OpenedScript, how: SignHow) -> SignedScript:
    """Add a signature to a signed script: to the same statement, about the same bytes. Raises Refused."""
    choice = chosen(root, how.which)
    sidecar = script.sidecar
    with refusals(), placed(f"{script.name}.sig"):
        if sidecar is None:
            raise Refusal("E_UNSIGNED", "there is no signature that another could be added to")
        terms = parse_statement(split(sidecar).statement)
        gate.check_terms(terms, root.now(), Kind.SCRIPT)
    with refusals(), placed(script.name):
        digest = hashlib.sha256(script.content).hexdigest()
        gate.check_file(terms, Offer(script.content, sidecar, script.name), digest)
    how.approve(terms, choice)
    extended = signed_with(choice, lambda key: add_signature(sidecar, key, root.accepted_keys))
    return _written(root, script, terms, choice, extended)


def keep_signature(root: Root, terms: Statement, choice: Choice) -> None:
    """Keep in the run log, if it can be, what is about to be signed and with which key."""
    root.run_log.append_if_possible(
        "sign",
        kind=str(terms.kind),
        name=terms.name,
        serial=terms.serial,
        script=terms.digest_of_entry(),
        statement=hashlib.sha256(terms.dump()).hexdigest(),
        principals=[choice.principal],
        key=choice.public.fingerprint,
    )


def _written(
    root: Root, script: OpenedScript, terms: Statement, choice: Choice, sidecar: bytes
) -> SignedScript:
    keep_signature(root, terms, choice)
    path = script.path.with_name(f"{script.name}.sig")
    durable.replace(path, sidecar)
    return SignedScript(path, choice.principal, choice.public.fingerprint, terms.dump().decode())


def _name_and_serial(root: Root, script: OpenedScript, name: str | None) -> tuple[str, int]:
    """Give what a statement calls the script, and its serial: one more than the last that is known.

    A name that was not chosen stays with a signed script, and no two files of this machine share one: the
    serial of the one would make the other look old.
    """
    previous = _signed_terms(script.sidecar)
    library = Reference.of_path(script.path)
    if library is not None:
        name = library.signed_name
    chosen = previous.name if previous and previous.name != default_name(script.name) else None
    called = name or chosen or _free_name(root, script)
    last = previous.serial if previous and previous.name == called else 0
    return called, max(root.store.seen_serial(called) or 0, last) + 1


def _free_name(root: Root, script: OpenedScript) -> str:
    wanted = called = default_name(script.name)
    number = 1
    while _is_of_another(root, called, script.path.absolute()):
        number += 1
        called = f"{wanted[:_LONGEST_NAME]}-{number}"
    return called


def _is_of_another(root: Root, name: str, path: Path) -> bool:
    last = root.store.last_run_of(name)
    ran = Path(last.record["script"]["path"]) if last else path
    return ran != path and ran.exists()


def _signed_terms(sidecar: bytes | None) -> Statement | None:
    # Only to count the serial on: a damaged signature file is about to be replaced. A draft and a starter have none.
    if sidecar is None:
        return None
    try:
        terms = parse_statement(split(sidecar).statement)
    except Refusal:
        return None
    return terms if terms.kind is Kind.SCRIPT else None
