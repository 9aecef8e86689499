"""`relay serve`: the receiving side of a relay behind HTTP, for one pushing root at a time.

Python's own server, each connection with a time limit; on this machine only unless another address is asked for, and
then with a certificate. Answers: 201 stored, 200 done or there already, 202 waits for the commit, 401 wrong token, 409
other bytes than the name promises or another push has begun, 413 too large, 507 no room.
"""

from __future__ import annotations

import hmac
import secrets
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar, TypeVar, cast
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from plotter2.datter import codes
from plotter2.datter.arrival import Item
from plotter2.errors import DataError, ExitCode
from plotter2.relay.codes import BAD_RELAY, CUT, NO_ROOM
from plotter2.relay.copies import source_at
from plotter2.relay.framing import (
    LARGEST_FRAME,
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
    strange,
)
from plotter2.relay.link import ITEMS_AT_ONCE, PIECE, Page, Said, Wanted
from plotter2.relay.places import TOGETHER
from plotter2.relay.receiver import Receiver, receiving
from plotter2.relay.source import LocalSource

LOCAL = "127.0.0.1"
_PATIENCE_S = 120.0
IDLE_S = 600.0
"""So long a push or a restore may say nothing before the folder is given back."""
_MOST_AT_ONCE = 8
_LONGEST_PATH = 8_192
_Kind = TypeVar("_Kind", bound=Said)


