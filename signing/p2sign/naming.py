"""Names, paths, digests and versions as a statement may hold them: one spelling, usable on every system."""

from __future__ import annotations

import re
from collections.abc import Iterable

from p2sign.refusal import Refusal, shown

MAX_PATH = 240
"""The most characters a path may have."""

_NAME_SEGMENT = r"[a-z0-9][a-z0-9._-]{0,63}"
_NAME = re.compile(rf"{_NAME_SEGMENT}(?:/{_NAME_SEGMENT}){{1,3}}")
_SCOPE = re.compile(_NAME_SEGMENT)
_PATH_SEGMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
_MAX_SEGMENTS = 8
# Windows opens a device for these, whatever follows after a dot.
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)
_DIGEST = re.compile(r"[0-9a-f]{64}")
_LANGUAGE = re.compile(r"(?:0|[1-9][0-9]{0,3})\.(?:0|[1-9][0-9]{0,3})")


def check_name(name: str) -> str:
    """Give `name` back, or refuse (E_STMT_NAME) what is not 2 to 4 segments of small letters, digits, `.`, `_`, `-`."""
    if not _NAME.fullmatch(name):
        raise Refusal("E_STMT_NAME", f"{shown(name)} is not a name of the form scope/name")
    return name


def is_scope(text: str) -> bool:
    """Say whether `text` can be the first segment of a name."""
    return _SCOPE.fullmatch(text) is not None


def check_path(path: str) -> str:
    """Give `path` back, or refuse (E_STMT_PATH) what is not relative, plain and the same file on every system."""
    segments = path.split("/")
    if len(path) > MAX_PATH or len(segments) > _MAX_SEGMENTS:
        raise Refusal("E_STMT_PATH", f"the path {shown(path)} is too long or too deep")
    for segment in segments:
        if not _PATH_SEGMENT.fullmatch(segment):
            raise Refusal("E_STMT_PATH", f"{shown(path)} is not a plain path")
        if _DEVICE.fullmatch(segment) or segment.endswith("."):
            raise Refusal("E_STMT_PATH", f"{shown(path)} means something else on Windows")
    return path


def check_paths(paths: Iterable[str]) -> None:
    """Refuse (E_STMT_PATH) paths that fall together where case does not count, or where one is a folder of another."""
    seen: dict[str, str] = {}
    folders: dict[str, str] = {}
    for path in paths:
        folded = path.lower()
        clash = seen.get(folded)
        if clash is not None:
            raise Refusal("E_STMT_PATH", f"{shown(path)} and {shown(clash)} differ by case only")
        seen[folded] = path
        for at, character in enumerate(path):
            if character == "/":
                spelling = folders.setdefault(folded[:at], path[:at])
                if spelling != path[:at]:
                    raise Refusal(
                        "E_STMT_PATH",
                        f"{shown(path[:at])} and {shown(spelling)} differ by case only",
                    )
    for folder in folders:
        if folder in seen:
            raise Refusal("E_STMT_PATH", f"{shown(seen[folder])} is a file and a folder")


def check_digest(digest: str) -> None:
    """Refuse (E_STMT_DIGEST) what is not a SHA-256 in 64 small hex digits."""
    if not is_digest(digest):
        raise Refusal("E_STMT_DIGEST", f"{shown(digest)} is not a SHA-256 in 64 small hex digits")


def is_digest(text: str) -> bool:
    """Say whether `text` is a SHA-256 in 64 small hex digits."""
    return _DIGEST.fullmatch(text) is not None


def is_language(text: str) -> bool:
    """Say whether `text` is a version of the language, such as 1.0."""
    return _LANGUAGE.fullmatch(text) is not None
