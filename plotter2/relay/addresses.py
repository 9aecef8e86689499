"""Where relays are: `config/relays.json` names them, each with an address and where its secrets lie."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

import msgspec

from plotter2.config.ownership import closing, open_to_others
from plotter2.config.settings import plain_path
from plotter2.datter import durable
from plotter2.datter.layout import Layout
from plotter2.errors import DataError, ExitCode
from plotter2.relay.codes import BAD_RELAY

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}\Z")
_HOST = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9._-]{0,63}@)?[A-Za-z0-9\[][A-Za-z0-9.:\]_-]{0,252}\Z")
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_LARGEST = 1 << 20


@dataclass(frozen=True, slots=True)
class Address:
    """An address taken apart. Of a folder only `path` counts; `host` may begin with `user@`."""

    kind: Literal["folder", "ssh", "http", "https"]
    text: str
    path: str
    host: str = ""
    port: int | None = None


class Relay(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A relay: its name, its address, the files with its token and with the certificate that its server must have."""

    name: str
    address: str
    token_file: str = ""
    ca_file: str = ""

    @property
    def parsed(self) -> Address:
        """Give the address taken apart. Raises DataError (P2-D0918)."""
        return parse(self.address)


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    relays: tuple[Relay, ...] = ()


def parse(text: str) -> Address:
    """Take an address apart. Raises DataError (P2-D0918)."""
    kind = next((k for k in ("ssh", "http", "https") if text.startswith(f"{k}://")), None)
    if kind is None:
        if "://" in text or not text:
            raise _bad(f"{text!r} is no address of a relay", text)
        return Address("folder", text, str(plain_path(Path(text))))
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise _bad(f"{text!r} is no address of a relay: {error}", text) from None
    host = parts.netloc.rpartition(":")[0] if port else parts.netloc
    path = unquote(parts.path)
    if not _HOST.match(host) or parts.query or parts.fragment or parts.password:
        raise _bad(f"{text!r} is no address of a relay", text)
    if kind == "ssh":
        if path in ("", "/") or not path.isprintable():
            raise _bad(f"{text!r} names no folder", text)
        path = path.removeprefix("/~/")
        return Address("ssh", text, path, host, port)
    if kind == "http" and (parts.hostname or "") not in _LOCAL:
        raise _bad(
            f"{text!r} would send the token and all data unprotected",
            text,
            f"write https://; {_FORMS}",
        )
    return Address("https" if kind == "https" else "http", text, path, host, port)


def listed(layout: Layout) -> tuple[Relay, ...]:
    """Give the relays of a root. Raises DataError (P2-D0918) when the file cannot be used."""
    path = _file(layout)
    try:
        loose = open_to_others(layout.root, ("config", path.name))
        content = path.read_bytes()[: _LARGEST + 1]
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise _bad(
            f"the list of relays cannot be read: {error.strerror}", str(path), _ANEW
        ) from None
    if loose is not None:
        raise _bad(
            "the list of relays is not used: others can change it", str(path), closing(loose)
        )
    try:
        return msgspec.json.decode(content, type=_File).relays
    except msgspec.MsgspecError as error:
        raise _bad(f"the list of relays cannot be read: {error}", str(path), _ANEW) from None


def find(layout: Layout, name: str) -> Relay:
    """Give the relay of this name. Raises DataError (P2-D0918)."""
    relays = {relay.name: relay for relay in listed(layout)}
    if name not in relays:
        known = ", ".join(relays) or "none yet"
        raise _bad(f"there is no relay {name!r}; known: {known}", name, _KNOWN)
    return relays[name]


def add(layout: Layout, relay: Relay) -> None:
    """Enter a relay, durably. Raises DataError (P2-D0918) for a name or an address that does not fit."""
    if not _NAME.match(relay.name):
        raise _bad(
            f"{relay.name!r} cannot be a relay's name", relay.name, "write it with a-z 0-9 - _"
        )
    if relay.name in {each.name for each in listed(layout)}:
        raise _bad(
            f"there is a relay {relay.name!r} already",
            relay.name,
            f"choose another name, or forget that one first: plotter2 relay remove {relay.name}",
        )
    if relay.parsed.kind in ("http", "https") and not relay.token_file:
        raise _bad(
            f"{relay.address} needs a token", relay.address, "give it with --token-file FILE"
        )
    _write(layout, (*listed(layout), relay))


def remove(layout: Layout, name: str) -> Relay:
    """Forget a relay; what it holds stays there. Raises DataError (P2-D0918)."""
    gone = find(layout, name)
    _write(layout, tuple(each for each in listed(layout) if each.name != name))
    return gone


def _write(layout: Layout, relays: tuple[Relay, ...]) -> None:
    content = msgspec.json.format(msgspec.json.encode(_File(relays=relays))) + b"\n"
    durable.replace(_file(layout), content)


def _file(layout: Layout) -> Path:
    return layout.config / "relays.json"


_FORMS = "an address is a folder, ssh://HOST/FOLDER, or https://HOST:PORT"
_ANEW = "mend the file, or move it away and enter the relays again: plotter2 relay add NAME ADDRESS"
_KNOWN = "plotter2 relay status lists the relays; plotter2 relay add NAME ADDRESS enters one"


def _bad(message: str, where: str, remedy: str = _FORMS) -> DataError:
    return DataError(BAD_RELAY, message, where, remedy, exit_code=ExitCode.USAGE)
