"""The trust files: `allowed_signers` and `revoked_keys`, both readable by ssh-keygen too, and `revoked_scripts`.

Text in, values out; opens no file. Whoever a line does not name exactly is not trusted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from p2sign.keys import PublicKey, parse_public_line
from p2sign.naming import is_digest
from p2sign.refusal import Refusal, placed, shown
from p2sign.times import is_whole_second
from p2sign.uses import NAMESPACES, Kind

_PRINCIPAL = re.compile(r"[a-z0-9][a-z0-9._+-]{0,63}@[a-z0-9][a-z0-9._-]{0,63}")
_OPTION = re.compile(r'([a-z-]+)(?:="([^"]*)")?')
_OPTIONS = re.compile(rf"{_OPTION.pattern}(?:,{_OPTION.pattern})*")
_TIME = re.compile(r"([2-9][0-9]{3})([0-9]{2})([0-9]{2})(?:([0-9]{2})([0-9]{2})([0-9]{2})?)?Z")
_NAMESPACES, _AFTER, _BEFORE = "namespaces", "valid-after", "valid-before"


@dataclass(frozen=True, slots=True)
class TrustLine:
    """One line of `allowed_signers`: this key is this principal's, for these namespaces, in this time.

    Valid from `valid_after` (inclusive) to `valid_before` (exclusive), both UTC; None sets no bound.
    Raises Refusal E_TRUST_PRINCIPAL, E_TRUST_NAMESPACE, E_TRUST_TIME.
    """

    principal: str
    namespaces: tuple[str, ...]
    key: PublicKey
    valid_after: datetime | None = None
    valid_before: datetime | None = None
    comment: str = ""

    def __post_init__(self) -> None:
        check_principal(self.principal)
        _check_namespaces(self.namespaces)
        for moment in (self.valid_after, self.valid_before):
            if moment is not None and not is_whole_second(moment):
                raise Refusal("E_TRUST_TIME", f"{moment.isoformat()} is not a whole second in UTC")
        if self.valid_after and self.valid_before and self.valid_after >= self.valid_before:
            raise Refusal("E_TRUST_TIME", "valid-before is not later than valid-after")

    @classmethod
    def for_kind(cls, principal: str, key: PublicKey, kind: Kind) -> TrustLine:
        """Give the line that trusts a key for statements of one kind, without bounds in time."""
        return cls(principal, (kind.namespace,), key)

    def holds_at(self, moment: datetime | None) -> bool:
        """Say whether the key was, is or will be valid at a moment; never for None."""
        return (
            moment is not None
            and (self.valid_after is None or self.valid_after <= moment)
            and (self.valid_before is None or moment < self.valid_before)
        )

    def dump(self) -> str:
        """Give the line without its line end. Raises Refusal E_KEY_FORMAT on a comment that is no text."""
        options = [f'{_NAMESPACES}="{",".join(self.namespaces)}"']
        for name, moment in ((_AFTER, self.valid_after), (_BEFORE, self.valid_before)):
            if moment is not None:
                options.append(f'{name}="{moment:%Y%m%d%H%M%SZ}"')
        return f"{self.principal} {','.join(options)} {self.key.line(self.comment)}"


def parse_trust(data: bytes) -> tuple[TrustLine, ...]:
    """Read an `allowed_signers` file; `#` comments and empty lines may stand between the lines.

    Raises Refusal E_TRUST_..., E_KEY_... with the line; one bad line refuses the file.
    """
    found: list[TrustLine] = []
    numbers: dict[PublicKey, int] = {}
    for number, text in _lines(data, "E_TRUST_LINE"):
        with placed(f"line {number}"):
            line = parse_line(text)
            first = numbers.setdefault(line.key, number)
            if first != number:
                known = f"the key {line.key.fingerprint} stands in line {first} already"
                raise Refusal("E_TRUST_DUPLICATE", known)
            found.append(line)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Trust:
    """The trust files, read: whose keys count, and what counts no more."""

    lines: tuple[TrustLine, ...]
    revoked_keys: frozenset[PublicKey]
    revoked_scripts: frozenset[str] = frozenset()

    def principal_of(
        self,
        key: PublicKey,
        namespace: str,
        now: datetime,
        seen: Callable[[], datetime | None] = lambda: None,
    ) -> str:
        """Give whose key this is, as `principal_of` does; a revoked key is nobody's. Raises Refusal E_SIGNER_..."""
        if key in self.revoked_keys:
            raise Refusal("E_SIGNER_REVOKED", f"the key {key.fingerprint} was revoked")
        return principal_of(key, self.lines, namespace, now, seen)

    def require_unrevoked(self, *digests: str) -> None:
        """Refuse (E_SCRIPT_REVOKED) a script, by its digest and that of its statement, that was revoked."""
        if not self.revoked_scripts.isdisjoint(digests):
            raise Refusal("E_SCRIPT_REVOKED")


