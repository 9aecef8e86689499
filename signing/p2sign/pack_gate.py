"""The gate of packs: a pack's bytes and the trust files in; a `VerifiedPack` out, or the first refusal in order.

Pure, as the gate of scripts. A pack grants nothing: that it is verified says who bound these files together, and that
they belong together. Each script in it passes the gate of scripts before it runs, on its own signature.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import InitVar, dataclass
from datetime import datetime
from hashlib import sha256

from p2sign import pack, sidecar, statement
from p2sign.algorithms import EVERY
from p2sign.gate import (
    Offer,
    Signer,
    TrustFiles,
    check_file,
    check_signatures,
    check_terms,
    read_trust,
)
from p2sign.pack import Pack, Role
from p2sign.refusal import Refusal, placed, shown
from p2sign.statement import Statement
from p2sign.times import require_zone
from p2sign.trust import Trust
from p2sign.uses import Kind

_SEAL = object()
_OWN_REMEDY = (
    "E_PACK_",
    "E_SIGNER_",
    "E_SCRIPT_REVOKED",
    "E_SCOPE",
    "E_THRESHOLD",
    "E_BUNDLE_",
    "E_KEY_",
)
_AGAIN = "ask the person who made the pack for a new one (plotter2 pack make)"


@dataclass(frozen=True, slots=True)
class PackedScript:
    """A script or library of a pack with its own signature file: a good one, though maybe of a stranger."""

    path: str
    content: bytes
    sidecar: bytes
    terms: Statement
    statement_sha256: str
    fingerprints: tuple[str, ...]

    @property
    def offer(self) -> Offer:
        """Give what the gate of scripts is asked about."""
        return Offer(self.content, self.sidecar, self.path.rpartition("/")[2])


@dataclass(frozen=True, slots=True)
class PackContent:
    """What is in a pack, by what it is for; `files` are all of it, in the order of the statement."""

    terms: Statement
    statement_sha256: str
    files: Mapping[str, bytes]
    scripts: tuple[PackedScript, ...]
    libraries: tuple[PackedScript, ...]
    data: tuple[str, ...]
    pictures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VerifiedPack:
    """The proof that somebody who is trusted for it bound these files together. Only `verify_pack` makes one."""

    content: PackContent
    signers: tuple[Signer, ...]
    seal: InitVar[object]

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("only p2sign.pack_gate.verify_pack makes a VerifiedPack")


def verify_pack(
    data: bytes,
    files: TrustFiles,
    now: datetime,
    serial_floors: Mapping[str, int] | None = None,
    name: str = "the pack",
) -> VerifiedPack:
    """Check a pack in the order of the gate, and give the proof. `now` is aware; `name` is what refusals call it.

    `serial_floors` maps a pack's name to the highest serial that was opened here under it.
    Raises Refusal with the place, and ValueError if `now` has no time zone.
    """
    require_zone(now)
    with _of_pack(name):
        opened = pack.split(data)
        signed = sidecar.split(opened.sidecar)
    trusted = read_trust(files)
    if files.rules is not None:
        files.rules.require_fresh(now)
    with _of_pack(name):
        signers = check_signatures(signed, trusted, now, Kind.PACK, files.accepted)
        terms = statement.parse(signed.statement)
        check_terms(terms, now, Kind.PACK)
        if files.rules is not None:
            files.rules.count(terms, signers, now)
        content = _content(opened, terms, signed.statement)
        _check_revoked(content, trusted)
        _check_serial(terms, {} if serial_floors is None else serial_floors)
    return VerifiedPack(content, signers, _SEAL)


def look_into(data: bytes, name: str = "the pack") -> tuple[PackContent, tuple[str, ...]]:
    """Give what is in a pack and the fingerprints of the keys that signed it, whoever they are: to be shown, no more.

    Raises Refusal as `verify_pack`, but for trust, time and what was revoked.
    """
    with _of_pack(name):
        opened = pack.split(data)
        signed = sidecar.split(opened.sidecar)
        fingerprints = _fingerprints(signed, Kind.PACK)
        return _content(opened, statement.parse(signed.statement), signed.statement), fingerprints


# ------------------------------------------------------------------ the steps


@contextmanager
def _of_pack(name: str) -> Iterator[None]:
    """Put the pack's name before the place, and say what to do about a pack: what is in it is not mended one by one."""
    with placed(name if name.isprintable() else shown(name)):
        try:
            yield
        except Refusal as refusal:
            if not refusal.name.startswith(_OWN_REMEDY):
                raise Refusal(refusal.name, refusal.what, refusal.where, _AGAIN) from refusal
            raise


