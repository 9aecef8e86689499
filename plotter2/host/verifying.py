"""The gate, asked about scripts of one root; and how its answer is checked without plotter2."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from p2sign.gate import Offer, Seen, Verified
from p2sign.gate import verify as gate
from p2sign.trust import TrustLine
from p2sign.uses import Kind
from plotter2.errors import HostError
from plotter2.host import codes
from plotter2.host.keyring import refusals
from plotter2.host.root import Root
from plotter2.host.starter_signing import (
    MACHINE,
    is_local,
    public_key,
    require_made_here,
    with_machine,
)
from plotter2.runs.opening import OpenedScript

if TYPE_CHECKING:
    from plotter2.host.session_key import SessionKey


def verify(root: Root, script: OpenedScript, session: SessionKey | None = None) -> Verified:
    """Pass a script through the gate; an older serial than one that ran here is refused. Raises Refused.

    With a `session` its key counts as well, for what it was granted. The machine's own signature counts for a starter
    that it makes again.
    """
    if session is None and is_local(script.sidecar):
        return _verify_starter(root, script)
    offer, trust = _offer(script), root.trust_files()
    with refusals():
        if session is not None:
            trust = session.trusted(trust)
        verified = gate(offer, trust, root.now(), _SerialFloors(root), seen=_seen(root))
    if session is not None:
        session.require(verified, script.path)
    return verified


def _verify_starter(root: Root, script: OpenedScript) -> Verified:
    with refusals():
        trust = with_machine(root, root.trust_files())
        verified = gate(_offer(script), trust, root.now(), use=Kind.LOCAL)
    require_made_here(root, verified, script.path)
    return verified


def verify_attached(root: Root, script: OpenedScript) -> Verified:
    """Pass a script that is attached already through the gate, whatever ran here since. Raises Refused.

    Bundles keep the version that was attached to them, until it is revoked.
    """
    with refusals():
        return gate(_offer(script), root.trust_files(), root.now(), seen=_seen(root))


def require_own(root: Root, verified: Verified, path: Path) -> None:
    """Raise HostError (P2-H0931) unless a key of this root is among those that signed the script."""
    own = {key.public.fingerprint for key in root.keyring.own_keys()}
    if own.isdisjoint(signer.fingerprint for signer in verified.signers):
        who = ", ".join(signer.principal for signer in verified.signers)
        raise HostError(
            codes.NOT_OWN,
            f"only a script that you signed yourself runs unconfined; this one is signed by {who}",
            str(path),
            "read it and sign it with your own key (plotter2 sign), or run it confined on another machine",
        )


def stock_commands(root: Root, path: Path, verified: Verified) -> tuple[str, ...]:
    """Give commands that check every signature without plotter2: awk, ssh-keygen, sha256sum."""
    sidecar = shlex.quote(f"{path}.sig")
    namespace = verified.statement.kind.namespace
    commands = [f"awk '{_BEGINS}{{exit}}1' {sidecar} > statement"]
    trust = str(root.keyring.trust_file)
    machine = public_key(root) if verified.statement.kind is Kind.LOCAL else None
    if machine is not None:  # trusted in memory only
        line = TrustLine.for_kind(MACHINE, machine, Kind.LOCAL).dump()
        trust = "machine_signers"
        commands.insert(0, f"echo {shlex.quote(line)} > {trust}")
    for number, signer in enumerate(verified.signers, 1):
        file = "statement.sig" if len(verified.signers) == 1 else f"statement.{number}.sig"
        words = ["ssh-keygen", "-Y", "verify", "-f", trust]
        words += ["-I", signer.principal, "-n", namespace, "-s", file]
        if root.keyring.revoked_keys():
            words += ["-r", str(root.keyring.revoked_keys_file)]
        commands.append(f"awk '{_BEGINS}{{n++}} n=={number}' {sidecar} > {file}")
        commands.append(f"{shlex.join(words)} < statement")
    folder = shlex.quote(str(path.absolute().parent))
    return (*commands, f"(cd {folder} && sha256sum -c) < statement")


_BEGINS = "/^-----BEGIN SSH SIGNATURE-----$/"


def _seen(root: Root) -> Seen:
    """Give what tells when this root first recorded a run of a statement, which had passed the gate then."""

    def first_recorded(statement_sha256: str) -> datetime | None:
        started = root.store.first_run_of(statement_sha256)
        return None if started is None else datetime.fromtimestamp(started / 1000, UTC)

    return first_recorded


def _offer(script: OpenedScript) -> Offer:
    return Offer(script.content, script.sidecar, script.name)


class _SerialFloors(Mapping[str, int]):
    """The highest serial that ran here under each name, looked up when the gate asks."""

    def __init__(self, root: Root) -> None:
        self._root = root

    def __getitem__(self, name: str) -> int:
        return self._root.store.seen_serial(name) or 0

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0
