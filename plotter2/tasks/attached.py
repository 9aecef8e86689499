"""Attached scripts read back: the signature is checked again each time, and the text is compiled against today's data.

Nothing of a script counts when its signature, a signer's trust or its libraries do not: it is told with the reason.
What is signed bounds what a script may touch, and the libraries that it may use, byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from p2lang.check import Locked, Schemas
from p2lang.compiler import Limits, Surroundings, compile_tree
from p2lang.diagnostics import has_errors
from p2lang.semantics.promises import Columns
from p2lang.types import TableSchema, parse_column_type
from p2sign.gate import Verified
from p2sign.refusal import Refusal
from p2std.registry import core
from plotter2.datter.attachments import Attachment
from plotter2.datter.ownership import Ownership
from plotter2.datter.registry import BundleRow
from plotter2.datter.store import Store
from plotter2.errors import DataError, Plotter2Error, Refused
from plotter2.runs.compiling import (
    CheckedScript,
    CompiledScript,
    check,
    failed,
)
from plotter2.runs.opening import OpenedScript
from plotter2.runs.signing import capabilities, imports
from plotter2.tasks.model import Declared, Head, Link, Reason, Task
from plotter2.tasks.parts import (
    EXPOSED_ROWS,
    Text,
    exposed_in,
    only_link,
    task_parts,
    text_of,
)
from plotter2.tasks.places import schemas_at


@dataclass(frozen=True, slots=True)
class Ground:
    """What is needed of the host: the store, the gate, the limits of signers, the libraries that a script may use.

    `verify` raises Refused. `libraries` takes a script's path and what its signature says of libraries.
    """

    store: Store
    verify: Callable[[OpenedScript], Verified]
    limits: Callable[[Sequence[str]], Limits]
    libraries: Callable[[Path, Mapping[str, Locked]], Surroundings]


@dataclass(slots=True)
class Declarations:
    """What is attached to bundles, read for one question.

    Make a new one for each question: what was read is remembered, so that a listing verifies and compiles every script
    once and sees one state of the store.
    """

    ground: Ground
    _known: dict[str, tuple[Declared, ...]] = field(default_factory=dict)
    _programs: dict[tuple[str, str], CompiledScript] = field(default_factory=dict)
    _names: tuple[str, ...] | None = None
    _owned: Ownership | None = None

    @property
    def owned(self) -> Ownership:
        """Give who owns the tables that tasks exposed."""
        if self._owned is None:
            self._owned = self.store.ownership()
        return self._owned

    @property
    def store(self) -> Store:
        """Give the store."""
        return self.ground.store

    def of(self, bundle: BundleRow) -> tuple[Declared, ...]:
        """Give what is attached to a bundle, or to an earlier attempt of it, by name. Raises DataError."""
        if bundle.id not in self._known:
            self._known[bundle.id] = tuple(
                self._read(bundle, attachment) for attachment in self.store.attachments(bundle)
            )
        return self._known[bundle.id]

    def declaring(self, declared: Link | Task) -> Declared:
        """Give the attached script that declares a link or a task. Raises DataError."""
        here = self.of(declared.bundle)
        return next(each for each in here if each.attachment.name == declared.attachment)

    def schemas(self, bundle: BundleRow, text: Text) -> Schemas:
        """Give the tables that a script attached to a bundle may name: there, in the store, exposed by its tasks."""
        tables = {
            name: TableSchema(head.columns, EXPOSED_ROWS) for name, head in exposed_in(text).items()
        }
        if self._names is None:
            self._names = tuple(line.bundle.name for line in self.store.list())
        return schemas_at(self.store, bundle, self._names, tables)

    def above(self, bundle: BundleRow) -> tuple[BundleRow, ...]:
        """Give the bundles above, the nearest first; of each name the newest attempt, archived ones if no other is."""
        found = []
        name = bundle.name.rpartition("/")[0]
        while name:
            attempts = self.store.attempts(name)
            active = [row for row in attempts if row.state == "active"]
            found += (active or list(attempts))[:1]
            name = name.rpartition("/")[0]
        return tuple(found)

    # ---- programs -----------------------------------------------------------------------------

    def compiled(
        self, bundle: BundleRow, script: OpenedScript, verified: Verified
    ) -> CompiledScript:
        """Compile a verified script against what its paths mean at a bundle. Raises CheckFailed, Refused, DataError."""
        text = self._text(script)
        return self._compiled(bundle, script, text, text, verified)

    def recompiled(self, declared: Declared, columns: Mapping[str, str]) -> CompiledScript:
        """Compile an attached script with other columns for params that name one. Raises as `compiled`."""
        script = declared.script
        assert script is not None
        text = self._text(script)
        verified = self.ground.verify(script)
        return self._compiled(declared.bundle, script, text, text, verified, columns)

    def compiled_link(self, link: Link) -> CompiledScript:
        """Compile one link alone, of a script that passed the gate. Raises Refused, CheckFailed, DataError."""
        key = (link.bundle.id, link.head.name)
        if key not in self._programs:
            declared = self.declaring(link)
            assert declared.script is not None
            assert declared.verified is not None
            text = self._text(declared.script)
            alone = Text(text.source, only_link(text.tree, link.head.name))
            self._programs[key] = self._compiled(
                link.bundle, declared.script, text, alone, declared.verified
            )
        return self._programs[key]

    def _compiled(
        self,
        bundle: BundleRow,
        script: OpenedScript,
        whole: Text,
        part: Text,
        verified: Verified,
        columns: Mapping[str, str] = MappingProxyType({}),
    ) -> CompiledScript:
        around = Surroundings()
        if part.uses:
            around = self.ground.libraries(script.path, _pinned(verified))
        around = replace(around, columns=columns)
        limits = self.ground.limits([s.principal for s in verified.signers])
        found = compile_tree(
            part.tree,
            whole.source,
            core(),
            self.schemas(bundle, whole),
            limits,
            surroundings=around,
        )
        checked = CheckedScript(script, whole.source, found.diagnostics, found, limits)
        if found.module is None or has_errors(found.diagnostics):
            raise failed(checked)
        program = CompiledScript(
            script, found.module, found.spans, found.schemas, found.diagnostics, whole.source
        )
        _require_signed(program, verified)
        return program

    def _text(self, script: OpenedScript) -> Text:
        text = text_of(script.content, str(script.path))
        if text is None:
            raise failed(check(script, Schemas(lambda _: None), self.ground.limits(())))
        return text

    # ---- reading ------------------------------------------------------------------------------

    def _opened(self, attachment: Attachment) -> OpenedScript:
        kept = attachment.kept
        return OpenedScript(
            Path(kept.name),
            self.store.object_bytes(kept.script.digest),
            self.store.object_bytes(kept.sidecar.digest),
        )

    def _read(self, bundle: BundleRow, attachment: Attachment) -> Declared:
        try:
            script = self._opened(attachment)
        except DataError as error:
            return _not_counting(bundle, attachment, _unreadable(bundle, attachment, error))
        try:
            verified = self.ground.verify(script)
        except Plotter2Error as error:
            return _not_counting(bundle, attachment, _refused(bundle, attachment, error))
        text = text_of(script.content, str(script.path))
        links = _links(bundle, attachment, text)
        names = _named_tasks(bundle, attachment, text)
        if text is not None and not text.tasks:
            return Declared(bundle, attachment, links, (), script, verified)
        try:
            compiled = self.compiled(bundle, script, verified)
        except Plotter2Error as error:
            return Declared(
                bundle, attachment, links, names, script, verified, broken=Reason.of(error)
            )
        assert text is not None
        tasks = _tasks(bundle, attachment, text, compiled)
        exposed = exposed_in(text)
        return Declared(bundle, attachment, links, tasks, script, verified, compiled, exposed)


def _require_signed(program: CompiledScript, verified: Verified) -> None:
    try:
        verified.require(capabilities(program.capabilities))
        verified.require_imports(imports(program.module.libs))
    except Refusal as refusal:
        where = refusal.where or program.script.name
        raise Refused(refusal.code, refusal.what, where, refusal.remedy) from refusal


def _pinned(verified: Verified) -> dict[str, Locked]:
    """Give the libraries that a statement covers as a lock does: `scope/name@version` and the SHA-256."""
    pins = {}
    for each in verified.statement.imports:
        base, _, version = each.name.rpartition("/")
        pins[f"{base}@{version}"] = Locked(each.sha256)
    return pins


def _refused(bundle: BundleRow, attachment: Attachment, error: Plotter2Error) -> Reason:
    reason = Reason.of(error)
    named = f"{attachment.name}, attached to {bundle.name}, does not count: {reason.message}"
    return Reason(reason.code, named, reason.help, reason.where)


def _unreadable(bundle: BundleRow, attachment: Attachment, error: DataError) -> Reason:
    name = attachment.name
    return Reason(
        error.code,
        f"{name}, attached to {bundle.name}, cannot be read: {error.message}",
        f"attach it once more, from its file: plotter2 attach {bundle.name} {name}",
        error.where,
    )


def columns_from(pairs: Sequence[tuple[str, str]]) -> Columns:
    """Give columns out of names with types as text."""
    return tuple((name, parse_column_type(text)) for name, text in pairs)


def _links(bundle: BundleRow, attachment: Attachment, text: Text | None) -> tuple[Link, ...]:
    written = {} if text is None else text.links
    return tuple(
        Link(
            bundle,
            attachment.name,
            Head(name, columns_from(declared.head)),
            declared.mode,
            declared.source,
            text.via(written[name]) if text is not None and name in written else "",
            declared,
        )
        for name, declared in attachment.kept.links.items()
    )


def _not_counting(bundle: BundleRow, attachment: Attachment, reason: Reason) -> Declared:
    """Give what was noted of a script when it was attached; not even its text is looked at."""
    links, tasks = _links(bundle, attachment, None), _named_tasks(bundle, attachment, None)
    return Declared(bundle, attachment, links, tasks, refused=reason, broken=reason)


def _named_tasks(bundle: BundleRow, attachment: Attachment, text: Text | None) -> tuple[Task, ...]:
    """Give what is known of tasks by their text alone, or by their names."""
    if text is None:
        names = attachment.kept.tasks
        return tuple(Task(bundle, attachment.name, name, "pipeline") for name in names)
    return tuple(
        Task(bundle, attachment.name, name, "pipeline", after=tuple(a.text for a in item.after))
        for name, item in text.tasks.items()
    )


def _tasks(
    bundle: BundleRow, attachment: Attachment, text: Text, compiled: CompiledScript
) -> tuple[Task, ...]:
    found = []
    for each in compiled.module.tasks:
        parts = task_parts(compiled, text, each)
        found.append(
            Task(
                bundle,
                attachment.name,
                each.name,
                parts.kind,
                each.params,
                parts.imposed,
                parts.links,
                parts.exposes,
                each.after,
                parts.stepped,
            )
        )
    return tuple(found)
