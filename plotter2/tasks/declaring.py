"""Looking at a script before it is attached: signed, of one piece, and every link of it answers with the bundle's data.

A script passes or nothing of it is attached; of several scripts all or none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from p2lang.types import TableSchema
from plotter2.datter.attaching import Attached, ScriptBytes, require_active
from plotter2.datter.attachments import DeclaredLink, Mode
from plotter2.datter.registry import BundleRow
from plotter2.datter.store import Store
from plotter2.errors import DataError, ExitCode
from plotter2.runs.compiling import CompiledScript
from plotter2.runs.opening import OpenedScript
from plotter2.tasks import codes
from plotter2.tasks.attached import Declarations
from plotter2.tasks.chains import refuse_links_of_links
from plotter2.tasks.model import Reason
from plotter2.tasks.parts import LinkNode, Text, links_of, text_of
from plotter2.tasks.places import origin_of

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._=,+ -]{0,95}\.p2\Z")


@dataclass(frozen=True, slots=True)
class Modes:
    """Links whose mode a person chose, by name.

    The others keep the mode that they have; a new one is `constant`, or `mutable` if it reads several bundles.
    """

    constant: tuple[str, ...] = ()
    mutable: tuple[str, ...] = ()

    def of(self, name: str, source: str, before: Mode | None) -> Mode:
        """Give the mode of a link; `before` is the one that it has by now, if it has one."""
        if name in self.mutable:
            return "mutable"
        if name in self.constant:
            return "constant"
        return before or ("mutable" if "*" in source else "constant")


KEPT_MODES = Modes()
"""Every link in the mode that its source suggests."""


@dataclass(frozen=True, slots=True)
class Examined:
    """A script that may be attached: its bytes with what it declares, and notes for people."""

    script: ScriptBytes
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AttachedTo:
    """What became of a script that was to be attached."""

    examined: Examined
    outcome: Attached

    def as_json(self) -> dict[str, Any]:
        """Give `{script, outcome, links, tasks, notes}`."""
        return {
            "script": self.examined.script.name,
            "outcome": self.outcome,
            "links": list(self.examined.script.links),
            "tasks": list(self.examined.script.tasks),
            "notes": list(self.examined.notes),
        }


@dataclass(frozen=True, slots=True)
class AttachedEach:
    """What became of scripts that were to be attached to one of several bundles, or why they were not."""

    bundle: BundleRow
    done: tuple[AttachedTo, ...] = ()
    refused: Reason | None = None

    def as_json(self) -> dict[str, Any]:
        """Give `{bundle, attached, refused}`."""
        return {
            "bundle": self.bundle.name,
            "attached": [each.as_json() for each in self.done],
            "refused": self.refused and self.refused.as_json(),
        }


def active(store: Store, path: str) -> BundleRow:
    """Give the one bundle that scripts can be attached to. Raises DataError: P2-D0810, P2-D0815, P2-D0824."""
    return require_active(path, store.find(path))


def examine(
    declarations: Declarations,
    bundle: BundleRow,
    scripts: Sequence[OpenedScript],
    modes: Modes,
) -> tuple[Examined, ...]:
    """Look at scripts that are to be attached to a bundle together.

    Raises Refused (signature, trust), CheckFailed (mistakes, a link that does not keep its type), DataError
    P2-D0871..0876 but 0873, which the store tells.
    """
    found = tuple(_examined(declarations, bundle, script, modes) for script in scripts)
    known = {name for each in found for name in each.script.links}
    for name in (*modes.constant, *modes.mutable):
        if name not in known:
            raise _no_such_link(name, sorted(known))
    return found


def require_declarations(script: OpenedScript, program: CompiledScript) -> None:
    """Raise DataError P2-D0872 for a script with no link and no task, before it is signed to be attached."""
    text = text_of(script.content, str(script.path))
    if text is not None and not links_of(program) and not program.module.tasks:
        raise _nothing_declared(script, text)


def _examined(
    declarations: Declarations, bundle: BundleRow, script: OpenedScript, modes: Modes
) -> Examined:
    if not _NAME.match(script.name):
        raise _not_attachable(script, "this name cannot be kept", "call it like weights.p2")
    verified = declarations.ground.verify(script)
    text = text_of(script.content, str(script.path))
    if text is not None:
        refuse_links_of_links(declarations, bundle, text)
    program = declarations.compiled(bundle, script, verified)
    text = text_of(script.content, str(script.path))
    assert text is not None
    assert script.sidecar is not None
    nodes = links_of(program)
    require_declarations(script, program)
    for name in nodes.keys() - text.links.keys():
        raise _not_attachable(
            script, f"the link {name} depends on a condition", "move it out of `when` and `repeat`"
        )
    before = _modes_before(declarations, bundle, script.name)
    links = {
        name: _declared_link(
            declarations.store,
            bundle,
            node,
            program,
            modes.of(name, text.links[name].source.value, before.get(name)),
        )
        for name, node in nodes.items()
    }
    notes: tuple[str, ...] = ()
    if text.outside:
        what = f"plotter2 run {script.name}"
        notes = (f"what stands outside of its tasks is not run here, only by: {what}",)
    tasks = tuple(task.name for task in program.module.tasks)
    return Examined(ScriptBytes(script.name, script.content, script.sidecar, links, tasks), notes)


def _modes_before(declarations: Declarations, bundle: BundleRow, script: str) -> dict[str, Mode]:
    found = (a.kept.links for a in declarations.store.attachments(bundle) if a.name == script)
    return {name: link.mode for links in found for name, link in links.items()}


def _declared_link(
    store: Store, bundle: BundleRow, node: LinkNode, program: CompiledScript, mode: Mode
) -> DeclaredLink:
    source = node.path
    schema: TableSchema = program.schemas[source]
    return DeclaredLink(
        mode=mode,
        source=source,
        origin=origin_of(store, bundle, source),
        head=tuple((name, str(kind)) for name, kind in node.head.columns),
        columns=tuple((name, str(schema[name])) for name in node.reads),
        rows=schema.rows,
    )


# ---- refusals ----------------------------------------------------------------------------------


def _not_attachable(script: OpenedScript, why: str, remedy: str) -> DataError:
    return DataError(
        codes.NOT_ATTACHABLE,
        f"{script.name} cannot be attached: {why}",
        str(script.path),
        remedy,
        exit_code=ExitCode.CHECK_FAILED,
    )


def _nothing_declared(script: OpenedScript, text: Text) -> DataError:
    run = "it draws by itself: plotter2 run " + script.name if text.outside else "it does nothing"
    return DataError(
        codes.NOTHING_DECLARED,
        f"{script.name} declares no link and no task, so attaching it would change nothing",
        str(script.path),
        f"{run}; to have it on bundles, put it into `task name {{ ... }}`",
        exit_code=ExitCode.CHECK_FAILED,
    )


def _no_such_link(name: str, known: list[str]) -> DataError:
    has = f"it declares {', '.join(known)}" if known else "it declares none"
    return DataError(
        codes.UNKNOWN_LINK,
        f"no link {name} is declared, so it cannot be constant or mutable",
        name,
        has,
        exit_code=ExitCode.USAGE,
    )
