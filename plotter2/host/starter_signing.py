"""The machine's own signature, for starter scripts only: it counts where the machine makes the same bytes again now.

Its key signs statements of the kind `local`, is trusted for nothing else, and vouches for scripts that read one bundle.
"""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from p2sign.gate import TrustFiles, Verified
from p2sign.keys import PublicKey, SigningKey, parse_public_line
from p2sign.make import sign_statement
from p2sign.policy import Rules
from p2sign.refusal import Refusal
from p2sign.rights import Capability, decode_target
from p2sign.statement import Statement
from p2sign.trust import TrustLine
from p2sign.trust_editing import with_trust_line
from p2sign.uses import Kind
from plotter2.datter import durable
from plotter2.errors import Plotter2Error, Refused
from plotter2.host import codes
from plotter2.host.keyring import private_bytes, public_text, refusals
from plotter2.host.root import Root
from plotter2.host.starting import starter_script
from plotter2.runs.codes import NOT_THERE
from plotter2.runs.opening import FileRefused
from plotter2.runs.signing import default_name, statement_for

if TYPE_CHECKING:
    from plotter2.runs.compiling import CompiledScript

MACHINE = "host@this"
"""Who a starter script is signed by."""
_KEY = "machine_ed25519"


def sign_starter(root: Root, compiled: CompiledScript) -> Path | None:
    """Sign a script that was made a moment ago; None where this machine cannot keep a key, or vouch for the script.

    It can be run all the same: a person is asked then.
    """
    script = compiled.script
    try:
        key = _key(root)
        name = f"local/{default_name(script.name).partition('/')[2]}"
        # A serial says nothing here: what counts is made anew each time.
        terms = statement_for(compiled, name, 1, root.now(), root.settings.limits, lasting=True)
        terms = replace(terms, kind=Kind.LOCAL)
        bundle_of(terms)
        signed = sign_statement(terms, key)
    except (Plotter2Error, Refusal):
        return None
    path = script.path.with_name(script.name + ".sig")
    durable.replace(path, signed)
    return path


def with_machine(root: Root, files: TrustFiles) -> TrustFiles:
    """Give the trust files with the machine's key, trusted for starters. Raises Refusal."""
    key = public_key(root)
    if key is None:
        return files
    line = TrustLine.for_kind(MACHINE, key, Kind.LOCAL)
    rules = (files.rules or Rules()).owning(key.fingerprint)
    return replace(files, allowed_signers=with_trust_line(files.allowed_signers, line), rules=rules)


def require_made_here(root: Root, verified: Verified, path: Path) -> None:
    """Make the starter of the bundle anew and compare the bytes. Raises Refused P2-S0893, P2-S0894, DataError."""
    with refusals():
        bundle = bundle_of(verified.statement)
    if starter_script(root.store, bundle).encode() != verified.script:
        raise Refused(
            codes.STARTER_OTHER,
            f"this is not what plotter2 writes today as the starter of {bundle}: other output or another release came",
            str(path),
            f"read it and sign it as your own: plotter2 sign {shlex.quote(str(path))};"
            f" or write it anew: plotter2 new {shlex.quote(bundle)} --force -o {shlex.quote(str(path))}",
        )


def bundle_of(terms: Statement) -> str:
    """Give the one bundle that a starter reads; it draws, and may do nothing else. Raises Refused P2-S0894."""
    read = [cap for cap in terms.caps if _is(cap, "read", "bundle")]
    rest = [cap for cap in terms.caps if not _is(cap, "read", "bundle")]
    if len(read) != 1 or terms.imports or not all(_is(cap, "write", "output") for cap in rest):
        raise Refused(
            codes.STARTER_BEYOND,
            "the machine's own signature is for starters, which read one bundle and draw, and this does something else",
            terms.entry,
            "read the script and sign it as your own: plotter2 sign FILE",
        )
    return decode_target(read[0].target)


def public_key(root: Root) -> PublicKey | None:
    """Give the public half of the machine's key; None while there is none. Raises Refused, FileRefused."""
    try:
        line = public_text(_path(root).with_name(f"{_KEY}.pub"))
    except FileRefused as error:
        if error.code == NOT_THERE:
            return None
        raise
    with refusals():
        return parse_public_line(line)[0]


# ---- inside -----------------------------------------------------------------------------------


def _key(root: Root) -> SigningKey:
    """Give the machine's key, made on first use. Raises Refused, FileRefused, DataError."""
    path = _path(root)
    if not path.exists():
        made = SigningKey.generate()
        root.run_log.append("key-new", principal=MACHINE, key=made.public.fingerprint)
        durable.write_new(path, [made.dump(None)], mode=0o600)
        durable.sync_dir(path.parent)
    with refusals():
        key = SigningKey.load(private_bytes(path))
    if public_key(root) != key.public:
        durable.replace(path.with_name(f"{_KEY}.pub"), f"{key.public.line(MACHINE)}\n".encode())
    return key


def _path(root: Root) -> Path:
    return root.keyring.config / _KEY


def _is(cap: Capability, right: str, kind: str) -> bool:
    return (cap.right, cap.kind) == (right, kind)
