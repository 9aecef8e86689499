"""Hostile texts, names and packages: what a stranger may put where a CSV file or a package is expected.

Each input is a set of files by name. `codes` are the refusals that are right; none means that it is taken in, for it is
odd but harmless.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Input:
    """Files by name, and how they may be refused."""

    files: Mapping[str, bytes]
    codes: tuple[str, ...] = ()
    made: tuple[str, ...] = field(default=())
    """What else lies there: links, pipes, sockets, by the word for it."""


def one(name: str, content: bytes | str, *codes: str) -> Input:
    """Give a single file."""
    return Input({name: content.encode() if isinstance(content, str) else content}, codes)


def csv(content: bytes | str, *codes: str) -> Input:
    return one("x.csv", content, *codes)


def lines(content: bytes | str, *codes: str) -> Input:
    return one("x.jsonl", content, *codes)


CSV = {
    "a zero byte": csv(b"a,b\n1,\x002\n", "P2-D0841"),
    "UTF-16": csv("a,b\n1,2\n".encode("utf-16"), "P2-D0843"),
    "Latin-1": csv(b"a,b\n1,\xe9\n", "P2-D0843"),
    "nothing": csv(b"", "P2-D0840"),
    "a byte-order mark alone": csv(b"\xef\xbb\xbf", "P2-D0840"),
    "a pointer": csv(b"version https://git-lfs.github.com/spec/v1\noid sha256:4\nsize 4\n", "P2-D0842"),
    "ragged lines": csv("a,b\n1,2\n3\n", "P2-D0844"),
    "a quotation without end": csv('a,b\n1,"' + "x" * 3_000_000, "P2-D0851", "P2-D0849"),
    "very many columns": csv(",".join(f"c{n}" for n in range(20_000)) + "\n1\n", "P2-D0848"),
    "a very long cell": csv("a,b\n1," + "x" * 2_000_000 + "\n", "P2-D0849"),
    "a name twice": csv("a,a\n1,2\n", "P2-D0845"),
    "a terminal's commands": csv("\x1b]0;owned\x07,b\n1,2\n", "P2-D0854"),
    "text that turns round": csv("a\u202eb,c\n1,2\n", "P2-D0854"),
    "a backtick": csv("a`b,c\n1,2\n", "P2-D0854"),
    "nothing but commas": csv("," * 400 + "\n" + "," * 400 + "\n"),
    "names without rows": csv("a,b\n", "P2-D0835"),
    "enormous numbers": csv("a,b\n" + "9" * 400 + ",1e999999\n1,2\n"),
    "a formula": csv('a,b\n=cmd|\' /C calc\'!A0,"=1+1"\n'),
    "commands in a cell": csv("a,b\n\x1b[2J\x1b[31m,2\n"),
    "a million line ends": csv(b"a,b\n1,2\n" + b"\n" * 1_000_000),
}  # fmt: skip
JSON = {
    "a hundred thousand brackets": lines("[" * 100_000, "P2-D0846", "P2-D0850", "P2-D0852"),
    "a hundred thousand objects": lines('{"a":' * 100_000 + "1" + "}" * 100_000, "P2-D0850", "P2-D0846"),
    "33 levels": lines('{"a":' * 33 + "1" + "}" * 33 + "\n", "P2-D0850"),
    "a key twice": lines('{"a": 1, "a": 2}\n', "P2-D0853"),
    "keys that become one": lines('{"a/b": 1, "a": {"b": 2}}\n', "P2-D0853"),
    "a list": lines("[1, 2]\n[1, 2]\n", "P2-D0852"),
    "no end": lines('{"a": "x\n{"a": \n', "P2-D0846"),
    "a very long line": lines('{"a": "' + "x" * 2_000_000 + '"}\n', "P2-D0849"),
    "very many keys": lines(json.dumps({f"k{n}": n for n in range(20_000)}) + "\n", "P2-D0848"),
    "a number of 5,000 digits": lines('{"a": ' + "9" * 5_000 + "}\n", "P2-D0846"),
    "a zero in a key": lines('{"a\\u0000b": 1}\n', "P2-D0854"),
    "commands in a key": lines('{"\\u001b[2J": 1}\n', "P2-D0854"),
    "no text": lines(b'{"a": "\xff"}\n', "P2-D0843"),
    "half a character": lines('{"a": "\\ud800"}\n'),
    "words for numbers": lines('{"a": NaN}\n{"a": -Infinity}\n{"a": 1e999}\n'),
    "a list as params": Input({"x.csv": b"a\n1\n", "params.json": b"[1]"}, ("P2-D0855",)),
    "params that nest": Input(
        {"x.csv": b"a\n1\n", "params.json": b'{"a":' * 50_000 + b"1" + b"}" * 50_000},
        ("P2-D0850", "P2-D0855"),
    ),
    "params twice": Input({"x.csv": b"a\n1\n", "params.json": b'{"a": 1, "a": 2}'}, ("P2-D0853",)),
    "a recorded run that is none": Input(
        {"run.json": b'{"l2": 1, "state": "dancing"}', "seg-0000.l2.jsonl": b"[[[["}, ("P2-D0856",)
    ),
    "a segment that lies": one("s.l2.jsonl", b'{"l2": 1, "run": {"a": [[[[]]]]}}\n[1, 2', "P2-D0856"),
}  # fmt: skip
NAMES = {
    "a line end": one("a\nb.csv", "a\n1\n"),
    "a terminal's commands": one("\x1b[2J\x1b]0;owned\x07.csv", "a\n1\n"),
    "text that turns round": one("vsc.\u202egnp.csv", "a\n1\n"),
    "an option": one("-rf.csv", "a\n1\n"),
    "dots": one("...csv.csv", "a\n1\n", "P2-D0831"),
    "a device of Windows": one("CON.csv", "a\n1\n"),
    "a drive": one("C:x.csv", "a\n1\n"),
    "blanks": one("  a  .csv", "a\n1\n"),
    "quotes": one("';--\"`$(id)`.csv", "a\n1\n"),
    "as long as can be": one("x" * 251 + ".csv", "a\n1\n"),
    "names that differ in case": Input({"A.csv": b"a\n1\n", "a.csv": b"a\n2\n"}),
    "letters that look alike": Input({"\u00e4.csv": b"a\n1\n", "a\u0308.csv": b"a\n2\n"}),
    "bytes that are no text": Input({"x.csv": b"a\n1\n"}, (), ("bytes",)),
    "a link": Input({"x.csv": b"a\n1\n"}, (), ("link",)),
    "a link to itself": Input({"x.csv": b"a\n1\n"}, (), ("loop",)),
    "a pipe": Input({"x.csv": b"a\n1\n"}, ("P2-D0832",), ("pipe",)),
    "a socket": Input({"x.csv": b"a\n1\n"}, ("P2-D0830", "P2-D0832"), ("socket",)),
    "a folder called like a file": Input({"x.csv": b"a\n1\n"}, (), ("folder",)),
    "folders without end": Input({"/".join("d" * 20) + "/x.csv": b"a\n1\n"}, ("P2-D0839",)),
}


# ------------------------------------------------------------ packages
_SOUND = (DATA / "packages" / "version-2.p2b").read_bytes()
_BROKEN = (
    "P2-D0859",
    "P2-D0890",
    "P2-D0891",
    "P2-D0892",
    "P2-D0893",
    "P2-D0894",
    "P2-D0895",
    "P2-D0896",
    "P2-D0897",
)


def package(content: bytes) -> Input:
    return Input({"x.p2b": content}, _BROKEN)


_HEAD = (
    '"manifest_version": 2, "date": "2026-11-24", "time": "13:05:00", "user": "ada", "name": "a"'
)


def manifest(rest: str) -> Input:
    text = f"{{{_HEAD}{rest}"
    return Input({"manifest.json": text.encode(), "a.csv": b"a\n1\n"}, _BROKEN)


def _flipped(place: int) -> bytes:
    data = bytearray(_SOUND)
    data[place] ^= 0x20
    return bytes(data)


PACKAGES = {
    "cut in its middle": package(_SOUND[: len(_SOUND) // 2]),
    "without its last byte": package(_SOUND[:-1]),
    "with more behind it": package(_SOUND + b"x"),
    "another digest": package(_flipped(len(_SOUND) - 30)),
    "another byte in a file": package(_flipped(len(_SOUND) - 80)),
    "another byte in the manifest": package(_flipped(60)),
    "a manifest of ten gigabytes": package(b"P2B 1 9999999999\n{}"),
    "a manifest that nests": package(b"P2B 1 0000200000\n" + b"[" * 200_000),
    "a future version": package(b"P2B 9999 0000000002\n{}"),
    "no text": package(b"P2B 1 0000000004\n\xff\xfe\x00\x01"),
    "a file outside": manifest(', "contains": ["../../etc/passwd"], "digests": {}}'),
    "an absolute file": manifest(', "contains": ["/etc/passwd"], "digests": {}}'),
    "a file that is not there": manifest(', "contains": ["b.csv"], "digests": {}}'),
    "another digest than the file's": manifest(
        ', "contains": ["a.csv"], "digests": {"a.csv": {"sha256": "' + "0" * 64 + '", "bytes": 4}}}'
    ),
    "a key twice": manifest(', "user": "eve"}'),
    "no JSON": manifest(", "),
}
