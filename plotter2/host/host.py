"""The host of one root: opens its parts when they are first needed and closes them at the end."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import cast

from p2lang.check import Libraries, Locked, Schemas
from p2lang.compiler import Limits, Surroundings
from p2sign.gate import Offer, TrustFiles, Verified
from p2sign.gate import verify as gate
from p2sign.make import sign_statement
from p2sign.refusal import Refusal
from p2sign.sidecar import split
from p2sign.statement import Statement
from p2sign.statement import parse as parse_statement
from plotter2.config.settings import Settings
from plotter2.datter import durable
from plotter2.datter.attachments import Attachment
from plotter2.datter.bodies import Add, Run, TaskOf
from plotter2.datter.layout import Layout
from plotter2.datter.living import Work
from plotter2.datter.requested import Request, ended
from plotter2.datter.store import Store
from plotter2.errors import ExitCode, Plotter2Error, Refused
from plotter2.exporting.wanted import Exported, Exporter, ToExport
from plotter2.host import asking, codes, packages
from plotter2.host.asking import AS_IT_IS, RunHow, TaskHow
from plotter2.host.keyring import Keyring, OwnKey, refusals
from plotter2.host.starting import starter_script
from plotter2.libraries import lockfile
from plotter2.libraries.codes import ONLY_USED
from plotter2.libraries.finding import Finder
from plotter2.libraries.locks import Locking, LockReport, lock_scripts
from plotter2.libraries.reference import Reference
from plotter2.libraries.shelves import shelves
from plotter2.orchestrator import Orchestrator, Outcome, Task, TaskLimits
from plotter2.runs import compiling, running
from plotter2.runs.compiling import CheckedScript, CompiledScript
from plotter2.runs.model import Event, Params, Parts, RunRequest, RunResult, Timings
from plotter2.runs.opening import OpenedScript, open_script
from plotter2.runs.signing import SignedScript, default_name, statement_for
from plotter2.runs.task_place import TaskPlace
from plotter2.staging import AddedBundle, AddReport, Inbox, Told, stage, told_again
from plotter2.staging.parts import Asked, PackageDone
from plotter2.tasks.attached import Declarations, Ground
from plotter2.tasks.binding import Instance
from plotter2.tasks.carrying import Carrying, Report, Wanted, carry_out
from plotter2.tasks.chains import refuse_links_of_links
from plotter2.tasks.declaring import KEPT_MODES, AttachedEach, AttachedTo, Modes, active, examine
from plotter2.tasks.linking import no_longer
from plotter2.tasks.model import Reason
from plotter2.tasks.parts import text_of
from plotter2.tasks.places import one_bundle
from plotter2.wire.messages import Format, ReadJob, WriteJob

Ask = Callable[[str], str]
_LEASE_MARGIN_S = 60.0
_LONGEST_NAME = 64
"""Longest beginning of a name that a number is put behind; a statement takes 68 characters here."""


class Host:
    """Everything that can be done with one root. Use as a context manager."""

    def __init__(self, settings: Settings, now: Callable[[], datetime] | None = None) -> None:
        self.settings = settings
        self._now = now or (lambda: datetime.now(UTC))
        self._opened: list[Callable[[], None]] = []

    def __enter__(self) -> Host:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the children and close the store."""
        while self._opened:
            self._opened.pop()()

    @cached_property
    def store(self) -> Store:
        """The store of this root; made if it is not there. Raises DataError."""
        store = Store.open(self.settings.root)
        self._opened.append(store.close)
        return store

    @property
    def layout(self) -> Layout:
        """The paths under this root."""
        return self.store.layout

    @cached_property
    def orchestrator(self) -> Orchestrator:
        """The children of this root."""
        orchestrator = Orchestrator()
        self._opened.append(orchestrator.close)
        return orchestrator

    @cached_property
    def keyring(self) -> Keyring:
        """The keys and trust files of this root."""
        return Keyring(self.store.layout.config)

    # ---- data ---------------------------------------------------------------------------------

    def add(self, paths: Sequence[Path], name: str | None, key: str | None = None) -> AddReport:
        """Take runs or folders into the store, with a `key` once. Raises DataError, HostError."""
        begun = self.store.begin(asking.add_of(paths, name, key), self._lease_s)
        if isinstance(begun, Request):
            return told_again(begun, self.store)
        return self._added(begun, paths, name)

    def _added(self, work: Work, paths: Sequence[Path], name: str | None) -> AddReport:
        def read(job: ReadJob, descriptors: tuple[int, ...]) -> Outcome:
            work.keep()
            return self._read(job, descriptors)

        with work:
            report = stage(paths, name, read, self.store, work)
        done = tuple(self._finish(asked, report.bundles) for asked in report.asked)
        bundles = tuple(map(self._with_links, report.bundles))
        return replace(report, bundles=bundles, packages=done)

    def _with_links(self, added: AddedBundle) -> AddedBundle:
        """Check the links that answer for a bundle again when its data are others now, and note what holds no more."""
        if added.outcome != "new attempt":
            return added
        (row,) = self.store.find(added.id)
        notes = no_longer(self.declarations(), row)
        return replace(added, notes=(*added.notes, *notes)) if notes else added

    def _finish(self, asked: Asked, bundles: Sequence[AddedBundle]) -> PackageDone:
        return packages.carry_out(self, asked, bundles)

    def retry(
        self, request_id: str, on_event: Callable[[Event], None] = lambda _: None
    ) -> RunResult | AddReport:
        """Carry out a request that is queued, failed, dead or cancelled, from what was asked then.

        Raises DataError (P2-D0867, P2-D0868, P2-D0886..0889) and what `run` and `add` raise.
        """
        request = self.store.requests.find(request_id)
        if request.state == "done":
            raise ended(request)
        if isinstance(request.body, Run):
            script, formats = asking.script_of(request.body), request.body.formats
            work = self.store.resume(request.id, self._lease_s)
            how = RunHow(request.body.params, cast("tuple[Format, ...]", formats), on_event)
            return self._ran(work, script, how)
        if isinstance(request.body, Add):
            work = self.store.resume(request.id, self._lease_s)
            return self._added(work, [Path(p) for p in request.body.paths], request.body.name)
        if isinstance(request.body, TaskOf):
            work = self.store.resume(request.id, self._lease_s)
            formats = cast("tuple[Format, ...]", request.body.formats)
            alone = TaskHow(request.body.params, formats, only=True, on_event=on_event)
            with work:
                report = self.run_task(request.body.bundle, request.body.task, alone, work)
                return asking.result_of(report)
        raise asking.nobody_for(request)

    @property
    def _lease_s(self) -> float:
        """How long a request is held at least: what a child may take, and what comes before and after."""
        return self.settings.limits.wall_ms / 1000 + _LEASE_MARGIN_S

    def inbox(self, tell: Callable[[Told], None] = lambda _: None) -> Inbox:
        """Give the inbox of this root, to be emptied by this process. Raises DataError."""
        return Inbox(self.store, self._read, tell, finish=self._finish)

    def export(self, write: Exporter, wanted: ToExport) -> Exported:
        """Write a bundle and all below it as files. Raises DataError, HostError."""
        with Store.open_to_read(self.settings.root) as store:
            return write(store, wanted, self._read)

    def _read(self, job: ReadJob | WriteJob, descriptors: tuple[int, ...]) -> Outcome:
        ceiling = self.settings.limits
        limits = TaskLimits(
            wall_ms=ceiling.wall_ms,
            cpu_ms=ceiling.cpu_ms,
            mem_mib=ceiling.memory_mib,
            out_mib=ceiling.read_mib,
        )
        task = Task(job, descriptors, limits, self.settings.minimum_level)
        return self.orchestrator.submit(task)

    def attach(
        self, bundle: str, scripts: Sequence[OpenedScript], modes: Modes = KEPT_MODES
    ) -> tuple[AttachedTo, ...]:
        """Attach signed scripts to a bundle, all or none; gives what became of each.

        Raises Refused, CheckFailed (a link that does not hold, too), DataError P2-D0810, P2-D0824, P2-D087x.
        """
        for script in scripts:
            require_script(script.path)
        row = active(self.store, bundle)
        known = {each.kept.script.digest for each in self.store.attachments(row)}

        def verify(script: OpenedScript) -> Verified:
            again = sha256(script.content).hexdigest() in known
            return self._verify_attached(script) if again else self.verify(script)

        examined = examine(self.declarations(verify), row, scripts, modes)
        outcomes = self.store.attach(row.id, [each.script for each in examined])
        return tuple(map(AttachedTo, examined, outcomes))

    def attach_each(
        self, selector: str, scripts: Sequence[OpenedScript], modes: Modes = KEPT_MODES
    ) -> tuple[AttachedEach, ...]:
        """Attach signed scripts to each bundle that a selector means; where they do not fit, gives the reason.

        Raises DataError when the selector means nothing, Refused when a script counts nowhere.
        """
        found = []
        rows = self.store.find(selector)
        for script in scripts:
            self._verify_attached(script)
        for row in rows:
            try:
                found.append(AttachedEach(row, self.attach(row.id, scripts, modes)))
            except Plotter2Error as error:
                found.append(AttachedEach(row, refused=Reason.of(error)))
        return tuple(found)

    def detach(self, bundle: str, name: str) -> Attachment:
        """Take an attached script away from a bundle; its bytes and history stay. Raises DataError P2-D0870."""
        return self.store.detach(bundle, name)

    def declarations(
        self, verify: Callable[[OpenedScript], Verified] | None = None
    ) -> Declarations:
        """Give what is attached to bundles, to be asked once: signatures and trust count as they are now.

        A serial is held against those that ran here when a script is attached, not later: bundles keep the version
        that was attached to them, until it is revoked.
        """
        return Declarations(
            Ground(
                self.store, verify or self._verify_attached, self._limits_of, self._libraries_signed
            )
        )

    def _verify_attached(self, script: OpenedScript) -> Verified:
        offer = Offer(script.content, script.sidecar, script.name)
        with refusals():
            return gate(offer, self.trust_files(), self._now())

    def _libraries_signed(self, script: Path, signed: Mapping[str, Locked]) -> Surroundings:
        """Give the libraries for an attached script: the signature pins them, not a lock file."""
        finder = self.finder(self.settings.root / "attached" / script.name)
        return Surroundings(finder.libraries(signed, strict=True))

    def starter(self, bundle: str) -> str:
        """Give a starter script for a bundle. Raises DataError."""
        return starter_script(self.store, bundle)

    # ---- scripts ------------------------------------------------------------------------------

    def check(
        self, script: OpenedScript, schemas: Schemas | None = None, bundle: str | None = None
    ) -> CheckedScript:
        """Check a script against the store's data, or against given schemas. Raises Plotter2Error P2-E0253.

        With a bundle as if it were attached to it: its paths are looked up there first.
        """
        known = schemas or self._schemas(script, bundle)
        around = self.surroundings(script.path, strict=False)
        return compiling.check(script, known, self._limits_of(self._own_principals()), around)

    def compile(
        self,
        script: OpenedScript,
        signers: Sequence[str] | None = None,
        params: Params | None = None,
        bundle: str | None = None,
    ) -> CompiledScript:
        """Compile a script against the store's data, within the limits of its signers (one's own by default).

        Its libraries must be locked. Of the params only those that name a column count: another column is another
        program, checked anew. With a bundle as if it were attached to it. Raises CheckFailed, DataError.
        """
        schemas = self._schemas(script, bundle)
        signers = self._own_principals() if signers is None else signers
        columns = {name: text for name, text in (params or {}).items() if isinstance(text, str)}
        around = replace(self.surroundings(script.path, strict=True), columns=columns)
        return compiling.compiled(script, schemas, self._limits_of(signers), around)

    def _schemas(self, script: OpenedScript, bundle: str | None) -> Schemas:
        if bundle is None:
            return compiling.store_schemas(self.store)
        row = active(self.store, bundle)
        text = text_of(script.content, str(script.path))
        if text is None:  # the compiler says what is wrong with it
            return compiling.store_schemas(self.store)
        declarations = self.declarations()
        refuse_links_of_links(declarations, row, text)
        return declarations.schemas(row, text)

    def _limits_of(self, signers: Iterable[str]) -> Limits:
        return compiling.script_limits(self.settings.limits_of(signers))

    def _own_principals(self) -> tuple[str, ...]:
        try:
            return tuple(key.principal for key in self.keyring.own_keys())
        except Refused:  # a key that cannot be read is told where it is used
            return ()

    def surroundings(self, script: Path, *, strict: bool) -> Surroundings:
        """Give the libraries that a script may use, held against the lock beside it. Raises Plotter2Error P2-E0253."""
        finder = self.finder(script)
        if Reference.of_path(script) is not None:
            alone = replace(finder.libraries(None, strict=False), lockable=False)
            return Surroundings(alone, as_library=True)
        pins = lockfile.pins(lockfile.read(script.parent))
        return Surroundings(finder.libraries(pins, strict=strict))

    def finder(self, script: Path) -> Finder:
        """Give what looks for the libraries of a script."""
        places = shelves(script, self.settings.libraries, self.settings.root, self.trust_files)
        return Finder(places, self._now())

    def lock(self, scripts: Sequence[Path], how: Locking) -> LockReport:
        """Add, update or verify the lock beside scripts. Raises CheckFailed, FileRefused, Plotter2Error P2-E025x."""
        schemas = compiling.store_schemas(self.store)

        def look(script: OpenedScript, libraries: Libraries) -> CheckedScript:
            around = Surroundings(libraries)
            return compiling.check(script, schemas, self._limits_of(()), around)

        return lock_scripts([open_script(path) for path in scripts], how, self.finder, look)

    def sign(
        self,
        script: OpenedScript,
        *,
        name: str | None = None,
        key_file: Path | None = None,
        ask: Ask | None = None,
        bundle: str | None = None,
    ) -> SignedScript:
        """Compile a script and sign what it needs with one's own key. Raises CheckFailed, Refused, DataError.

        With a bundle as if it were attached to it.
        """
        return self.sign_compiled(
            self.compile(script, bundle=bundle), name=name, key_file=key_file, ask=ask
        )

    def sign_compiled(
        self,
        compiled: CompiledScript,
        *,
        name: str | None = None,
        key_file: Path | None = None,
        ask: Ask | None = None,
    ) -> SignedScript:
        """Sign a compiled script; an existing signature file is replaced, its serial goes on."""
        own = self._own_key(key_file)
        with refusals():
            called, serial = self._name_and_serial(compiled.script, name)
            lasting = Reference.of_path(compiled.script.path) is not None
            terms = statement_for(
                compiled, called, serial, self._now(), self.settings.limits, lasting=lasting
            )
            sidecar = sign_statement(terms, self.keyring.signing_key(own, ask))
        path = compiled.script.path.with_name(compiled.script.name + ".sig")
        durable.replace(path, sidecar)
        return SignedScript(path, own.principal, own.public.fingerprint, terms.dump().decode())

    def verify(self, script: OpenedScript) -> Verified:
        """Pass a script through the gate. Raises Refused."""
        trust = self.trust_files()
        offer = Offer(script.content, script.sidecar, script.name)
        with refusals():
            return gate(offer, trust, self._now(), _SerialFloors(self.store))

    def trust_files(self) -> TrustFiles:
        """Give the contents of the trust files; empty ones before the root is made. Raises Refused."""
        if not Layout(self.settings.root).config.is_dir():
            return TrustFiles(b"")
        return TrustFiles(
            self.keyring.trust(), self.keyring.revoked_keys(), self.keyring.revoked_scripts()
        )

    def run(
        self,
        script: OpenedScript,
        *,
        params: Params | None = None,
        formats: Sequence[Format] = (),
        on_event: Callable[[Event], None] = lambda _: None,
        key: str | None = None,
    ) -> RunResult:
        """Run a signed script; with a `key` once, however often it is asked.

        Raises Refused, CheckFailed, RunError, HostError, DataError.
        """
        require_script(script.path)
        asked = asking.run_of(script, params or {}, formats, key)
        begun = self.store.begin(asked, self._lease_s)
        if isinstance(begun, Request):
            return asking.run_told_again(begun, self.store)
        return self._ran(begun, script, RunHow(params or {}, tuple(formats), on_event))

    def run_task(
        self, bundle: str, task: str, how: TaskHow = AS_IT_IS, resumed: Work | None = None
    ) -> Report:
        """Run a task for a bundle and for the linked ones below it, after the tasks that it waits for.

        Each task on each bundle is a request and a run of its own; what fails is told in the report. `resumed` is the
        request for the task on the bundle itself, when there is one already. Raises RunError P2-R0647, P2-R0648,
        DataError.
        """
        row = one_bundle(self.store, bundle)
        declarations = self.declarations()

        def perform(instance: Instance, place: TaskPlace) -> RunResult:
            work = resumed if (instance.bundle.id, instance.name) == (row.id, task) else None
            asked = asking.task_of(
                instance.bundle.name, instance.name, instance.params, how.formats
            )
            return self._performed(
                work or self.store.begin_new(asked, self._lease_s), instance, place, how
            )

        carrying = Carrying(declarations, perform, how.begin, how.approve)
        return carry_out(carrying, Wanted(row, task, how.params, how.only, how.again))

    def _performed(
        self, work: Work, instance: Instance, place: TaskPlace, how: TaskHow
    ) -> RunResult:
        timings = Timings()
        with work:
            self.orchestrator.warm()
            assert instance.declared.script is not None
            with timings.stage("verify"):
                verified = self._verify_attached(instance.declared.script)
            request = RunRequest(
                verified, instance.compiled, instance.params, how.formats, how.on_event, place
            )
            with refusals():
                return running.run(request, self._parts(work), timings)

    def _parts(self, work: Work) -> Parts:
        return Parts(
            self.store,
            work,
            self.orchestrator.submit,
            self.settings.minimum_level,
            self.settings.limits,
        )

    def _ran(self, work: Work, script: OpenedScript, how: RunHow) -> RunResult:
        timings = Timings()
        with work:
            self.orchestrator.warm()
            with timings.stage("verify"):
                verified = self.verify(script)
            with timings.stage("compile"):
                compiled = self.compile(script, [s.principal for s in verified.signers], how.params)
            request = RunRequest(verified, compiled, how.params, how.formats, how.on_event)
            with refusals():
                return running.run(request, self._parts(work), timings)

    def stock_commands(self, path: Path, verified: Verified) -> tuple[str, ...]:
        """Give commands that check the signature without plotter2: awk, sed, ssh-keygen, sha256sum."""
        sidecar, trust = f"{path}.sig", self.keyring.trust_file
        principal = verified.signers[0].principal
        namespace = verified.statement.kind.namespace
        words = ["ssh-keygen", "-Y", "verify", "-f", str(trust), "-I", principal, "-n", namespace]
        words += ["-s", "statement.sig"]
        if self.keyring.revoked_keys():
            words += ["-r", str(self.keyring.revoked_keys_file)]
        quoted = shlex.quote(sidecar)
        return (
            f"awk '/^-----BEGIN SSH SIGNATURE-----$/{{exit}}1' {quoted} > statement",
            f"sed -n '/^-----BEGIN/,$p' {quoted} > statement.sig",
            f"{shlex.join(words)} < statement",
            f"(cd {shlex.quote(str(path.absolute().parent))} && sha256sum -c) < statement",
        )

    # ---- inside -------------------------------------------------------------------------------

    def _own_key(self, key_file: Path | None) -> OwnKey:
        keys = self.keyring.own_keys()
        if key_file is not None:
            wanted = key_file.absolute()
            keys = tuple(key for key in keys if key.path.absolute() == wanted)
        if not keys:
            raise Refused(
                codes.NO_KEY,
                "there is no key to sign with" + (f": {key_file}" if key_file else ""),
                str(self.keyring.config / "keys"),
                "make one: plotter2 key new; plotter2 key list shows yours",
                exit_code=ExitCode.REFUSED,
            )
        return keys[0]

    def _name_and_serial(self, script: OpenedScript, name: str | None) -> tuple[str, int]:
        """Give what a statement calls the script, and its serial: one more than the last that is known.

        A name that was not chosen stays with a signed script, and no two files of this machine share one: the
        serial of the one would make the other look old.
        """
        previous = _signed_terms(script.sidecar)
        library = Reference.of_path(script.path)
        if library is not None:
            name = library.signed_name
        chosen = previous.name if previous and previous.name != default_name(script.name) else None
        called = name or chosen or self._free_name(script)
        last = previous.serial if previous and previous.name == called else 0
        return called, max(self.store.seen_serial(called) or 0, last) + 1

    def _free_name(self, script: OpenedScript) -> str:
        wanted = called = default_name(script.name)
        number = 1
        while self._is_of_another(called, script.path.absolute()):
            number += 1
            called = f"{wanted[:_LONGEST_NAME]}-{number}"
        return called

    def _is_of_another(self, name: str, path: Path) -> bool:
        last = self.store.last_run_of(name)
        ran = Path(last.record["script"]["path"]) if last else path
        return ran != path and ran.exists()


def require_script(path: Path) -> None:
    """Raise Plotter2Error P2-E0256 when a file is a library."""
    library = Reference.of_path(path)
    if library is not None:
        raise Plotter2Error(
            ONLY_USED,
            "this is a library, and does nothing by itself",
            str(path),
            f'use it in a script: use "{library}" as {library.name}',
            exit_code=ExitCode.USAGE,
        )


class _SerialFloors(Mapping[str, int]):
    """The highest serial that ran here under each name, looked up when the gate asks."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getitem__(self, name: str) -> int:
        return self._store.seen_serial(name) or 0

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def _signed_terms(sidecar: bytes | None) -> Statement | None:
    # Only to count the serial on: a damaged signature file is about to be replaced.
    if sidecar is None:
        return None
    try:
        return parse_statement(split(sidecar).statement)
    except Refusal:
        return None
