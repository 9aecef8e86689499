"""The gate, asked about scripts of one root; and how its answer is checked without plotter2."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from p2sign.gate import Offer, Seen, Verified
from p2sign.gate import verify as gate
from p2sign.trust import TrustLine
from p2sign.uses import Kind
from plotter2.errors import HostError, Plotter2Error, Refused
from plotter2.host import codes
from plotter2.host.keyring import refusals
from plotter2.host.root import Root
from plotter2.host.ruling import TrustNow
from plotter2.host.verified_before import Ask
from plotter2.runs.opening import FileRefused, OpenedScript, open_script

if TYPE_CHECKING:
    from plotter2.host.session_key import SessionKey


def verify(root: Root, script: OpenedScript, session: SessionKey | None = None) -> Verified:
    """Pass a script through the gate; an older serial than one that ran here is refused. Raises Refused.

    With a `session` its key counts as well, for what it was granted. The machine's own signature counts for a starter
    that it makes again.
    """
    if session is None:
        return _verify(root, script, root.trust_now(), _floors(root))
    offer, trust = _offer(script), root.trust_files()
    with refusals():
        trust = session.trusted(trust)
        verified = gate(offer, trust, root.now(), _floors(root), seen=_seen(root))
    session.require(verified, script.path)
    return verified


def verify_each(
    root: Root, paths: Iterable[Path]
) -> Iterator[tuple[Path, Verified | Plotter2Error]]:
    """Pass scripts through the gate one after the other, by trust and serials as they are at the beginning.

    Gives for each its proof, or why it is refused or cannot be read. Raises Refused when trust itself is wrong.
    """
    trust, floors = root.trust_now(), root.ran.seen_serials()
    for path in paths:
        try:
            yield path, _verify(root, open_script(path), trust, floors)
        except (Refused, FileRefused) as error:
            yield path, error


def _verify(
    root: Root, script: OpenedScript, trust: TrustNow, floors: Mapping[str, int]
) -> Verified:
    if (script.sidecar or b"").startswith(_LOCAL):
        return _verify_starter(root, script)
    ask = Ask(root.now(), floors, _seen(root))
    with refusals():
        return root.verified_before.verify(_offer(script), trust, ask)


def _verify_starter(root: Root, script: OpenedScript) -> Verified:
    from plotter2.host.starter_signing import require_made_here, with_machine

    with refusals():
        trust = with_machine(root, root.trust_files())
        verified = gate(_offer(script), trust, root.now(), use=Kind.LOCAL)
    require_made_here(root, verified, script.path)
    return verified


def verify_attached(root: Root, script: OpenedScript) -> Verified:
    """Pass a script that is attached already through the gate, whatever ran here since. Raises Refused.

    Bundles keep the version that was attached to them, until it is revoked.
    """
    ask, trust = Ask(root.now(), {}, _seen(root)), root.trust_now()
    with refusals():
        return root.verified_before.verify(_offer(script), trust, ask)


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
    if verified.statement.kind is Kind.LOCAL:
        machine = _machine_line(root)
        if machine is not None:  # trusted in memory only
            trust = "machine_signers"
            commands.insert(0, f"echo {shlex.quote(machine)} > {trust}")
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


def _machine_line(root: Root) -> str | None:
    from plotter2.host.starter_signing import MACHINE, public_key

    key = public_key(root)
    return None if key is None else TrustLine.for_kind(MACHINE, key, Kind.LOCAL).dump()


_LOCAL = b"plotter2-statement 1\nkind local\n"
"""How the signature file of a starter begins, which a machine made for itself; nothing of it is believed."""
_BEGINS = "/^-----BEGIN SSH SIGNATURE-----$/"


def _seen(root: Root) -> Seen:
    """Give what tells when this root first recorded a run of a statement, which had passed the gate then."""

    def first_recorded(statement_sha256: str) -> datetime | None:
        started = root.ran.first_of(statement_sha256)
        return None if started is None else datetime.fromtimestamp(started / 1000, UTC)

    return first_recorded


def _floors(root: Root) -> SerialFloors:
    def look_up(name: str) -> int | None:
        return root.ran.seen_serial(name)  # opened here: what is refused before needs none of it

    return SerialFloors(look_up)


def _offer(script: OpenedScript) -> Offer:
    return Offer(script.content, script.sidecar, script.name)


class SerialFloors(Mapping[str, int]):
    """The highest serial that was seen here under each name, looked up when the gate asks."""

    def __init__(self, look_up: Callable[[str], int | None]) -> None:
        self._look_up = look_up

    def __getitem__(self, name: str) -> int:
        return self._look_up(name) or 0

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0
