"""What the run log is told when a file of trust changes: each line that comes or goes, whoever changes it and why."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

_EVENTS = {
    "allowed_signers": ("trust-add", "trust-remove"),
    "revoked_keys": ("revoke", "revoke-undone"),
    "revoked_scripts": ("revoke", "revoke-undone"),
}
_POLICY = "policy.toml"


def changes(name: str, before: bytes, after: bytes) -> Iterator[tuple[str, dict[str, str]]]:
    """Give event and fields of each entry that the change of a file of trust is worth."""
    if before == after:
        return
    if name not in _EVENTS:
        was = sha256(before).hexdigest() if before else ""
        event = "policy-change" if name == _POLICY else "trust-file"
        yield event, {"file": name, "before": was, "after": sha256(after).hexdigest()}
        return
    coming, going = _EVENTS[name]
    old, new = _lines(before), _lines(after)
    for line in old:
        if line not in new:
            yield going, {"file": name, "line": line}
    for line in new:
        if line not in old:
            yield coming, {"file": name, "line": line}


def _lines(content: bytes) -> list[str]:
    text = content.decode("utf-8", "backslashreplace")
    return [line for line in text.split("\n") if line and not line.startswith("#")]