def _content(opened: Pack, terms: Statement, signed: bytes) -> PackContent:
    pack.check_files(opened, terms)
    places = pack.roles(terms)
    files = dict(opened.files)
    of = {role: tuple(path for path, its in places.items() if its is role) for role in Role}
    scripts = tuple(_packed_script(path, files) for path in of[Role.SCRIPT])
    libraries = tuple(_packed_script(path, files) for path in of[Role.LIBRARY])
    _check_libraries(scripts, libraries)
    return PackContent(
        terms,
        sha256(signed).hexdigest(),
        files,
        scripts,
        libraries,
        of[Role.DATA],
        of[Role.PICTURE],
    )


def _packed_script(path: str, files: Mapping[str, bytes]) -> PackedScript:
    content, signature_file = files[path], files[f"{path}.sig"]
    with placed(f"{path}.sig"):
        signed = sidecar.split(signature_file)
        keys = _fingerprints(signed, Kind.SCRIPT)
        terms = statement.parse(signed.statement)
        if terms.kind is not Kind.SCRIPT:
            raise Refusal("E_KIND", f"the statement is of the kind {terms.kind}")
    identity = sha256(signed.statement).hexdigest()
    found = PackedScript(path, content, signature_file, terms, identity, keys)
    with placed(path):
        check_file(terms, found.offer, sha256(content).hexdigest())
    return found


def _fingerprints(signed: sidecar.Sidecar, use: Kind) -> tuple[str, ...]:
    good = signed.good_signatures(use.namespace, EVERY)
    return tuple(signature.key.fingerprint for signature in good)


def _check_libraries(
    scripts: tuple[PackedScript, ...], libraries: tuple[PackedScript, ...]
) -> None:
    """Refuse (E_PACK_MIX) scripts and libraries that were not signed for each other."""
    has: dict[str, str] = {}
    for library in libraries:
        called = library.path.removeprefix("libraries/").removesuffix(".p2")
        if library.terms.name != called:
            raise Refusal(
                "E_PACK_MIX",
                f"the library {called} was signed as {library.terms.name}",
                library.path,
            )
        has[called] = library.terms.digest_of_entry()
    used: set[str] = set()
    for each in (*scripts, *libraries):
        for imported in each.terms.imports:
            if imported.name.startswith(f"{pack.SHIPPED_SCOPE}/"):
                continue
            used.add(imported.name)
            if has.get(imported.name) != imported.sha256:
                what = "another" if imported.name in has else "no"
                raise Refusal(
                    "E_PACK_MIX",
                    f"{each.path} was signed with the library {imported.name}, "
                    f"and the pack has {what} one of this name",
                )
    unused = sorted(set(has) - used)
    if unused:
        raise Refusal("E_PACK_MIX", f"no script of the pack uses the library {unused[0]}")


def _check_revoked(content: PackContent, trusted: Trust) -> None:
    for what, digest in _revocable(content):
        if digest in trusted.revoked_scripts:
            raise Refusal("E_SCRIPT_REVOKED", f"{what} was revoked")


def _revocable(content: PackContent) -> Iterator[tuple[str, str]]:
    yield "the pack", content.statement_sha256
    for each in (*content.scripts, *content.libraries):
        yield each.path, each.statement_sha256
    for file in content.terms.files:
        yield file.path, file.sha256


def _check_serial(terms: Statement, serial_floors: Mapping[str, int]) -> None:
    floor = serial_floors.get(terms.name, 0)
    if terms.serial < floor:
        raise Refusal(
            "E_PACK_SERIAL",
            f"{terms.name} has serial {terms.serial}, and serial {floor} was opened here already",
        )
