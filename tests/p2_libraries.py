"""Libraries for tests of the checker: files of two folders, found without signatures; some are refused or locked."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from p2lang.check import Libraries, Library, Locked, UnusableLibrary
from p2lang.source import Source

HERE = Path(__file__).parent
GOOD = HERE / "libraries"
MISTAKEN = HERE / "p2lang" / "mistaken_libraries"

DIGESTS = {"alice/colours@0.4.1": "9f2c0a7e1d5b".ljust(64, "0")}
"""What the example script pins."""

UNSIGNED = ("P2-S0701", "the library is not signed", "read it, then sign it: plotter2 sign FILE")
ALIKE = {
    "lab/changed@1.0.0": "lab/unsigned@1.0.0",
    "lab/signed-anew@1.0.0": "lab/unsigned@1.0.0",
    "lab/unlocked@1.0.0": "lab/unsigned@1.0.0",
    "lab/unlocked-too@1.0.0": "lab/unsigned@1.0.0",
}


def paths() -> dict[str, Path]:
    """Give the files by `scope/name@version`."""
    found = {}
    for folder in (GOOD, MISTAKEN):
        for path in sorted(folder.glob("*/*/*.p2")):
            scope, name = path.parts[-3:-1]
            found[f"{scope}/{name}@{path.stem}"] = path
    return found


PATHS = paths()


def find(reference: str) -> Library | None:
    """Give a library as its scope's person signed it."""
    if reference == "lab/unreadable@1.0.0":
        raise UnusableLibrary("P2-S0704", "the signature file is damaged", "get it anew")
    path = PATHS.get(ALIKE.get(reference, reference))
    if path is None:
        return None
    content = path.read_bytes()
    digest = DIGESTS.get(reference, hashlib.sha256(content).hexdigest())
    scope = reference.partition("/")[0]
    shown = f"libraries/{'/'.join(path.parts[-3:])}"
    library = Library(Source(content.decode(), shown), digest, (f"{scope}@lab",))
    return replace(library, refused=UNSIGNED) if reference == "lab/unsigned@1.0.0" else library


def versions(name: str) -> tuple[str, ...]:
    """Give the versions of a library."""
    return tuple(known.partition("@")[2] for known in PATHS if known.partition("@")[0] == name)


def locked() -> dict[str, Locked]:
    """Give a lock with all libraries but the one that is called unlocked."""
    found = {}
    for reference in (*PATHS, *ALIKE):
        library = find(reference)
        assert library is not None
        found[reference] = Locked(library.sha256, library.signers)
    found["lab/changed@1.0.0"] = Locked("1" * 64, ("lab@lab",))
    found["lab/signed-anew@1.0.0"] = replace(found["lab/signed-anew@1.0.0"], signers=("carol@lab",))
    del found["lab/unlocked@1.0.0"], found["lab/unlocked-too@1.0.0"]
    return found


LIBRARIES = Libraries(find, versions, tuple(PATHS), locked())
