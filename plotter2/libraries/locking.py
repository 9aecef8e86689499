"""From the libraries that scripts use to the lock that pins them: what is added, what changed, what no longer fits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Literal

from p2lang import ast
from p2lang.fmt import format_script
from p2lang.parser import parse
from plotter2.libraries.finding import Found
from plotter2.libraries.lockfile import LockLine

Kind = Literal["added", "changed", "removed", "kept"]
_DIGITS = 12


@dataclass(frozen=True)
class Change:
    """What becomes of one line of a lock; `old` and `new` are None where there is none."""

    kind: Kind
    old: LockLine | None
    new: LockLine | None

    @property
    def library(self) -> str:
        """Give the library's name and version."""
        line = self.new or self.old
        assert line is not None
        return str(line.reference)

    @property
    def came(self) -> tuple[str, ...]:
        """Give the names that are new."""
        return tuple(sorted(set(_names(self.new)) - set(_names(self.old))))

    @property
    def went(self) -> tuple[str, ...]:
        """Give the names that are gone."""
        return tuple(sorted(set(_names(self.old)) - set(_names(self.new))))

    @property
    def altered(self) -> tuple[str, ...]:
        """Give the names that mean something else now."""
        old, new = _names(self.old), _names(self.new)
        return tuple(sorted(name for name in old if name in new and old[name] != new[name]))


def line_of(found: Found) -> LockLine:
    """Give the line that pins a library as it was found."""
    signers = tuple((signer.principal, signer.fingerprint) for signer in found.signers)
    return LockLine(found.reference, found.sha256, found.shelf, signers, offered(found))


def offered(found: Found) -> dict[str, str]:
    """Give a digest of each name that a library offers, layout and the comments above it left out."""
    script = parse(found.library.source).script
    names = {}
    for item in () if script is None else script.items:
        if isinstance(item, ast.Def | ast.Let | ast.Pipe) and not item.name.text.startswith("_"):
            bare = replace(item, comments=(), trailing="", blank_before=None)
            text = format_script(ast.Script((bare,)))
            names[item.name.text] = sha256(text.encode()).hexdigest()[:_DIGITS]
    return names


def changes(
    lock: Mapping[str, LockLine], found: Iterable[Found], unused: Iterable[str] = ()
) -> tuple[Change, ...]:
    """Give what must happen to a lock so that it pins what was found; `unused` are lines that may go.

    A line that goes and one that comes for another version of the same library are one change.
    """
    gone = {name: lock[name] for name in unused if name in lock}
    out = []
    for each in sorted(found, key=lambda each: each.reference):
        new = line_of(each)
        old = lock.get(str(each.reference)) or _other_version(new, gone)
        if old is not None and old.reference != new.reference:
            del gone[str(old.reference)]
        kind: Kind = "added" if old is None else "kept" if _same(old, new) else "changed"
        out.append(Change(kind, old, new))
    return (*out, *(Change("removed", line, None) for line in gone.values()))


def applied(lock: Mapping[str, LockLine], made: Iterable[Change]) -> dict[str, LockLine]:
    """Give the lock after changes."""
    lines = dict(lock)
    for change in made:
        if change.old is not None:
            lines.pop(str(change.old.reference), None)
        if change.new is not None:
            lines[str(change.new.reference)] = change.new
    return lines


def _same(old: LockLine, new: LockLine) -> bool:
    return old.reference == new.reference and old.pins == new.pins


def _other_version(new: LockLine, gone: Mapping[str, LockLine]) -> LockLine | None:
    wanted = (new.reference.scope, new.reference.name)
    return next((o for o in gone.values() if (o.reference.scope, o.reference.name) == wanted), None)


def _names(line: LockLine | None) -> Mapping[str, str]:
    return {} if line is None else line.names
