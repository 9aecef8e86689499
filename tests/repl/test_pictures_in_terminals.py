"""Which terminal shows pictures how, and what it is sent."""

from __future__ import annotations

import base64
import os
import pty
import threading

import pytest

from plotter2.repl.pictures import protocol, shown

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({"KITTY_WINDOW_ID": "1"}, "kitty"),
        ({"TERM_PROGRAM": "ghostty"}, "kitty"),
        ({"TERM_PROGRAM": "iTerm.app"}, "iterm"),
        ({"TERM_PROGRAM": "WezTerm"}, "iterm"),
        ({"LC_TERMINAL": "iTerm2"}, "iterm"),
        ({"TERM": "xterm-256color"}, "none"),
        ({"KITTY_WINDOW_ID": "1", "TMUX": "/tmp/x"}, "none"),
        ({"KITTY_WINDOW_ID": "1", "PLOTTER2_PICTURES": "none"}, "none"),
        ({"PLOTTER2_PICTURES": "sixel"}, "sixel"),
        ({"PLOTTER2_PICTURES": "carrier pigeon"}, "none"),
    ],
)
def test_the_terminals_name_or_a_wish_decides(environment: dict[str, str], wanted: str) -> None:
    assert protocol(environment) == wanted


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [(b"\x1b[?62;4;22c", "sixel"), (b"\x1b[?62;22c", "none"), (b"", "none"), (b"4c4", "none")],
)
def test_a_terminal_without_a_name_is_asked(answer: bytes, wanted: str) -> None:
    ours, theirs = pty.openpty()
    try:
        replying = threading.Thread(target=lambda: os.read(ours, 16) and os.write(ours, answer))
        replying.start()
        assert protocol({}, theirs) == wanted
        replying.join()
    finally:
        os.close(ours)
        os.close(theirs)


def test_kitty_gets_the_whole_picture_in_pieces() -> None:
    sent = shown(PICTURE, "kitty")
    pieces = [piece.partition(";") for piece in sent.strip().split("\x1b\\") if piece]
    assert base64.b64decode("".join(data for _, _, data in pieces)) == PICTURE
    assert all(len(data) <= 4096 for _, _, data in pieces)
    assert [keys[-1] for keys, _, _ in pieces] == ["1"] * (len(pieces) - 1) + ["0"]
    assert pieces[0][0] == "\x1b_Ga=T,f=100,m=1"


def test_iterm_gets_the_picture_with_its_size() -> None:
    sent = shown(PICTURE, "iterm")
    head, _, data = sent.strip("\n\x07").partition(":")
    assert head == f"\x1b]1337;File=inline=1;size={len(PICTURE)}"
    assert base64.b64decode(data) == PICTURE


SIXEL = b'\x1bP0;1q"1;1;2;6#0;2;100;0;0#0!2~\x1b\\'


def test_sixel_is_sent_as_it_came() -> None:
    assert shown(SIXEL, "sixel") == SIXEL.decode() + "\n"


@pytest.mark.parametrize(
    "forged",
    [
        b"\x1b]0;title\x07",
        SIXEL + b"\x1b[2J",
        SIXEL[:-2] + b"\x1b[c" + SIXEL[-2:],
        SIXEL[:-2] + b"\x9c\x9d" + SIXEL[-2:],
        SIXEL[:-2],
        PICTURE,
    ],
)
def test_nothing_else_than_sixel_reaches_the_terminal(forged: bytes) -> None:
    assert shown(forged, "sixel") == ""


def test_a_terminal_without_pictures_gets_nothing() -> None:
    assert shown(PICTURE, "none") == ""
