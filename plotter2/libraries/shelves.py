"""The shelves of one root and one script, in the order in which they are looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path

from p2sign.gate import TrustFiles
from plotter2.libraries.finding import OWN_SCOPE, Shelf
from plotter2.libraries.reference import FOLDER, Reference

Trust = Callable[[], TrustFiles]

RELEASE_SIGNERS = "release_signers"
"""The file beside the libraries that ship: whose signatures count for them."""


def shelves(script: Path, folders: Sequence[Path], root: Path, trust: Trust) -> tuple[Shelf, ...]:
    """Give the shelves for a script: `libraries/` beside it, the settings' folders, the root's, those that ship."""
    return (
        Shelf("libraries", beside(script), trust),
        *(Shelf("folder", folder, trust) for folder in folders),
        Shelf("root", root / FOLDER, trust),
        shipped(trust),
    )


def beside(script: Path) -> Path:
    """Give the folder of libraries of a script; of a library it is the one that it stands in."""
    if Reference.of_path(script) is not None:
        return script.absolute().parents[2]
    return script.parent / FOLDER


def shipped(trust: Trust) -> Shelf:
    """Give the shelf of the libraries that ship with plotter2.

    The release key counts there and nowhere else; what a person revoked is revoked here too.
    """

    def release() -> TrustFiles:
        own = trust()
        return TrustFiles(_release_signers(), own.revoked_keys, own.revoked_scripts)

    return Shelf("plotter2", shipped_folder(), release, OWN_SCOPE)


def shipped_folder() -> Path:
    """Give the folder of the libraries that ship."""
    return Path(str(files("p2std"))) / FOLDER


@cache
def _release_signers() -> bytes:
    try:
        return (shipped_folder() / RELEASE_SIGNERS).read_bytes()
    except FileNotFoundError:
        return b""  # nobody is trusted then