class RelayServer(ThreadingHTTPServer):
    """Receives pushes into one folder. Use `serve_forever`; the folder is held while a push is under way."""

    daemon_threads = True

    def __init__(self, folder: Path, token: str, address: tuple[str, int]) -> None:
        self.folder = folder
        self.token = token
        self.turn = threading.RLock()
        self.room = threading.BoundedSemaphore(_MOST_AT_ONCE)
        self._push = ExitStack()
        self._receiver: Receiver | None = None
        self._session = ""
        self._source: LocalSource | None = None
        self._last = time.monotonic()
        with receiving(folder):  # what is wrong with the folder is told at the start
            pass
        try:
            super().__init__(address, _Handler)
        except OSError as error:
            raise DataError(
                BAD_RELAY,
                f"{address[0]}:{address[1]} cannot be served: {error.strerror}",
                where=f"{address[0]}:{address[1]}",
                help="choose another port: --port N",
                exit_code=ExitCode.USAGE,
            ) from None

    def protect(self, certificate: Path, key: Path) -> None:
        """Speak TLS with this certificate. Raises DataError (P2-D0918)."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(certificate, key)
        except OSError as error:
            raise DataError(
                BAD_RELAY,
                f"the certificate cannot be used: {error.strerror or error}",
                where=str(certificate),
                help="name PEM files: --certificate FILE --key FILE",
            ) from None
        # The handshake is made by the thread of the connection, so that a silent client holds up nobody.
        self.socket = context.wrap_socket(
            self.socket, server_side=True, do_handshake_on_connect=False
        )

    def server_close(self) -> None:
        """Close the socket and give the folder back."""
        super().server_close()
        with self.turn:
            self._end()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer a connection in a thread of its own, unless too many are open."""
        if not self.room.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer a connection, and make room for another one."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of connections that end early; whoever pushes is told."""

    def service_actions(self) -> None:
        """Give the folder back when whoever pushed or restored says nothing any more."""
        if time.monotonic() - self._last > IDLE_S and self.turn.acquire(blocking=False):
            try:
                self._end()
            finally:
                self.turn.release()

    def heard(self) -> None:
        """Remember that somebody says something."""
        self._last = time.monotonic()

    # ------------------------------------------------------------ pushes and restores
    def begin(self) -> tuple[Receiver, str]:
        """Begin a push; one that was under way counts no more."""
        self._end()
        self._receiver = self._push.enter_context(receiving(self.folder))
        self._session = secrets.token_hex(16)
        return self._receiver, self._session

    def receiver(self, session: str) -> Receiver:
        """Give the receiver of a push. Raises DataError (P2-D0916) when it is not the one under way."""
        if self._receiver is None or not hmac.compare_digest(self._session, session):
            raise cut("another push has begun, or this one was given up")
        return self._receiver

    def done(self) -> None:
        """End a push that is committed, so that others may read the folder."""
        self._end()

    def source(self, *, anew: bool) -> LocalSource:
        """Give the folder as a source to restore from."""
        if self._source is None or anew:
            self._end()
            self._source = self._push.enter_context(source_at(self.folder))
        return self._source

    def _end(self) -> None:
        self._push.close()
        self._push = ExitStack()
        self._receiver, self._session, self._source = None, "", None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "plotter2"
    sys_version = ""
    timeout: ClassVar[float] = _PATIENCE_S
    disable_nagle_algorithm = True

    @property
    def _relay(self) -> RelayServer:
        return cast(RelayServer, self.server)

    def log_message(self, format: str, *args: Any) -> None:
        """Write nothing: paths and addresses of others do not belong on a terminal."""

    def do_POST(self) -> None:
        """Answer a question or a command."""
        self._answered(self._told)

    def do_PUT(self) -> None:
        """Take an item in."""
        self._answered(self._taken)

    def do_GET(self) -> None:
        """Give an item."""
        self._answered(self._given)

    # ------------------------------------------------------------ what is answered
    def _told(self) -> None:
        word = self.path.rpartition("/")[2]
        body = self._body()
        relay = self._relay
        match word:
            case "hello":
                _read(body, Hello)
                receiver, session = relay.begin()
                self._say(200, receiver.hello(), {"Plotter2-Session": session})
            case "ask":
                lacking = self._receiver().ask(_read(body, Ask).items[:ITEMS_AT_ONCE])
                self._say(200, Lacking(wanted=lacking))
            case "commit":
                self._receiver().commit(_read(body, Commit).closing)
                relay.done()
                self._say(200, Done())
            case "prove":
                prove = _read(body, Prove)
                self._say(200, Proof(sha256=self._receiver().prove(prove.digest, prove.nonce)))
            case "list":
                after = _read(body, List).after
                items = relay.source(anew=after == 0).items()
                page = items[after : after + ITEMS_AT_ONCE]
                self._say(200, Page(items=page, more=after + len(page) < len(items)))
            case _:
                raise strange(f"the path {self.path[:80]}")

    def _taken(self) -> None:
        item, offset = self._item()
        receiver = self._receiver()
        if not receiver.ask((item,)):
            self._skip(item.bytes - offset)
            self._say(200, Done())
            return
        if self._length() != item.bytes - offset:
            raise strange("another number of bytes than was announced")
        receiver.send(Wanted(item=item, offset=offset), self._pieces(item.bytes - offset))
        refused = receiver.sync().refused
        status = 409 if refused else 202 if item.kind in TOGETHER else 201
        self._say(status, Done())

    def _given(self) -> None:
        item, offset = self._item()
        source = self._relay.source(anew=False)
        if item not in source.items():
            raise strange("an item that is not there")
        self.send_response(200)
        self.send_header("Content-Length", str(item.bytes - offset))
        self.end_headers()
        for piece in source.read(item, offset):
            self.wfile.write(piece)

    # ------------------------------------------------------------ inside
    def _answered(self, work: Any) -> None:
        given = self.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self._relay.token}".encode()):
            self.close_connection = True
            self._say(401, None)
            return
        try:
            with self._relay.turn:
                self._relay.heard()
                work()
                self._relay.heard()
        except DataError as error:
            self.close_connection = True  # the rest of a body may still be under way
            problem = error.problem()
            said = Refusal(code=problem.code, message=problem.message, help=problem.help)
            self._say(_STATUS.get(error.code, 400), said)

    def _receiver(self) -> Receiver:
        return self._relay.receiver(self.headers.get("Plotter2-Session", ""))

    def _item(self) -> tuple[Item, int]:
        if len(self.path) > _LONGEST_PATH:
            raise strange("a path that is too long")
        parts = urlsplit(self.path)
        kind, _, name = parts.path.partition("/1/")[2].partition("/")
        asked = {key: values[0] for key, values in parse_qs(parts.query).items()}
        try:
            offset = int(asked.pop("offset", "0"))
            item = msgspec.convert(
                {"kind": kind, "name": unquote(name), **asked}, Item, strict=False
            )
        except (ValueError, msgspec.MsgspecError) as error:
            raise strange(str(error)) from None
        if not 0 <= offset <= item.bytes:
            raise strange("an offset outside of the item")
        return item, offset

    def _length(self) -> int:
        text = self.headers.get("Content-Length", "")
        if not text.isascii() or not text.isdigit() or self.headers.get("Transfer-Encoding"):
            raise strange("a body without its length")
        return int(text)

    def _body(self) -> bytes:
        length = self._length()
        if length > LARGEST_FRAME:
            raise DataError(
                NO_ROOM, "the body is too large", help="use the same release on both sides"
            )
        return b"".join(self._pieces(length))

    def _pieces(self, length: int) -> Iterator[bytes]:
        while length:
            try:
                piece = self.rfile.read1(min(PIECE, length))
            except OSError as error:
                raise cut(str(error)) from None
            if not piece:
                raise cut("it ended in the middle of an item")
            length -= len(piece)
            yield piece

    def _skip(self, length: int) -> None:
        for _ in self._pieces(length):
            pass

    def _say(self, status: int, message: Said | None, more: dict[str, str] | None = None) -> None:
        body = msgspec.msgpack.encode(message) if message is not None else b""
        self.send_response(status)
        for name, value in {**(more or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


_STATUS = {codes.DISK_FULL: 507, NO_ROOM: 413, CUT: 409, codes.STORE_BUSY: 503}


def _read(body: bytes, kind: type[_Kind]) -> _Kind:
    try:
        return msgspec.msgpack.decode(body, type=kind)
    except msgspec.MsgspecError as error:
        raise strange(str(error)) from None
