"""Pictures in the terminal, for terminals that can: kitty's graphics, iTerm2's images, sixel. Bytes are handed on as
they are: nothing here reads what a child drew. Sixel data is sent unquoted, so it must be made of nothing but the signs
of sixel data: a child cannot command the terminal.
"""

from __future__ import annotations

import base64
import os
import re
import select
import termios
import time
import tty
from collections.abc import Iterator, Mapping
from typing import Literal

Protocol = Literal["kitty", "iterm", "sixel", "none"]

_WISHES: Mapping[str, Protocol] = {
    "kitty": "kitty",
    "iterm": "iterm",
    "sixel": "sixel",
    "none": "none",
}
_CHUNK = 4096
_DEVICE_ATTRIBUTES = "\x1b[c"
_ANSWER = re.compile(rb"\x1b\[\?([0-9;]+)c")
_SIXEL = b"4"
_ONLY_SIXEL = re.compile(rb"\x1bP[0-9;]{0,16}q[!-~]*\x1b\\")
_PATIENCE_S = 0.2


def protocol(environment: Mapping[str, str], terminal: int | None = None) -> Protocol:
    """Tell how the terminal shows pictures: `PLOTTER2_PICTURES` decides, else its name, else its own answer.

    `terminal` is a descriptor of the terminal that may be asked; without one nothing is asked.
    """
    wish = _WISHES.get(environment.get("PLOTTER2_PICTURES", ""))
    if wish is not None:
        return wish
    if "TMUX" in environment:
        return "none"  # it swallows what it does not know
    program = environment.get("TERM_PROGRAM", "").lower()
    if "KITTY_WINDOW_ID" in environment or program == "ghostty":
        return "kitty"
    if program in ("iterm.app", "wezterm") or environment.get("LC_TERMINAL") == "iTerm2":
        return "iterm"
    return "sixel" if terminal is not None and _answers_sixel(terminal) else "none"


def shown(picture: bytes, kind: Protocol) -> str:
    """Give what a terminal is sent to show a picture; a PNG, or sixel data when the protocol is sixel."""
    if kind == "kitty":
        return "".join(_kitty(base64.b64encode(picture).decode())) + "\n"
    if kind == "iterm":
        encoded = base64.b64encode(picture).decode()
        return f"\x1b]1337;File=inline=1;size={len(picture)}:{encoded}\x07\n"
    if kind == "sixel" and _ONLY_SIXEL.fullmatch(picture):
        return picture.decode("ascii") + "\n"
    return ""


def _kitty(encoded: str) -> Iterator[str]:
    # The protocol takes base64 in pieces of at most 4096 characters; m=1 says that more follows.
    for start in range(0, len(encoded), _CHUNK):
        more = int(start + _CHUNK < len(encoded))
        keys = f"a=T,f=100,m={more}" if start == 0 else f"m={more}"
        yield f"\x1b_G{keys};{encoded[start : start + _CHUNK]}\x1b\\"


def _answers_sixel(terminal: int) -> bool:
    """Ask the terminal for its attributes (DA1, ECMA-48); 4 among them means sixel."""
    before = termios.tcgetattr(terminal)
    try:
        tty.setcbreak(terminal)
        os.write(terminal, _DEVICE_ATTRIBUTES.encode())
        heard = _heard(terminal)
    except OSError:
        return False
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
    answer = _ANSWER.search(heard)
    return answer is not None and _SIXEL in answer[1].split(b";")


def _heard(terminal: int) -> bytes:
    heard, until = b"", time.monotonic() + _PATIENCE_S
    while _ANSWER.search(heard) is None:
        left = until - time.monotonic()
        if left <= 0 or not select.select([terminal], [], [], left)[0]:
            break
        heard += os.read(terminal, 256)
    return heard
