"""Links and tasks as they are declared, and the answers to them. Frozen values; nothing is read here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from p2lang.ir import ModuleParam
from p2lang.semantics.promises import Columns
from p2sign.gate import Verified
from plotter2.datter.attachments import Attachment, DeclaredLink, Mode
from plotter2.datter.registry import BundleRow
from plotter2.errors import Plotter2Error
from plotter2.runs.compiling import CompiledScript
from plotter2.runs.opening import OpenedScript

Kind: TypeAlias = Literal["pipeline", "script", "configuration"]
"""A `script` has a step in Python; a `configuration` only makes tables for others; a `pipeline` is all else."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something does not answer or does not run: code, sentence, remedy, and the place if there is one."""

    code: str
    message: str
    help: str = ""
    where: str = ""

    @staticmethod
    def of(error: Plotter2Error) -> Reason:
        """Give an error as a reason."""
        return Reason(error.code, error.message, error.help, error.where)

    def as_json(self) -> dict[str, str]:
        """Give `{code, message, where, help}`."""
        return {
            "code": self.code,
            "message": self.message,
            "where": self.where,
            "help": self.help,
        }


@dataclass(frozen=True, slots=True)
class Head:
    """A question: a table of this name with these columns."""

    name: str
    columns: Columns

    def __str__(self) -> str:
        return f"{self.name}: {self.type}"

    @property
    def type(self) -> str:
        """Give the type as a script writes it."""
        return f"table{{{', '.join(f'{name}: {type_}' for name, type_ in self.columns)}}}"

    def as_json(self) -> dict[str, Any]:
        """Give `{name, columns}`."""
        return {"name": self.name, "columns": {name: str(kind) for name, kind in self.columns}}


@dataclass(frozen=True, slots=True)
class Link:
    """A declared answer: the bundle and attached script that declare it, its head, where its rows are from.

    `source` is as it is written, `via` the translation as it is written ("" without one). `declared` says what
    the source was like when the link was declared.
    """

    bundle: BundleRow
    attachment: str
    head: Head
    mode: Mode
    source: str
    via: str
    declared: DeclaredLink

    def as_json(self) -> dict[str, Any]:
        """Give the link as plain JSON values."""
        return {
            "bundle": {"id": self.bundle.id, "name": self.bundle.name},
            "attachment": self.attachment,
            "head": self.head.as_json(),
            "mode": self.mode,
            "source": self.source,
            "via": self.via,
        }


@dataclass(frozen=True, slots=True)
class Task:
    """A declared task.

    `imposed` are the heads that it asks of whatever bundle it runs on; `links` are answers of its own, which no
    bundle gives; `stepped` names those of the heads of which it chooses one step. `exposes` are the tables that it
    gives to tasks after it; `after` names tasks of the same script.
    """

    bundle: BundleRow
    attachment: str
    name: str
    kind: Kind
    params: Mapping[str, ModuleParam] = field(default_factory=dict)
    imposed: tuple[Head, ...] = ()
    links: tuple[str, ...] = ()
    exposes: tuple[Head, ...] = ()
    after: tuple[str, ...] = ()
    stepped: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Give the task as plain JSON values."""
        return {
            "name": self.name,
            "bundle": {"id": self.bundle.id, "name": self.bundle.name},
            "attachment": self.attachment,
            "kind": self.kind,
            "params": {name: param.as_json() for name, param in self.params.items()},
            "imposed": [head.as_json() for head in self.imposed],
            "links": list(self.links),
            "exposes": [head.as_json() for head in self.exposes],
            "after": list(self.after),
        }


@dataclass(frozen=True, slots=True)
class Declared:
    """One attached script, read and verified just now.

    `script` holds the bytes that passed the gate, `verified` its proof, and `compiled` what they compile to against the
    data as it is now (None for a script without tasks: its links are compiled one by one where they answer).
    `refused` says why the script does not count at all, `broken` why its tasks do not run; `links` and `tasks` are told
    all the same, so that who asks for them learns the reason. `exposed` are the tables that its tasks expose: where its
    program reads such a name (`access@1` or `need@1`), it means what was exposed, never a stored table.
    """

    bundle: BundleRow
    attachment: Attachment
    links: tuple[Link, ...]
    tasks: tuple[Task, ...]
    script: OpenedScript | None = None
    verified: Verified | None = None
    compiled: CompiledScript | None = None
    exposed: Mapping[str, Head] = field(default_factory=dict)
    refused: Reason | None = None
    broken: Reason | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """A link that answers: `bundle` is whose link it is, itself or above the bundle that was asked.

    `translation` is the compiled link alone: one module whose one effect is `link@1`; the table that it takes is the
    answer. `selectors` say for each path that the translation reads what to ask the store for, `selector` is that of
    the link's source. `rows` is the most that may come.
    """

    link: Link
    bundle: BundleRow
    selector: str
    translation: CompiledScript
    selectors: Mapping[str, str]
    rows: int

    def as_json(self) -> dict[str, Any]:
        """Give who answers, from where, and with how many rows at most."""
        return {
            "answered_by": {"id": self.bundle.id, "name": self.bundle.name},
            "selector": self.selector,
            "rows": self.rows,
        }


@dataclass(frozen=True, slots=True)
class Unanswered:
    """No link answers, and why; `link` is the one that should, if there is one."""

    head: Head
    reason: Reason
    link: Link | None = None


Answer: TypeAlias = Answered | Unanswered


@dataclass(frozen=True, slots=True)
class Applicable:
    """A task that can run on a bundle, with the answer to each head that it imposes."""

    task: Task
    bundle: BundleRow
    answers: Mapping[str, Answered]

    def as_json(self) -> dict[str, Any]:
        """Give the answers by name."""
        return {"answers": {name: answer.as_json() for name, answer in self.answers.items()}}


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """A task that cannot run on a bundle, and every reason."""

    task: Task
    bundle: BundleRow
    reasons: tuple[Reason, ...]

    def as_json(self) -> dict[str, Any]:
        """Give the bundle and the reasons."""
        return {
            "on": {"id": self.bundle.id, "name": self.bundle.name},
            "reasons": [reason.as_json() for reason in self.reasons],
        }


@dataclass(frozen=True, slots=True)
class Tasks:
    """The tasks of a bundle: its own that can run, those that it inherits, and those that cannot run on it."""

    bundle: BundleRow
    own: tuple[Applicable, ...]
    inherited: tuple[Applicable, ...]
    not_applicable: tuple[NotApplicable, ...]

    def is_hidden(self, task: Task) -> bool:
        """Tell whether a task of the same name, nearer to the bundle, stands for it."""
        first = self.find(task.name)
        return first is None or first.task is not task

    def find(self, name: str) -> Applicable | NotApplicable | None:
        """Give the task of this name: the nearest one, whether it can run or not."""
        return next((each for each in self.every if each.task.name == name), None)

    @property
    def every(self) -> tuple[Applicable | NotApplicable, ...]:
        """Give all of them."""
        return (*self.own, *self.inherited, *self.not_applicable)


@dataclass(frozen=True, slots=True)
class Coverage:
    """Where a task runs when it is asked for: its own bundle and each linked one below; the rest with reasons."""

    task: Task
    runs: tuple[Applicable, ...]
    rest: tuple[NotApplicable, ...]
