"""From bytes to a manifest, strictly. A reader for every past version stays; a newer one is refused by its number."""

from __future__ import annotations

from typing import Any

import msgspec

from plotter2.errors import DataError, Problem
from plotter2.manifest import codes
from plotter2.manifest.fitting import fits, form_of
from plotter2.manifest.mistakes import Mistake, quoted
from plotter2.manifest.model import NEWEST, VERSIONS, Manifest
from plotter2.manifest.plain import Unreadable, forms, plain
from plotter2.manifest.sense import senses
from plotter2.version import __version__

MOST_TOLD = 100
"""So many mistakes are told at once."""


def read_manifest(data: bytes, where: str) -> Manifest:
    """Read a manifest; `where` is the file's name. Raises DataError P2-D089x, the first mistake it has."""
    found, wrong = _looked_at(data)
    if found is not None:
        return found
    first, *others = [_problem(mistake, where) for mistake in wrong]
    note = f"{len(others)} more; plotter2 manifest check tells them all" if others else ""
    raise DataError(first.code, first.message, first.where, first.help, note)


def mistakes(data: bytes, where: str) -> tuple[Problem, ...]:
    """Give all mistakes of a manifest, at most a hundred, in the order of the file as far as can be; none = sound."""
    return tuple(_problem(mistake, where) for mistake in _looked_at(data)[1])


def is_meant(data: bytes) -> bool:
    """Tell whether a file called `manifest.json` is meant to be one of ours, sound or not.

    One that is no JSON may be the beginning of ours, so that is to be said, too.
    """
    if b'"manifest_version"' in data:
        return True
    try:
        msgspec.json.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return True
    return False


def _looked_at(data: bytes) -> tuple[Manifest | None, list[Mistake]]:
    try:
        found = plain(data)
    except Unreadable as error:
        return None, [error.mistake]
    wrong = list(forms(found))
    version = found.get("manifest_version")
    if isinstance(version, bool) or not isinstance(version, int) or version not in VERSIONS:
        return None, [*wrong, _of_version(found)]
    wrong += fits(found, form_of(VERSIONS[version]), "$")
    if wrong:
        return None, wrong[:MOST_TOLD]
    manifest = _made(found, VERSIONS[version])
    if isinstance(manifest, Mistake):
        return None, [manifest]
    wrong += senses(manifest)
    return (None, wrong[:MOST_TOLD]) if wrong else (manifest, [])


def _made(found: dict[str, Any], version: type[Any]) -> Manifest | Mistake:
    try:
        manifest: Manifest = msgspec.convert(found, version)
    except msgspec.ValidationError as error:
        return Mistake(codes.BAD_VALUE, f"a value cannot be: {error}", "$", "mend it")
    return manifest


def _of_version(found: dict[str, Any]) -> Mistake:
    path, known = "$.manifest_version", " or ".join(map(str, VERSIONS))
    if "manifest_version" not in found:
        help = f'add "manifest_version": {NEWEST}'
        return Mistake(codes.BAD_VALUE, "the key 'manifest_version' is missing", "$", help)
    version, tool = found["manifest_version"], found.get("tool")
    if isinstance(version, int) and not isinstance(version, bool) and version > NEWEST:
        made_by = f"; it was made by {quoted(tool)}" if isinstance(tool, str) and tool else ""
        return Mistake(
            codes.NEWER,
            f"the manifest has version {quoted(version)}, and this release (plotter2 {__version__}) "
            f"reads versions up to {NEWEST}{made_by}",
            path,
            "use the release that made it, or the newest: pip install -U plotter2; or have the "
            f"package made with manifest_version {NEWEST}",
        )
    return Mistake(
        codes.BAD_VALUE, f"there is no version {quoted(version)}", path, f"it can be {known}"
    )


def _problem(mistake: Mistake, where: str) -> Problem:
    place = f"{where}: {mistake.path}" if mistake.path else where
    return Problem(mistake.code, mistake.message, place, mistake.help)
