"""A key of one session: it lives in memory only, signs for one place, within the rights that a person granted there."""

from __future__ import annotations

import re
import secrets
import socket
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from p2sign.gate import TrustFiles, Verified
from p2sign.keys import SigningKey
from p2sign.make import sign_statement
from p2sign.policy import Rules
from p2sign.rights import Capability
from p2sign.statement import Import, sorted_caps, sorted_imports, to_second
from p2sign.trust import TrustLine
from p2sign.trust_editing import with_trust_line
from p2sign.uses import Kind
from plotter2.config.settings import Ceiling
from plotter2.errors import Refused
from plotter2.host import codes
from plotter2.host.keyring import refusals
from plotter2.runs.compiling import CompiledScript
from plotter2.runs.model import OfSession
from plotter2.runs.opening import OpenedScript
from plotter2.runs.signing import capabilities, default_name, imports, statement_for

HOURS = 12
"""How long what a person granted counts; then it is asked for again."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a person allows: single rights, rights of a kind (`read bundle`) to anything, libraries.

    `any_library` lets every library be used that the host finds and verifies; a library has no rights of its own.
    """

    caps: tuple[Capability, ...] = ()
    kinds: tuple[tuple[str, str], ...] = ()
    imports: tuple[Import, ...] = ()
    any_library: bool = False

    def lacking(self, wanted: Grant) -> Grant:
        """Give what of `wanted` (rights and libraries one by one) is not allowed."""
        caps = (
            c for c in wanted.caps if c not in self.caps and (c.right, c.kind) not in self.kinds
        )
        used = () if self.any_library else (i for i in wanted.imports if i not in self.imports)
        return Grant(tuple(caps), imports=tuple(used))

    def extended(self, more: Grant) -> Grant:
        """Give this and what `more` allows."""
        return Grant(
            sorted_caps([*self.caps, *more.caps]),
            tuple(dict.fromkeys((*self.kinds, *more.kinds))),
            _newest(self.imports, more.imports),
            self.any_library or more.any_library,
        )

    def __bool__(self) -> bool:
        return bool(self.caps or self.kinds or self.imports or self.any_library)


def wanted_by(compiled: CompiledScript) -> Grant:
    """Give what a script needs, as the compiler found it."""
    return Grant(
        sorted_caps(capabilities(compiled.capabilities)), imports=imports(compiled.module.libs)
    )


ORDINARY = Grant(kinds=(("read", "bundle"), ("write", "output")), any_library=True)
"""What is typed at a prompt may do this: read every bundle, hand out pictures and files of tables."""


class SessionKey:
    """An Ed25519 key that is never written, trusted by this process only, for one file or for the files of one folder.

    What it signs is passed through the gate like everything else; then `require` holds it against the grant.
    """

    def __init__(self, owner: str, place: Path, now: datetime) -> None:
        self._key: SigningKey
        self.begun: datetime
        self.expires: datetime
        self.granted: Grant
        self._word = secrets.token_hex(4)
        self._serial = 0
        self._place = place.absolute()
        self.name = f"session-{self._word}"
        self.of = OfSession(f"{self.name}@{machine_name()}", owner)
        self._begin(now)

    @classmethod
    def with_folder(cls, owner: str, folder: Path, now: datetime) -> SessionKey:
        """Give a key for what the session writes itself, into `folder / name`."""
        key = cls(owner, folder, now)
        key._place /= key.name
        return key

    def lacking(self, compiled: CompiledScript, now: datetime) -> Grant:
        """Give what a script needs and was not granted. After its time the key is made anew, and granted nothing."""
        if now >= self.expires:
            self._begin(now)
        return self.granted.lacking(wanted_by(compiled))

    @property
    def fingerprint(self) -> str:
        """Give the fingerprint of the key."""
        return self._key.public.fingerprint

    def grant(self, more: Grant) -> None:
        """Allow more, because the person said so; `Host.grant` keeps it in the run log too."""
        self.granted = self.granted.extended(more)

    def sign(self, compiled: CompiledScript, now: datetime, ceiling: Ceiling) -> OpenedScript:
        """Give the script with a signature of this session, which is written nowhere. Raises Refused."""
        script = compiled.script
        self._require_place(script.path)
        self._require_granted(wanted_by(compiled), script.path)
        self._serial += 1
        stem = default_name(script.name).partition("/")[2]
        with refusals():
            terms = statement_for(
                compiled, f"session/{self._word}/{stem}", self._serial, now, ceiling
            )
            sidecar = sign_statement(replace(terms, expires=self.expires), self._key)
        return replace(script, sidecar=sidecar)

    def trusted(self, files: TrustFiles) -> TrustFiles:
        """Give the trust files with this key in them, for as long as the session lasts. Raises Refusal.

        It counts as one of this place's own, and may grant no more than its owner may.
        """
        line = TrustLine(
            self.of.principal,
            (Kind.SCRIPT.namespace,),
            self._key.public,
            valid_after=self.begun,
            valid_before=self.expires,
        )
        known = with_trust_line(files.allowed_signers, line)
        rules = (files.rules or Rules()).owning(self.fingerprint)
        ceiling = rules.policy.ceilings.get(self.of.owner)
        if ceiling is not None:
            ceilings = {**rules.policy.ceilings, self.of.principal: ceiling}
            rules = replace(rules, policy=replace(rules.policy, ceilings=ceilings))
        return replace(files, allowed_signers=known, rules=rules)

    def require(self, verified: Verified, path: Path) -> None:
        """Raise Refused (P2-S0890, P2-S0891) where a script is not this session's, or goes beyond the grant."""
        if {signer.principal for signer in verified.signers} != {self.of.principal}:
            raise self._of_another(path)
        self._require_place(path)
        terms = verified.statement
        self._require_granted(Grant(terms.caps, imports=terms.imports), path)

    # ---- inside --------------------------------------------------------------------------------

    def _begin(self, now: datetime) -> None:
        self._key = SigningKey.generate()
        self.begun = to_second(now)
        self.expires = self.begun + timedelta(hours=HOURS)
        self.granted = Grant()

    def _require_place(self, path: Path) -> None:
        found = path.absolute()
        if self._place not in (found, found.parent):
            raise self._of_another(path)

    def _require_granted(self, wanted: Grant, path: Path) -> None:
        lacking = self.granted.lacking(wanted)
        if lacking:
            raise Refused(
                codes.BEYOND_SESSION,
                f"the session was not granted: {'; '.join(texts_of(lacking))}",
                str(path),
                "grant it when the session asks, or sign the script with your key: plotter2 sign FILE",
            )

    def _of_another(self, path: Path) -> Refused:
        return Refused(
            codes.NOT_OF_SESSION,
            f"the session's key signs for {self._place} only",
            str(path),
            "sign other scripts with your key: plotter2 sign FILE",
        )


def texts_of(grant: Grant) -> tuple[str, ...]:
    """Give what is allowed as words of a statement: `read bundle:sweep/*`, `use alice/colours/0.4.1`."""
    kinds = (f"{right} {kind}:anything" for right, kind in grant.kinds)
    return (*map(str, grant.caps), *kinds, *(f"use {each.name}" for each in grant.imports))


def machine_name() -> str:
    """Give the name of this machine in the characters that a principal may have."""
    return (
        re.sub(r"[^a-z0-9._-]+", "-", socket.gethostname().lower()).strip("-._")[:64] or "machine"
    )


def _newest(before: Iterable[Import], more: Iterable[Import]) -> tuple[Import, ...]:
    """Give libraries by their names; of two texts of one library the later one counts."""
    return sorted_imports({each.name: each for each in (*before, *more)}.values())