def principal_of(
    key: PublicKey,
    lines: tuple[TrustLine, ...],
    namespace: str,
    now: datetime,
    seen: Callable[[], datetime | None] = lambda: None,
) -> str:
    """Give the principal whose key this is, if the lines trust it for `namespace` at `now` (aware).

    An expired key still counts for what was `seen`, recorded by this place itself, while it was valid.

    Raises Refusal E_SIGNER_UNKNOWN, E_SIGNER_NAMESPACE, E_SIGNER_NOT_YET, E_SIGNER_EXPIRED.
    """
    line = next((line for line in lines if line.key == key), None)
    if line is None:
        raise Refusal("E_SIGNER_UNKNOWN", f"the key {key.fingerprint} is not in the trust file")
    if namespace not in line.namespaces:
        uses = ", ".join(line.namespaces)
        raise Refusal(
            "E_SIGNER_NAMESPACE", f"{line.principal} is trusted for {uses}, not for {namespace}"
        )
    if line.valid_after is not None and now < line.valid_after:
        since = line.valid_after.isoformat()
        raise Refusal("E_SIGNER_NOT_YET", f"{line.principal} is trusted from {since} on")
    if line.valid_before is not None and now >= line.valid_before and not line.holds_at(seen()):
        until = line.valid_before.isoformat()
        raise Refusal("E_SIGNER_EXPIRED", f"{line.principal} was trusted until {until}")
    return line.principal


def parse_revoked_keys(data: bytes) -> frozenset[PublicKey]:
    """Read the list of revoked keys, one public key a line. Raises Refusal E_REVOKED_KEYS with the line."""
    keys = set()
    for number, line in _lines(data, "E_REVOKED_KEYS"):
        try:
            keys.add(parse_public_line(line)[0])
        except Refusal as refusal:
            raise Refusal("E_REVOKED_KEYS", refusal.what, f"line {number}") from None
    return frozenset(keys)


def parse_revoked_scripts(data: bytes) -> frozenset[str]:
    """Read the list of revoked scripts and statements: one SHA-256 a line, then a space and any text, as sha256sum.

    Raises Refusal E_REVOKED_SCRIPTS with the line.
    """
    found = set()
    for number, line in _lines(data, "E_REVOKED_SCRIPTS"):
        digest = line.partition(" ")[0]
        if not is_digest(digest):
            raise Refusal(
                "E_REVOKED_SCRIPTS",
                f"{shown(line)} does not begin with a SHA-256",
                f"line {number}",
            )
        found.add(digest)
    return frozenset(found)


def parse_time(text: str) -> datetime:
    """Read `YYYYMMDDZ`, `YYYYMMDDHHMMZ` or `YYYYMMDDHHMMSSZ`, always UTC. Raises Refusal E_TRUST_TIME."""
    match = _TIME.fullmatch(text)
    try:
        if match is not None:
            year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
            return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        pass  # such as 30 February
    raise Refusal(
        "E_TRUST_TIME", f"{shown(text)} is not a time such as 20271231Z or 20271231235959Z"
    )


# ------------------------------------------------------------------ inside


def _lines(data: bytes, cause: str) -> Iterator[tuple[int, str]]:
    """Give the numbered lines that are not comments; what a terminal or a C string would hide is refused."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Refusal(cause, "the file is not UTF-8 text") from None
    if text and not text.endswith("\n"):
        raise Refusal(cause, "the last line of the file does not end with a line feed")
    for number, line in enumerate(text.split("\n")[:-1], 1):
        if not line.isprintable():
            raise Refusal(
                cause,
                f"{shown(line)} has characters that cannot be shown (or CRLF)",
                f"line {number}",
            )
        if line and not line.startswith("#"):
            yield number, line


def parse_line(line: str) -> TrustLine:
    """Read one line, without its line end. Raises Refusal E_TRUST_..., E_KEY_..."""
    words = line.split(" ", 2)
    if len(words) != 3:
        raise Refusal("E_TRUST_LINE", f"{shown(line)} is not of the form PRINCIPAL OPTIONS KEY")
    principal, options, key_line = words
    check_principal(principal)
    values = _options(options)
    key, comment = parse_public_line(key_line)
    return TrustLine(
        principal,
        tuple(values.get(_NAMESPACES, "").split(",")),
        key,
        _optional_time(values.get(_AFTER)),
        _optional_time(values.get(_BEFORE)),
        comment,
    )


def _options(text: str) -> dict[str, str]:
    # Without quotes the word is the key's type or base64: the options are missing.
    if '"' not in text:
        raise Refusal("E_TRUST_NAMESPACE", "the line has no namespaces=...")
    if not _OPTIONS.fullmatch(text):
        raise Refusal("E_TRUST_LINE", f'{shown(text)} is not of the form name="value",name="value"')
    pairs = _OPTION.findall(text)
    values = dict(pairs)
    unknown = [name for name in values if name not in (_NAMESPACES, _AFTER, _BEFORE)]
    if unknown or len(values) != len(pairs):
        wrong = f"the option {unknown[0]} is not known" if unknown else "an option stands twice"
        raise Refusal("E_TRUST_OPTION", wrong)
    if _NAMESPACES not in values:
        raise Refusal("E_TRUST_NAMESPACE", "the line has no namespaces=...")
    return values


def check_principal(principal: str) -> None:
    """Refuse (E_TRUST_PRINCIPAL) what is not one literal name@place."""
    if not _PRINCIPAL.fullmatch(principal):
        raise Refusal("E_TRUST_PRINCIPAL", f"{shown(principal)} is not one literal name@place")


def _check_namespaces(namespaces: tuple[str, ...]) -> None:
    for namespace in namespaces:
        if namespace not in NAMESPACES:
            known = ", ".join(NAMESPACES)
            raise Refusal(
                "E_TRUST_NAMESPACE", f"{shown(namespace)} is no use of plotter2; known are {known}"
            )
    if not namespaces or len(set(namespaces)) != len(namespaces):
        raise Refusal("E_TRUST_NAMESPACE", "the uses are empty, or one stands twice")


def _optional_time(text: str | None) -> datetime | None:
    return None if text is None else parse_time(text)
