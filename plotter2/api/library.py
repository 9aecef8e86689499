"""One root as a Python object: add, check, sign, run; the command line's host, with values instead of words."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from p2sign.gate import Verified
from plotter2.api.bundles import KeptBundle
from plotter2.config.settings import settings
from plotter2.datter.layout import Layout, is_root, is_writable
from plotter2.host.asking import AS_IT_IS, TaskHow
from plotter2.host.host import Host
from plotter2.host.key_choice import WhichKey
from plotter2.host.keyring import OwnKey
from plotter2.host.signing import SignHow
from plotter2.runs.compiling import CheckedScript
from plotter2.runs.model import Event, Params, RunResult
from plotter2.runs.opening import open_script
from plotter2.runs.signing import SignedScript
from plotter2.staging import AddReport
from plotter2.tasks.carrying import Report
from plotter2.tasks.declaring import AttachedEach, AttachedTo, Modes
from plotter2.tasks.linking import LinkState, links_of
from plotter2.tasks.listing import tasks_of
from plotter2.tasks.model import Tasks
from plotter2.tasks.places import one_bundle
from plotter2.wire.messages import Format

PathLike = str | os.PathLike[str]


class Library:
    """A root that is open. Use as a context manager, or call `close`."""

    def __init__(self, root: PathLike | None = None) -> None:
        around = settings(Path(root) if root is not None else None)
        self._host = Host(
            around, reads=is_root(around.root) and not is_writable(Layout(around.root))
        )

    def __enter__(self) -> Library:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the children and close the store."""
        self._host.close()

    @property
    def root(self) -> Path:
        """Give the folder that holds everything."""
        return self._host.settings.root

    def add(
        self,
        paths: Sequence[PathLike] | PathLike,
        name: str | None = None,
        key: str | None = None,
        files: bool | None = None,
    ) -> AddReport:
        """Take logger2 runs or folders of CSV and JSONL files into the store. Raises DataError, HostError.

        With a `key` it happens once, however often it is asked: the same report is given again. Files that nothing is
        read from are kept beside those that are read; with `files` True or False always, or never.
        """
        given = [paths] if isinstance(paths, str | os.PathLike) else paths
        return self._host.add([Path(p) for p in given], name, key, files)

    def bundle(self, name: str) -> KeptBundle:
        """Give a bundle by its name or id: `.files` and `.arrays` are what it keeps beside tables. Raises DataError."""
        return KeptBundle(self._host.store, one_bundle(self._host.store, name))

    def check(self, script: PathLike) -> CheckedScript:
        """Check a script against the store's data; what is wrong is in `.diagnostics`. Raises FileRefused."""
        return self._host.check(open_script(Path(script)))

    def new_key(self, principal: str, passphrase: str | None = None) -> OwnKey:
        """Make a key of one's own and trust it here. Raises Refused, DataError."""
        return self._host.keyring.new_key(principal, passphrase)

    def sign(
        self,
        script: PathLike,
        name: str | None = None,
        ask: Callable[[str], str] | None = None,
        at: str | None = None,
        key: PathLike | None = None,
    ) -> SignedScript:
        """Sign a script with one's own key; `ask` gives the passphrase. Raises CheckFailed, Refused.

        `key` is another one: a private key file, or `agent:FINGERPRINT` of one that the ssh-agent has. `at` names the
        bundle that it is to be attached to, where its paths are looked up first.
        """
        which = WhichKey(None if key is None else os.fspath(key), ask=ask)
        return self._host.sign_as(open_script(Path(script)), SignHow(name, which), at)

    def verify(self, script: PathLike) -> Verified:
        """Tell who signed a script and what it may do: `.signers`, `.statement`. Raises Refused when it may not run."""
        return self._host.verify(open_script(Path(script)))

    def attach(
        self,
        bundle: str,
        scripts: Sequence[PathLike] | PathLike,
        mutable: Sequence[str] = (),
        constant: Sequence[str] = (),
    ) -> tuple[AttachedTo, ...]:
        """Attach signed scripts with links and tasks to a bundle, all or none; gives what became of each.

        `mutable` and `constant` name links whose rows may, or may not, vary. Raises Refused, CheckFailed, DataError.
        """
        given = [scripts] if isinstance(scripts, str | os.PathLike) else scripts
        opened = [open_script(Path(each)) for each in given]
        return self._host.attach(bundle, opened, Modes(tuple(constant), tuple(mutable)))

    def attach_each(
        self, selector: str, scripts: Sequence[PathLike] | PathLike, mutable: Sequence[str] = ()
    ) -> tuple[AttachedEach, ...]:
        """Attach signed scripts to each bundle of a selector; `.refused` says where they do not fit, and why."""
        given = [scripts] if isinstance(scripts, str | os.PathLike) else scripts
        opened = [open_script(Path(each)) for each in given]
        return self._host.attach_each(selector, opened, Modes(mutable=tuple(mutable)))

    def detach(self, bundle: str, name: str) -> None:
        """Take an attached script away; it is kept, and can be attached again. Raises DataError."""
        self._host.detach(bundle, name)

    def links(self, bundle: str) -> tuple[LinkState, ...]:
        """Give the links that answer for a bundle, each with what it reads or why it does not hold."""
        return links_of(self._host.declarations(), one_bundle(self._host.store, bundle))

    def tasks(self, bundle: str) -> Tasks:
        """Give a bundle's tasks: own, inherited, and those that cannot run on it with their reasons."""
        return tasks_of(self._host.declarations(), one_bundle(self._host.store, bundle))

    def run_task(self, bundle: str, task: str, how: TaskHow = AS_IT_IS) -> Report:
        """Run a task for a bundle and the linked ones below it, after the tasks that it waits for.

        `.ended` tells what became of each task on each bundle, `.rest` which bundles are not linked, and why. Raises
        RunError P2-R0647, P2-R0648, DataError.
        """
        return self._host.run_task(bundle, task, how)

    def run(
        self,
        script: PathLike,
        params: Params | None = None,
        formats: Sequence[Format] = (),
        on_event: Callable[[Event], None] = lambda _: None,
        key: str | None = None,
    ) -> RunResult:
        """Run a signed script: `.artefacts` are its pictures, `.record` the run record.

        With a `key` it runs once, however often it is asked: the first result is given again.
        Without `formats` pictures are PNG, or what the ending of their name says; reports are PDF.

        Raises Refused (signature, trust), CheckFailed (the script), RunError, HostError, DataError.
        """
        return self._host.run(
            open_script(Path(script)), params=params, formats=formats, on_event=on_event, key=key
        )
