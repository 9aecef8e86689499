"""A relay behind HTTP: the same calls as over pipes, one request each; what is answered 200 or 201 is on its disk."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote, urlencode

import msgspec

from plotter2.datter.arrival import Item
from plotter2.datter.codes import OBJECT_DAMAGED
from plotter2.errors import DataError
from plotter2.relay.addresses import Relay
from plotter2.relay.codes import BAD_RELAY, NO_ROOM, NOT_UNDERSTOOD
from plotter2.relay.framing import (
    LARGEST_FRAME,
    PATIENCE_S,
    Ask,
    Commit,
    Done,
    Hello,
    Lacking,
    List,
    Proof,
    Prove,
    Refusal,
    cut,
    refusal,
    strange,
)
from plotter2.relay.link import PIECE, Closing, Page, Said, Synced, Wanted, Welcome

_SMALLEST_TOKEN, _LARGEST_TOKEN = 16, 1024
_Kind = TypeVar("_Kind", bound=Said)


def read_token(path: Path) -> str:
    """Give the token in a file: one line of 16 to 1024 printable characters. Raises DataError (P2-D0918)."""
    try:
        token = path.read_bytes()[: _LARGEST_TOKEN + 2].decode("ascii").strip()
        loose = path.stat().st_mode & 0o077
    except (OSError, UnicodeDecodeError) as error:
        raise _bad_token(path, f"cannot be read: {error}") from None
    if not _SMALLEST_TOKEN <= len(token) <= _LARGEST_TOKEN or not token.isprintable():
        raise _bad_token(path, "is not one line of 16 to 1024 characters")
    if loose:
        raise _bad_token(path, "can be read by others", f"chmod 600 {path}")
    return token


def item_path(item: Item, offset: int) -> str:
    """Give the path and query that name an item."""
    query = urlencode({"digest": item.digest, "bytes": item.bytes, "offset": offset})
    return f"/1/{item.kind}/{quote(item.name)}?{query}"


@dataclass(slots=True)
class HttpLink:
    """A receiver, and a source, behind HTTP."""

    connection: http.client.HTTPConnection
    base: str
    token: str
    session: str = ""
    stored: list[Item] = field(default_factory=list)
    refused: list[Item] = field(default_factory=list)

    @classmethod
    @contextmanager
    def opened(cls, relay: Relay) -> Iterator[HttpLink]:
        """Connect to a relay during the block. Raises DataError."""
        address = relay.parsed
        token = read_token(Path(relay.token_file))
        host = address.host.strip("[]") if address.host.endswith("]") else address.host
        connection: http.client.HTTPConnection
        if address.kind == "https":
            try:
                context = ssl.create_default_context(cafile=relay.ca_file or None)
            except OSError as error:
                raise DataError(
                    BAD_RELAY,
                    f"the certificate {relay.ca_file} cannot be read: {error.strerror or error}",
                    where=relay.ca_file,
                    help="name a PEM file that holds the server's certificate, or its authority's",
                ) from None
            connection = http.client.HTTPSConnection(
                host, address.port, timeout=PATIENCE_S, context=context
            )
        else:
            connection = http.client.HTTPConnection(host, address.port, timeout=PATIENCE_S)
        try:
            yield cls(connection, address.path.rstrip("/"), token)
        finally:
            connection.close()

    # ------------------------------------------------------------ the calls of a Link
    def hello(self) -> Welcome:
        """Ask who is there."""
        return self._said("hello", Hello(), Welcome)

    def ask(self, items: Sequence[Item]) -> tuple[Wanted, ...]:
        """Give those of the items that the receiver lacks."""
        return self._said("ask", Ask(items=tuple(items)), Lacking).wanted

    def send(self, wanted: Wanted, pieces: Iterable[bytes]) -> None:
        """Send the bytes of one item; the answer says that they are on the disk."""
        item = wanted.item
        length = item.bytes - wanted.offset
        headers = {"Content-Length": str(length)}
        path = item_path(item, wanted.offset)
        try:
            status, body = self._request("PUT", path, _counted(pieces, length), headers)
        except _Short as short:
            self.connection.close()
            raise short.error from None
        if status in (200, 201, 202):
            self.stored.append(item)
        elif status == 409:
            self.refused.append(item)
        else:
            raise _failure(status, body)

    def sync(self) -> Synced:
        """Give what was acknowledged since the last time."""
        said = Synced(stored=tuple(self.stored), refused=tuple(self.refused))
        self.stored, self.refused = [], []
        return said

    def commit(self, closing: Closing) -> None:
        """Have the new state counted."""
        self._said("commit", Commit(closing=closing), Done)

    def prove(self, digest: str, nonce: bytes) -> str:
        """Ask for the SHA-256 of nonce and object."""
        return self._said("prove", Prove(digest=digest, nonce=nonce), Proof).sha256

    # ------------------------------------------------------------ the calls of a Source
    def items(self) -> Sequence[Item]:
        """Give all items of the root behind it."""
        found: list[Item] = []
        more = True
        while more:
            page = self._said("list", List(after=len(found)), Page)
            found += page.items
            more = page.more and bool(page.items)
        return found

    def read(self, item: Item, offset: int) -> Iterator[bytes]:
        """Give the bytes of an item from `offset` on."""
        try:
            self.connection.request(
                "GET", self.base + item_path(item, offset), headers=self._head()
            )
            response = self.connection.getresponse()
            if response.status != 200:
                raise _failure(response.status, response.read(LARGEST_FRAME))
            left = item.bytes - offset
            while left and (piece := response.read(min(PIECE, left))):
                left -= len(piece)
                yield piece
            response.read()
        except (OSError, http.client.HTTPException) as error:
            raise cut(_why(error)) from None

    def is_sound(self, item: Item) -> bool:
        """Tell whether an item is worth sending again: here nobody knows."""
        return True

    # ------------------------------------------------------------ inside
    def _said(self, word: str, message: Said, kind: type[_Kind]) -> _Kind:
        body = msgspec.msgpack.encode(message)
        status, answer = self._request("POST", f"/1/{word}", body, {})
        if status != 200:
            raise _failure(status, answer)
        try:
            return msgspec.msgpack.decode(answer, type=kind)
        except msgspec.MsgspecError as error:
            raise strange(str(error)) from None

    def _request(
        self, method: str, path: str, body: bytes | Iterable[bytes], headers: dict[str, str]
    ) -> tuple[int, bytes]:
        try:
            self.connection.request(method, self.base + path, body, {**self._head(), **headers})
            response = self.connection.getresponse()
            content = response.read(LARGEST_FRAME + 1)
        except (OSError, http.client.HTTPException) as error:
            self.connection.close()
            raise cut(_why(error)) from None
        self.session = response.headers.get("Plotter2-Session", self.session)
        return response.status, content

    def _head(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", "Plotter2-Session": self.session}


class _Short(Exception):
    """The bytes of an item ended early, or could not be read."""

    def __init__(self, error: DataError) -> None:
        super().__init__(error.message)
        self.error = error


def _counted(pieces: Iterable[bytes], length: int) -> Iterator[bytes]:
    """Give exactly `length` bytes, as they were announced; else raise _Short."""
    left = length
    try:
        for piece in pieces:
            yield piece[:left]
            left -= len(piece[:left])
    except DataError as error:
        raise _Short(error) from error
    if left:
        raise _Short(
            DataError(
                OBJECT_DAMAGED,
                "a file has fewer bytes than were stored",
                help="look at the root with plotter2 scrub",
            )
        )


def _failure(status: int, body: bytes) -> DataError:
    try:
        return refusal(msgspec.msgpack.decode(body, type=Refusal))
    except msgspec.MsgspecError:
        pass
    if status == 507:
        return DataError(NO_ROOM, "the other side has no room left", help="free some space there")
    if status == 401:
        return DataError(
            NOT_UNDERSTOOD,
            "the other side refuses the token",
            help="use the same token on both sides",
        )
    return strange(f"HTTP status {status}")


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _bad_token(path: Path, why: str, remedy: str = "") -> DataError:
    return DataError(
        BAD_RELAY,
        f"the token file {path} {why}",
        where=str(path),
        help=remedy
        or f"make one: (umask 077; openssl rand -hex 32 > {path}), the same on both sides",
    )
