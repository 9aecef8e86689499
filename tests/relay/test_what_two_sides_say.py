"""What goes over between two sides comes out as it went in, and no name in it leads out of the root."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plotter2.datter.arrival import Item
from plotter2.datter.layout import Layout
from plotter2.errors import DataError
from plotter2.relay import addresses
from plotter2.relay.framing import Ask, Begin, End, Frames, Lacking, Message, Piece, Prove
from plotter2.relay.link import Wanted
from plotter2.relay.places import place

KINDS = st.sampled_from(["object", "bundle", "event", "output", "session", "config", "registry"])
ITEMS = st.builds(
    Item,
    kind=KINDS,
    name=st.text(st.characters(exclude_categories=["Cs"]), max_size=80),
    digest=st.text("0123456789abcdef", max_size=64),
    bytes=st.integers(0, 1 << 40),
)
MESSAGES: st.SearchStrategy[Message] = st.one_of(
    st.builds(Ask, items=st.lists(ITEMS, max_size=5).map(tuple)),
    st.builds(Begin, item=ITEMS, offset=st.integers(0, 1 << 40)),
    st.builds(Piece, data=st.binary(max_size=300)),
    st.builds(End, abandoned=st.booleans()),
    st.builds(Prove, digest=st.text(max_size=64), nonce=st.binary(max_size=40)),
    st.builds(Lacking, wanted=st.lists(st.builds(Wanted, item=ITEMS), max_size=3).map(tuple)),
)


@given(st.lists(MESSAGES, max_size=5))
def test_messages_come_out_as_they_went_in(messages: list[Message]) -> None:
    here, there = socket.socketpair()
    with here, there:
        mine, other = Frames(here.fileno(), here.fileno()), Frames(there.fileno(), there.fileno())
        for message in messages:
            mine.say(message)
            assert other.hear() == message


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_are_refused(said: bytes) -> None:
    here, there = socket.socketpair()
    with here, there:
        here.sendall(len(said).to_bytes(4, "big") + said)
        here.shutdown(socket.SHUT_WR)
        frames = Frames(there.fileno(), there.fileno(), patience_s=2)
        try:
            frames.hear()
        except DataError as error:
            assert error.code in ("P2-D0916", "P2-D0917")  # noqa: PT017 - a message may come out as well


NAMES = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from(["..", ".", "", "a", "keys", "x" * 300, "a\0b", "~"]), max_size=9).map(
        "/".join
    ),
)


@given(kind=KINDS, name=NAMES)
def test_no_name_leads_out_of_its_folder(kind: str, name: str) -> None:
    layout = Layout(Path("/root-of-a-store"))
    item = Item(kind=kind, name=name, digest="a" * 64, bytes=1)  # type: ignore[arg-type]
    try:
        path = place(layout, item)
    except DataError as error:
        assert error.code == "P2-D0917"  # noqa: PT017 - a good name has a place
        return
    folders = [layout.objects, layout.source, layout.output, layout.sessions, layout.config]
    inside = [folder for folder in [*folders, layout.registry] if path.is_relative_to(folder)]
    assert inside
    assert ".." not in path.parts


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_is_refused(text: str) -> None:
    for beginning in ("", "ssh://", "http://", "https://"):
        try:
            address = addresses.parse(beginning + text)
        except DataError as error:
            assert error.code == "P2-D0918"  # noqa: PT017 - many texts are addresses
            continue
        assert not address.host.startswith("-")
        assert address.kind == "folder" or address.host


@pytest.mark.parametrize(
    ("text", "host", "port", "path"),
    [
        ("ssh://ada@lab/srv/copy", "ada@lab", None, "/srv/copy"),
        ("ssh://lab:2222/srv/a%20copy", "lab", 2222, "/srv/a copy"),
        ("ssh://lab/~/copy", "lab", None, "copy"),
        ("ssh://[::1]:22/copy", "[::1]", 22, "/copy"),
        ("https://lab:7482", "lab", 7482, ""),
        ("https://lab/store", "lab", None, "/store"),
    ],
)
def test_addresses_are_taken_apart(text: str, host: str, port: int | None, path: str) -> None:
    address = addresses.parse(text)
    assert (address.host, address.port, address.path) == (host, port, path)
