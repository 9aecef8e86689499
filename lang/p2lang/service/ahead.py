"""What stands above a statement that is being written, checked once and kept: it is the same at the next key."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from p2lang import ast
from p2lang.check import Begun
from p2lang.check.scope import Scope
from p2lang.check.session import Place
from p2lang.parser import parse
from p2lang.parser.tree import HOLE
from p2lang.service.document import Document, Sights, Workspace
from p2lang.source import Source

_MOST_KEPT = 4


@dataclass(frozen=True)
class Seen:
    """What the checker saw of a statement, and where the next one would stand."""

    sights: Sights
    behind: Place


@dataclass(frozen=True)
class _Above:
    workspace: Workspace
    begun: Begun
    sights: Sights


_KEPT: OrderedDict[tuple[str, int, int, int], _Above] = OrderedDict()


def seen(text: str, start: int, workspace: Workspace) -> Seen:
    """Check a script whose last statement starts at a place; what is above it is not checked again if it is known."""
    if start == 0 or workspace.as_library:
        return Seen(Document(text, workspace).sights, Place(Scope()))
    above = _above(text[:start], workspace)
    sights = Sights(libraries=dict(above.sights.libraries))
    source = Source(text)
    parsed = parse(Source(" " * start + text[start:]))
    script = parsed.script or ast.Script(())
    poisoned = (*parsed.poisoned, HOLE)  # nobody is to look for what it may mean
    return Seen(sights, above.begun.further(script, source, poisoned=poisoned, watch=sights))


def _above(text: str, workspace: Workspace) -> _Above:
    # What is kept holds on to the workspace, so none of these is another's.
    key = (text, id(workspace.registry), id(workspace.schemas), id(workspace.libraries))
    known = _KEPT.get(key)
    if known is None:
        sights = Sights()
        parsed = parse(Source(text))
        begun = Begun(
            parsed.script or ast.Script(()),
            Source(text),
            workspace.registry,
            workspace.schemas,
            poisoned=parsed.poisoned,
            watch=sights,
            libraries=workspace.libraries,
        )
        known = _KEPT[key] = _Above(workspace, begun, sights)
        while len(_KEPT) > _MOST_KEPT:
            _KEPT.popitem(last=False)
    return known
