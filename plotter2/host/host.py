"""The host of one root: whatever is asked of it, carried out by its parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from p2lang.check import Schemas
from p2lang.compiler import Surroundings
from p2sign.gate import Verified
from plotter2.datter.attachments import Attachment
from plotter2.datter.bodies import Add, Run, TaskOf
from plotter2.datter.living import Work
from plotter2.datter.requested import Request, ended
from plotter2.datter.store import Store
from plotter2.exporting.wanted import Exported, Exporter, ToExport
from plotter2.host import asking, attaching, checking, packages, signing, starter_signing, verifying
from plotter2.host.asking import AS_IT_IS, RunHow, TaskHow
from plotter2.host.key_choice import WhichKey
from plotter2.host.keyring import refusals
from plotter2.host.refusing import refusals_kept
from plotter2.host.root import Root
from plotter2.host.session_key import Grant, SessionKey, texts_of
from plotter2.host.signing import Ask, SignHow
from plotter2.host.starting import starter_script
from plotter2.host.surrounding import require_script, surroundings
from plotter2.libraries.locks import Locking, LockReport
from plotter2.orchestrator import Cancellation, Outcome
from plotter2.orchestrator.cancellation import following
from plotter2.runs import running
from plotter2.runs.compiling import CheckedScript, CompiledScript
from plotter2.runs.mistakes import CheckFailed
from plotter2.runs.model import (
    AS_USUAL,
    By,
    Event,
    Params,
    Parts,
    RunRequest,
    RunResult,
    Timings,
)
from plotter2.runs.opening import OpenedScript
from plotter2.runs.signing import SignedScript
from plotter2.runs.task_place import TaskPlace
from plotter2.staging import AddedBundle, AddReport, Inbox, Told, stage, told_again
from plotter2.staging.loose import Taking
from plotter2.staging.parts import Asked, PackageDone
from plotter2.tasks.at_once import AtOnce
from plotter2.tasks.attached import Declarations
from plotter2.tasks.carrying import Carrying, Report, Wanted, carry_out
from plotter2.tasks.declaring import KEPT_MODES, AttachedEach, AttachedTo, Modes
from plotter2.tasks.instance import Instance
from plotter2.tasks.linking import no_longer
from plotter2.tasks.places import one_bundle
from plotter2.wire.messages import Format, ReadJob


class Host(Root):
    """Everything that can be done with one root. Use as a context manager."""

    # ---- data ---------------------------------------------------------------------------------

    def add(
        self,
        paths: Sequence[Path],
        name: str | None,
        key: str | None = None,
        files: bool | None = None,
    ) -> AddReport:
        """Take runs or folders into the store, with a `key` once. Raises DataError, HostError.

        `files` tells whether those are kept that nothing is read from; by default, beside others that are read.
        """
        begun = self.store.begin(asking.add_of(paths, name, key, files), self.lease_s)
        if isinstance(begun, Request):
            return told_again(begun, self.store)
        return self._added(begun, paths, name, files)

    def _added(
        self, work: Work, paths: Sequence[Path], name: str | None, files: bool | None
    ) -> AddReport:
        cancellation = Cancellation()

        def read(job: ReadJob, descriptors: tuple[int, ...]) -> Outcome:
            work.keep()
            return self.read(job, descriptors, cancellation)

        with work, work.watched(cancellation.cancel):
            taking = Taking(files, self.settings.files)
            report = stage(paths, name, read, self.store, work, taking)
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
        body = request.body
        if isinstance(body, Run):
            script = asking.script_of(body)
            work = self.store.resume(request.id, self.lease_s)
            return self._ran(work, script, asking.run_how(body, on_event))
        if isinstance(body, Add):
            work = self.store.resume(request.id, self.lease_s)
            return self._added(work, [*map(Path, body.paths)], body.name, asking.files_of(body))
        if isinstance(body, TaskOf):
            work = self.store.resume(request.id, self.lease_s)
            with work:
                alone = asking.task_how(body, on_event)
                report = self.run_task(body.bundle, body.task, alone, work)
                return asking.told_if_changed(asking.result_of(report), body)
        raise asking.nobody_for(request)

    def inbox(self, tell: Callable[[Told], None] = lambda _: None) -> Inbox:
        """Give the inbox of this root, to be emptied by this process. Raises DataError."""
        taking = Taking(limits=self.settings.files)
        return Inbox(self.store, self.read, tell, finish=self._finish, taking=taking)

    def export(self, write: Exporter, wanted: ToExport) -> Exported:
        """Write a bundle and all below it as files. Raises DataError, HostError."""
        with Store.open_to_read(self.settings.root) as store:
            return write(store, wanted, self.read)

    def attach(
        self, bundle: str, scripts: Sequence[OpenedScript], modes: Modes = KEPT_MODES
    ) -> tuple[AttachedTo, ...]:
        """Attach signed scripts to a bundle, all or none; gives what became of each.

        Raises Refused, CheckFailed (a link that does not hold, too), DataError P2-D0810, P2-D0824, P2-D087x.
        """
        return attaching.attach(self, bundle, scripts, modes)

    def attach_each(
        self, selector: str, scripts: Sequence[OpenedScript], modes: Modes = KEPT_MODES
    ) -> tuple[AttachedEach, ...]:
        """Attach signed scripts to each bundle that a selector means; where they do not fit, gives the reason.

        Raises DataError when the selector means nothing, Refused when a script counts nowhere.
        """
        return attaching.attach_each(self, selector, scripts, modes)

    def detach(self, bundle: str, name: str) -> Attachment:
        """Take an attached script away from a bundle; its bytes and history stay. Raises DataError P2-D0870."""
        return self.store.detach(bundle, name)

    def declarations(self) -> Declarations:
        """Give what is attached to bundles, to be asked once: signatures and trust count as they are now."""
        return attaching.declarations(self)

    def starter(self, bundle: str) -> str:
        """Give a starter script for a bundle. Raises DataError."""
        return starter_script(self.store, bundle)

    def sign_starter(self, script: OpenedScript) -> Path | None:
        """Sign a starter script with the machine's key; gives the signature file, None where that cannot be."""
        try:
            compiled = self.compile(script, signers=())
        except CheckFailed:  # such as one that needs more than is allowed: whoever runs it is told
            return None
        return starter_signing.sign_starter(self, compiled)

    # ---- scripts ------------------------------------------------------------------------------

    def check(
        self, script: OpenedScript, schemas: Schemas | None = None, bundle: str | None = None
    ) -> CheckedScript:
        """Check a script against the store's data, or against given schemas. Raises Plotter2Error P2-E0253.

        With a bundle as if it were attached to it: its paths are looked up there first.
        """
        return checking.check(self, script, schemas, bundle)

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
        signers = self.own_principals() if signers is None else signers
        return checking.compile_for(self, script, signers, params or {}, bundle)

    def surroundings(self, script: Path, *, strict: bool) -> Surroundings:
        """Give the libraries that a script may use, held against the lock beside it. Raises Plotter2Error P2-E0253."""
        return surroundings(self, script, strict=strict)

    def lock(self, scripts: Sequence[Path], how: Locking) -> LockReport:
        """Add, update or verify the lock beside scripts. Raises CheckFailed, FileRefused, Plotter2Error P2-E025x."""
        return checking.lock(self, scripts, how)

    def sign(
        self,
        script: OpenedScript,
        *,
        name: str | None = None,
        ask: Ask | None = None,
        bundle: str | None = None,
    ) -> SignedScript:
        """Compile a script and sign what it needs with one's own key. Raises CheckFailed, Refused, DataError.

        With a bundle as if it were attached to it.
        """
        return self.sign_as(script, SignHow(name, WhichKey(ask=ask)), bundle)

    def sign_as(
        self, script: OpenedScript, how: SignHow, bundle: str | None = None
    ) -> SignedScript:
        """Compile a script and sign what it needs, as it is said. Raises CheckFailed, Refused, DataError."""
        return signing.sign_compiled(self, self.compile(script, bundle=bundle), how)

    def add_signer(self, script: OpenedScript, how: SignHow) -> SignedScript:
        """Add a signature to a signed script; nothing else of its file changes. Raises Refused."""
        return signing.add_signer(self, script, how)

    def sign_compiled(
        self,
        compiled: CompiledScript,
        *,
        name: str | None = None,
        ask: Ask | None = None,
    ) -> SignedScript:
        """Sign a compiled script; an existing signature file is replaced, its serial goes on."""
        how = SignHow(name, WhichKey(ask=ask))
        return signing.sign_compiled(self, compiled, how)

    def verify(self, script: OpenedScript, session: SessionKey | None = None) -> Verified:
        """Pass a script through the gate, one of a session with its key. Raises Refused."""
        return verifying.verify(self, script, session)

    def grant(self, session: SessionKey, more: Grant) -> None:
        """Let a session do more, as its person said, and keep it in the run log. Raises Refused when that cannot be."""
        self.run_log.append(
            "session-grant",
            principal=session.of.principal,
            of=session.of.owner,
            key=session.fingerprint,
            grants=list(texts_of(more)),
        )
        session.grant(more)

    def stock_commands(self, path: Path, verified: Verified) -> tuple[str, ...]:
        """Give commands that check the signature without plotter2: awk, sed, ssh-keygen, sha256sum."""
        return verifying.stock_commands(self, path, verified)

    # ---- runs ---------------------------------------------------------------------------------

    def run(  # noqa: PLR0913 - keywords, each of them a way to run
        self,
        script: OpenedScript,
        *,
        params: Params | None = None,
        formats: Sequence[Format] = (),
        on_event: Callable[[Event], None] = lambda _: None,
        key: str | None = None,
        unconfined: bool = False,
        by: By = AS_USUAL,
        session: SessionKey | None = None,
    ) -> RunResult:
        """Run a signed script; with a `key` once, however often it is asked. `by` says who asks, and can cancel it.
        A `session` is the one whose key signed it.

        `unconfined` runs a script of one's own where the sandbox does not reach the level that the settings ask for.
        Raises Refused, CheckFailed, RunError, HostError, DataError.
        """
        require_script(script.path)
        asked = asking.run_of(script, params or {}, formats, key)
        begun = self.store.begin(asked, self.lease_s)
        if isinstance(begun, Request):
            return asking.run_told_again(begun, self.store)
        how = RunHow(params or {}, tuple(formats), on_event, unconfined, by, session)
        return self._ran(begun, script, how)

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
        children = self.orchestrator.budget.children
        at_once = AtOnce(min(how.jobs or children, children))

        def perform(instance: Instance, place: TaskPlace) -> RunResult:
            work = resumed if (instance.bundle.id, instance.name) == (row.id, task) else None
            asked = asking.task_of(
                instance.bundle.name,
                instance.name,
                instance.params,
                how.formats,
                instance.declared.attachment.kept.script.digest,
            )
            begun = work or self.store.begin_new(asked, self.lease_s)
            children = 1 if at_once.is_shared else at_once.children
            parts = replace(
                self._parts(begun),
                submit=at_once.outside(self.orchestrator.submit),
                budget=replace(self.orchestrator.budget, children=children),
            )
            return self._performed(parts, instance, place, how)

        carrying = Carrying(declarations, perform, how.begin, how.approve, at_once)
        wanted = Wanted(row, task, how.params, how.only, how.again, resumed is not None)
        return carry_out(carrying, wanted)

    def _performed(
        self, parts: Parts, instance: Instance, place: TaskPlace, how: TaskHow
    ) -> RunResult:
        timings, cancellation = Timings(), Cancellation()
        script = instance.declared.script
        assert script is not None
        kept = refusals_kept(self, script, task=instance.name, bundle=instance.bundle.id)
        with parts.work, kept, parts.work.watched(cancellation.cancel):
            self.orchestrator.warm()
            with timings.stage("verify"):
                verified = verifying.verify_attached(self, script)
            request = RunRequest(
                verified,
                instance.compiled,
                instance.params,
                how.formats,
                how.on_event,
                place,
                by=By(cancellation=cancellation),
            )
            with refusals():
                return running.run(request, parts, timings)

    def _parts(self, work: Work) -> Parts:
        return Parts(
            self.store,
            work,
            self.orchestrator.submit,
            self.orchestrator.ready,
            self.settings.minimum_level,
            self.settings.limits,
            self.run_log.append,
            self.cache,
            self.orchestrator.budget,
        )

    def _ran(self, work: Work, script: OpenedScript, how: RunHow) -> RunResult:
        timings, cancellation = Timings(), Cancellation()
        with (
            work,
            refusals_kept(self, script),
            following(cancellation, how.by.cancellation),
            work.watched(cancellation.cancel),
        ):
            self.orchestrator.warm()
            with timings.stage("verify"):
                verified = self.verify(script, how.session)
                if how.unconfined:
                    verifying.require_own(self, verified, script.path)
            with timings.stage("compile"):
                session = how.session.of if how.session else None
                signers = [session.owner] if session else [s.principal for s in verified.signers]
                compiled = checking.compile_for(self, script, signers, how.params)
            request = RunRequest(
                verified,
                compiled,
                how.params,
                how.formats,
                how.on_event,
                unconfined=how.unconfined,
                by=replace(how.by, cancellation=cancellation),
                session=session,
            )
            with refusals():
                return running.run(request, self._parts(work), timings)
