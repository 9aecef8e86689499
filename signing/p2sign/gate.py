"""The gate: a script, its signature file and the trust files in; a `Verified` out, or the first refusal in order.

Pure: no file, no clock, no network. Whoever calls opens each file once and hands the same bytes on.
The policy (scopes, thresholds, ceilings, language floor, fresh revocations) is asked between the steps, in the order of
the design.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import InitVar, dataclass
from datetime import datetime

from p2sign import sidecar, sshsig, statement, trust
from p2sign.algorithms import COMMON, EVERY
from p2sign.policy import Counted, Rules
from p2sign.policy import Signer as Signer
from p2sign.refusal import Refusal, placed, shown
from p2sign.rights import Capability, SignedLimits
from p2sign.sidecar import Sidecar
from p2sign.statement import Import, Statement
from p2sign.times import require_zone
from p2sign.trust import Trust
from p2sign.uses import Kind

Seen = Callable[[str], datetime | None]
"""Tells when this place first recorded that a statement, by its SHA-256, ran; None when it never did."""

_SEAL = object()


def _never_seen(statement_sha256: str) -> datetime | None:
    return None


@dataclass(frozen=True, slots=True)
class Offer:
    """What somebody wants to run: the script's bytes, its signature file (None if there is none), the file's name."""

    script: bytes
    sidecar: bytes | None
    file_name: str


@dataclass(frozen=True, slots=True)
class TrustFiles:
    """The contents of the trust files as they are on disk; an absent list of revoked things is b"".

    `rules` are the policy; without any, every trusted signer may grant everything: for signers whose list is fixed.
    """

    allowed_signers: bytes
    revoked_keys: bytes = b""
    revoked_scripts: bytes = b""
    rules: Rules | None = None

    @property
    def accepted(self) -> frozenset[str]:
        """The key types whose signatures count: RSA only where the policy allows it."""
        return EVERY if self.rules is not None and self.rules.policy.allow_rsa else COMMON


@dataclass(frozen=True, slots=True)
class Verified:
    """The proof that these script bytes may run on these terms. Only `verify` makes one.

    The identity of what was signed is `statement_sha256`; the signature file itself has many equal forms.
    """

    statement: Statement
    signers: tuple[Signer, ...]
    script: bytes
    script_sha256: str
    statement_sha256: str
    seal: InitVar[object]

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("only p2sign.gate.verify makes a Verified")

    def undeclared(
        self, caps: Iterable[Capability], limits: SignedLimits | None = None
    ) -> tuple[str, ...]:
        """Give, as text, the rights of `caps` that the statement does not declare and the limits beyond its own."""
        rights = [str(cap) for cap in sorted(set(caps) - set(self.statement.caps), key=str)]
        ceilings = dict(self.statement.limits.items()) if self.statement.limits else {}
        wanted = limits.items() if limits else ()
        beyond = [f"{name} {value}" for name, value in wanted if value > ceilings.get(name, 0)]
        return (*rights, *beyond)

    def require(self, caps: Iterable[Capability], limits: SignedLimits | None = None) -> None:
        """Refuse (E_CAP_UNDECLARED) what is `undeclared`."""
        missing = self.undeclared(caps, limits)
        if missing:
            raise Refusal(
                "E_CAP_UNDECLARED",
                "the script needs, and its signature does not allow: " + "; ".join(missing),
            )

    def require_imports(self, imports: Iterable[Import]) -> None:
        """Refuse (E_IMPORT) libraries that the statement does not name with the same digest."""
        missing = sorted(each.name for each in set(imports) - set(self.statement.imports))
        if missing:
            raise Refusal(
                "E_IMPORT",
                "the script uses, and its signature does not cover: " + "; ".join(missing),
            )


def verify(
    offer: Offer,
    files: TrustFiles,
    now: datetime,
    serial_floors: Mapping[str, int] | None = None,
    use: Kind = Kind.SCRIPT,
    *,
    seen: Seen = _never_seen,
) -> Verified:
    """Check everything that bytes, time and trust can tell, in the order of the design, and give the proof.

    `now` is aware. `serial_floors` maps a name to the highest serial that ever ran here under it. `use` is what the
    caller is about to do: run a person's script or a machine's own (`local`); only these two can run. What was `seen`
    while a key was valid still counts when the key no longer is; a revoked key never does.
    Raises Refusal with the place, and ValueError if `now` has no time zone or `use` cannot run.
    """
    require_zone(now)
    if use not in (Kind.SCRIPT, Kind.LOCAL):
        raise ValueError(f"a {use} never runs")
    script_file = offer.file_name if offer.file_name.isprintable() else shown(offer.file_name)
    signature_file = f"{script_file}.sig"
    with placed(signature_file):
        signed = _split(offer)
    trusted = read_trust(files)
    rules = files.rules
    if rules is not None:
        rules.require_fresh(now)
    statement_sha256 = hashlib.sha256(signed.statement).hexdigest()
    with placed(signature_file):
        signers = check_signatures(
            signed, trusted, now, use, files.accepted, lambda: seen(statement_sha256)
        )
        terms = statement.parse(signed.statement)
        check_terms(terms, now, use)
        counted = None if rules is None else rules.count(terms, signers, now)
    script_sha256 = hashlib.sha256(offer.script).hexdigest()
    with placed(script_file):
        check_file(terms, offer, script_sha256)
        trusted.require_unrevoked(script_sha256, statement_sha256)
        check_serial(terms, {} if serial_floors is None else serial_floors)
        _check_language(terms, offer.script)
    if rules is not None and counted is not None:
        with placed(signature_file):
            _check_policy(terms, rules, counted)
    return Verified(terms, signers, offer.script, script_sha256, statement_sha256, _SEAL)


# ------------------------------------------------------------------ the steps


def _split(offer: Offer) -> Sidecar:
    if offer.sidecar is None:
        raise Refusal("E_UNSIGNED", "the script is not signed: this file does not exist")
    return sidecar.split(offer.sidecar)


def read_trust(files: TrustFiles) -> Trust:
    """Read the trust files. Raises Refusal E_TRUST_..., E_REVOKED_..., E_KEY_... with the file and the line."""
    with placed("allowed_signers"):
        lines = trust.parse_trust(files.allowed_signers)
    with placed("revoked_keys"):
        revoked_keys = trust.parse_revoked_keys(files.revoked_keys)
    with placed("revoked_scripts"):
        revoked_scripts = trust.parse_revoked_scripts(files.revoked_scripts)
    return Trust(lines, revoked_keys, revoked_scripts)


def check_signatures(
    signed: Sidecar,
    trusted: Trust,
    now: datetime,
    use: Kind,
    accepted: frozenset[str] = COMMON,
    seen: Callable[[], datetime | None] = lambda: None,
) -> tuple[Signer, ...]:
    """Give who signed, when every signature is good, meant for `use`, and trusted for it now. Raises Refusal."""
    signers = []
    for number, signature in enumerate(signed.signatures(accepted), 1):
        with placed(f"signature {number}"):
            sshsig.check(signature, signed.statement, use.namespace)
            principal = trusted.principal_of(signature.key, use.namespace, now, seen)
            signers.append(Signer(principal, signature.key.fingerprint))
    return tuple(signers)


def check_terms(terms: Statement, now: datetime, use: Kind) -> None:
    """Refuse (E_KIND, E_NOT_YET_ISSUED, E_EXPIRED) a statement of another kind or time."""
    if terms.kind is not use:
        raise Refusal(
            "E_KIND", f"the statement is of the kind {terms.kind}, and was signed as {use}"
        )
    if now < terms.issued:
        raise Refusal(
            "E_NOT_YET_ISSUED",
            f"the statement is dated {terms.issued.isoformat()}, which is in the future",
        )
    if terms.expires is not None and now >= terms.expires:
        raise Refusal("E_EXPIRED", f"the statement expired at {terms.expires.isoformat()}")


def _check_policy(terms: Statement, rules: Rules, counted: Counted) -> None:
    rules.require_language(terms)
    rules.require_ceilings(counted, terms.caps)


def check_file(terms: Statement, offer: Offer, script_sha256: str) -> None:
    """Refuse (E_ENTRY, E_DIGEST, E_DIGEST_EOL) a script that is not the one of the statement."""
    if offer.file_name != terms.entry:
        raise Refusal(
            "E_ENTRY",
            f"the signature is for a file named {terms.entry}, not for {shown(offer.file_name)}",
        )
    signed_sha256 = terms.digest_of_entry()
    if script_sha256 == signed_sha256:
        return
    for variant in _line_end_variants(offer.script):
        if hashlib.sha256(variant).hexdigest() == signed_sha256:
            raise Refusal("E_DIGEST_EOL")
    raise Refusal("E_DIGEST")


def _line_end_variants(script: bytes) -> Iterator[bytes]:
    """Give what the script may have been before line ends were changed or the final one was lost or added."""
    unix = script.replace(b"\r\n", b"\n")
    windows = unix.replace(b"\n", b"\r\n")
    for text, end in ((script, b"\n"), (unix, b"\n"), (windows, b"\r\n")):
        yield text
        yield text + end
        yield text.removesuffix(end)


def check_serial(terms: Statement, serial_floors: Mapping[str, int]) -> None:
    """Refuse (E_SERIAL) a statement that is older than one that ran here under its name."""
    floor = serial_floors.get(terms.name, 0)
    if terms.serial < floor:
        raise Refusal(
            "E_SERIAL",
            f"{terms.name} has serial {terms.serial}, and serial {floor} already ran here",
        )


# The edition line `p2 N` comes before everything but comments; what else is wrong with it the compiler tells.
_EDITION = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:[ \t\r\n]++|#[^\n]*+)*+p2[ \t]++([0-9]{1,9}+)(?![0-9A-Za-z_.])"
)


def _check_language(terms: Statement, script: bytes) -> None:
    """Refuse (E_LANGUAGE) a script of another edition than was signed; one that does not say is of the first."""
    written = _EDITION.match(script)
    edition = int(written[1]) if written else 1
    if edition != int(terms.language.partition(".")[0]):
        raise Refusal(
            "E_LANGUAGE",
            f"the script is of edition {edition} of the language, and was signed as language {terms.language}",
        )
