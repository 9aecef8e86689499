"""The texts of the trust files with lines added or taken away; comments and all other lines stay as they are.

The lines that a trust bundle brought stand in a block of their own, between two comments that name the bundle.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from p2sign.keys import PublicKey
from p2sign.trust import TrustLine, parse_revoked_keys, parse_revoked_scripts, parse_trust

_BEGIN = re.compile(rb"# bundle ([a-z0-9][a-z0-9._-]{0,63}) serial [0-9]{1,10}")


def with_line(data: bytes, line: TrustLine) -> bytes:
    """Give the trust file with one line more, before the blocks of bundles; another line for its key is replaced.

    Raises Refusal where the whole does not read.
    """
    kept = without(_outside(data), lambda other: other.key == line.key)
    return _read(_with_text(kept, line.dump()) + _inside(data))


def with_trust_line(data: bytes, line: TrustLine) -> bytes:
    """Give the trust file with one line more at its end. Raises what reading it raises, so a duplicate is refused."""
    return _read(_with_text(data, line.dump()))


def without(data: bytes, gone: Callable[[TrustLine], bool]) -> bytes:
    """Give the trust file without some lines. Raises Refusal where it does not read."""
    kept = (text for text, line in _each(data) if line is None or not gone(line))
    return _read(b"".join(kept))


def changed(data: bytes, change: Callable[[TrustLine], TrustLine]) -> bytes:
    """Give the trust file with each line changed. Raises Refusal where it does not read."""
    found = []
    for text, line in _each(data):
        after = line if line is None else change(line)
        found.append(text if after is None or after == line else f"{after.dump()}\n".encode())
    return _read(b"".join(found))


def with_bundle(data: bytes, name: str, serial: int, lines: Iterable[TrustLine]) -> bytes:
    """Give the trust file with the block of a bundle, instead of the one it had. Raises Refusal E_TRUST_DUPLICATE."""
    block = [f"# bundle {name} serial {serial}", *(line.dump() for line in lines), _end(name)]
    return _read(
        _ended(without_bundle(data, name)) + "".join(f"{line}\n" for line in block).encode("utf-8")
    )


def without_bundle(data: bytes, name: str) -> bytes:
    """Give the trust file without the block of a bundle."""
    return b"".join(text for of, text in _marked(data) if of != name)


def lent_lines(data: bytes) -> Mapping[str, tuple[TrustLine, ...]]:
    """Give the lines that each bundle brought, by its name. Raises Refusal where the file does not read."""
    blocks: dict[str, list[bytes]] = {}
    for name, text in _marked(data):
        if name is not None:
            blocks.setdefault(name, []).append(text)
    return {name: parse_trust(_ended(b"".join(texts))) for name, texts in blocks.items()}


def with_revoked_key(data: bytes, key: PublicKey, comment: str = "") -> bytes:
    """Give the list of revoked keys with one key more. Raises what reading it raises."""
    extended = _with_text(data, key.line(comment))
    parse_revoked_keys(extended)
    return extended


def with_revoked_script(data: bytes, digest: str, note: str = "") -> bytes:
    """Give the list of revoked scripts with one digest more. Raises what reading it raises."""
    extended = _with_text(data, f"{digest} {note}".rstrip())
    parse_revoked_scripts(extended)
    return extended


def _each(data: bytes) -> Iterable[tuple[bytes, TrustLine | None]]:
    """Give each line as it stands, and what it trusts; None for a comment."""
    for text in data.splitlines(keepends=True):
        yield text, next(iter(parse_trust(_ended(text))), None)


def _outside(data: bytes) -> bytes:
    return b"".join(text for name, text in _marked(data) if name is None)


def _inside(data: bytes) -> bytes:
    return b"".join(text for name, text in _marked(data) if name is not None)


def _marked(data: bytes) -> Iterable[tuple[str | None, bytes]]:
    name: str | None = None
    for text in data.splitlines(keepends=True):
        begin = _BEGIN.fullmatch(text.rstrip(b"\n"))
        if begin is not None:
            name = begin[1].decode("ascii")
        yield name, text
        if name is not None and text.rstrip(b"\n") == _end(name).encode("ascii"):
            name = None


def _end(name: str) -> str:
    return f"# end of bundle {name}"


def _with_text(data: bytes, line: str) -> bytes:
    return _ended(data) + line.encode("utf-8") + b"\n"


def _ended(data: bytes) -> bytes:
    return data if data.endswith(b"\n") or not data else data + b"\n"


def _read(data: bytes) -> bytes:
    parse_trust(data)
    return data
