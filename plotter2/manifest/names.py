r"""Which names, ids and paths may stand in a manifest: patterns that mean the same in Python and in JSON Schema.

No path leaves its package (no `..`, no root, no backslash), and each can be a file on every system: no control
characters, no names of devices (`con`, `nul`, `com1`), no full stop or space at an end.
"""

from __future__ import annotations

import re
import unicodedata

_END = r"$(?!\n)"
"""The very end: in Python `$` alone stands before a last line feed, too."""
DEVICES = "[cC][oO][nN]|[pP][rR][nN]|[aA][uU][xX]|[nN][uU][lL]|[cC][oO][mM][0-9]|[lL][pP][tT][0-9]"
_NO_DEVICE = rf"(?!(?:{DEVICES})(?:\.[^/]*)?(?:/|$))"

SEGMENT_TEXT = "[a-z0-9][a-z0-9._=,+-]{0,99}"
"""One part of a bundle's name, or of a selector."""
NAME_PART = rf"{_NO_DEVICE}[a-z0-9](?:[a-z0-9._=,+-]{{0,98}}[a-z0-9_=,+-])?"
"""The same of a bundle that is to come in: other systems can have a file of this name."""
_FILE_PART = (
    rf"{_NO_DEVICE}(?![ .])"
    r"""[^\u0000-\u001f\u007f/\\:*?"<>|]{0,199}[^\u0000-\u001f\u007f/\\:*?"<>| .]"""
)

LONGEST_PATH = 1_000
TABLE_NAME = rf"^{SEGMENT_TEXT}{_END}"
"""A table is no file of its own; its name is what the store allows."""
BUNDLE_NAME = rf"^{NAME_PART}(?:/{NAME_PART}){{0,15}}{_END}"
FILE_PATH = rf"^{_FILE_PART}(?:/{_FILE_PART}){{0,31}}{_END}"
COLUMN_NAME = rf"^[^\u0000-\u001f\u007f`]{{1,512}}{_END}"
ULID_TEXT = "[0-7][0-9A-HJKMNP-TV-Z]{25}"
IDENTITY = rf"^(?:{ULID_TEXT}|{_NO_DEVICE}[a-z0-9](?:[a-z0-9._-]{{0,98}}[a-z0-9_-])?){_END}"
"""The ULID of a bundle, or a name that its maker chose."""

ALLOWED = {
    TABLE_NAME: "1 to 100 characters out of a-z 0-9 . _ = , + - that begin with a letter or digit",
    FILE_PATH: "a path below the package with '/' between its parts: no '..', no control characters, "
    "no \\ : * ? \" < > |, no name of a device such as 'con', no full stop or space at an end",
    COLUMN_NAME: "1 to 512 printable characters without backticks",
    IDENTITY: "a ULID of 26 characters, or 1 to 100 characters out of a-z 0-9 . _ - that begin with a "
    "letter or digit; no name of a device such as 'con'",
}
ALLOWED[BUNDLE_NAME] = (
    f"{ALLOWED[TABLE_NAME]}, parts joined by '/'; no name of a device such as 'con', no full stop "
    "at the end"
)
"""For each pattern of a name what it allows, in words."""

_FILE = re.compile(FILE_PATH)
_ULID = re.compile(ULID_TEXT + r"\Z")


def is_ulid(text: str) -> bool:
    """Tell whether `text` is a whole ULID."""
    return _ULID.match(text) is not None


def is_file_path(path: str) -> bool:
    """Tell whether a path may stand in a manifest."""
    return len(path) <= LONGEST_PATH and path.isprintable() and _FILE.match(path) is not None


def folders_above(path: str) -> list[str]:
    """Give the folders that a path lies in, the outermost first."""
    parts = path.split("/")[:-1]
    return ["/".join(parts[: end + 1]) for end in range(len(parts))]


def folded(path: str) -> str:
    """Give what paths have in common that some file systems take for the same."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())
