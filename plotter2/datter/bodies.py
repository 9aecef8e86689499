"""What a request asks for, by its kind: strict values, kept as canonical JSON."""

from __future__ import annotations

import json
from typing import Literal, TypeAlias, get_args

import msgspec

from logger2.identity import Scalar
from plotter2.datter import codes
from plotter2.errors import DataError

Kind: TypeAlias = Literal["run", "add", "task", "redo", "render"]
KINDS: tuple[Kind, ...] = get_args(Kind)

One: TypeAlias = bool | int | float | str
Value: TypeAlias = One | list[One]
"""What a param may be given."""


class _Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What all bodies share: frozen, no unknown field."""


class Run(_Body, frozen=True):
    """Run a script, as it was when this was asked."""

    script: str
    sha256: str
    params: dict[str, Value] = {}
    formats: tuple[str, ...] = ()


class Add(_Body, frozen=True):
    """Take paths into the store, under a name if it is given; `files` as `staging.loose.Taking.keep`, if it is said."""

    paths: tuple[str, ...]
    name: str | None = None
    files: bool | msgspec.UnsetType = msgspec.UNSET


class TaskOf(_Body, frozen=True):
    """Run a task for one bundle; a task that covers several is a request for each.

    `sha256` is that of the attached script as it was when this was asked, "" in requests of older releases.
    """

    bundle: str
    task: str
    params: dict[str, Value] = {}
    formats: tuple[str, ...] = ()
    sha256: str = ""


class Redo(_Body, frozen=True):
    """Run an experiment again, once for each of the combinations of parameters `over`.

    `run` and `task` say who asks: the run of a script, and the task in it.
    """

    bundle: str
    over: tuple[dict[str, Scalar], ...]
    gpu_hours: float = 1.0
    keep: Literal["all", "best"] = "all"
    run: str = ""
    task: str = ""


class Render(_Body, frozen=True):
    """Draw what a package asks for with a script that came with it."""

    bundle: str
    script: str
    params: dict[str, Value] = {}
    formats: tuple[str, ...] = ()


Body: TypeAlias = Run | Add | TaskOf | Redo | Render
_TYPES: dict[str, type[Body]] = {
    "run": Run,
    "add": Add,
    "task": TaskOf,
    "redo": Redo,
    "render": Render,
}


def read_body(kind: str, text: str) -> Body:
    """Read a body out of the registry. Raises DataError (P2-D0806) when it is none of this kind."""
    try:
        # The names of files may hold what is no text; the decoder of msgspec refuses that.
        return msgspec.convert(json.loads(text), _TYPES[kind])
    except (KeyError, ValueError) as error:
        raise DataError(
            codes.REGISTRY_DAMAGED,
            f"a request of the kind {kind!r} cannot be read: {error}",
            help="use the release of plotter2 that wrote it",
        ) from None


def is_of_kind(kind: str, body: Body) -> bool:
    """Tell whether a body belongs to a kind."""
    return type(body) is _TYPES.get(kind)
