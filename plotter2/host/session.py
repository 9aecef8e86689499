"""A person types, statement by statement: each input is a whole script, signed, and run like others.

The key of the session signs, within what the person granted; where there is none, in a notebook, the person's own key.

What ran is kept as files, so a picture of a session can be explained and made again like every other picture.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from p2lang import ast
from p2lang.check import Libraries
from p2lang.compiler import Compiled, Limits, Surroundings, compile_script
from p2lang.fmt import format_script
from p2lang.parser import parse
from p2lang.service import Document, Workspace
from p2lang.service.wording import described
from p2lang.source import Source
from p2std.registry import core
from plotter2.datter import durable
from plotter2.errors import Refused
from plotter2.host.host import Host
from plotter2.host.session_key import Grant, SessionKey
from plotter2.host.signing import Ask
from plotter2.host.transcript import Entry, Transcript, script_start
from plotter2.runs import compiling
from plotter2.runs.explaining import Explained
from plotter2.runs.model import Event, Params, RunResult
from plotter2.runs.opening import OpenedScript, open_script
from plotter2.runs.signing import SignedScript
from plotter2.wire.messages import Format

_ASKED = "_asked"
_ANY_SCRIPT = "any.p2"


@dataclass(frozen=True, slots=True)
class Ran:
    """An input that was taken, and what its run gave if there was something to run."""

    entry: Entry
    result: RunResult | None


Approve = Callable[[Grant], bool]
"""Asks a person to grant more than was granted."""


class Session:
    """The inputs of one person on one host. `ask` gives the passphrase of the own key; it is asked for once.

    With a `key` that signs, for a folder of the session's name below the sessions of the root; `approve` is asked when
    an input needs more than it was granted.
    """

    def __init__(
        self,
        host: Host,
        ask: Ask | None = None,
        key: SessionKey | None = None,
        approve: Approve = lambda _: False,
    ) -> None:
        self._host = host
        self._ask = ask
        self._key = key
        self._approve = approve
        self._passphrase: str | None = None
        self._number = 0
        self._name = key.name if key else f"session-{secrets.token_hex(4)}"
        self.schemas = compiling.store_schemas(host.store)
        self.libraries = self._known_libraries()
        self.transcript = Transcript(self._compiled)

    @property
    def folder(self) -> Path:
        """The folder that keeps what ran, made with the first run."""
        return self._host.settings.root / "log" / "sessions" / self._name

    def understood(self, text: str) -> Entry:
        """Give what an input stands for and what is wrong with it; nothing runs and nothing is kept."""
        return self.transcript.understood(text)

    def take(
        self,
        entry: Entry,
        params: Params | None = None,
        formats: Sequence[Format] = (),
        on_event: Callable[[Event], None] = lambda _: None,
    ) -> Ran:
        """Keep what an entry declares and run what it does. Raises what `Host.run` and `Host.sign` raise."""
        result = None
        if entry.whole is not None:
            path = self._written(entry)
            self._lock(entry, path)
            result = self._host.run(
                self._signed_to_run(path),
                params=params,
                formats=formats,
                on_event=on_event,
                session=self._key,
            )
        self.transcript.keep(entry)
        return Ran(entry, result)

    def refresh(self) -> None:
        """Look at the store again: bundles and libraries that came since are seen."""
        self.schemas = compiling.store_schemas(self._host.store)
        self.libraries = self._known_libraries()

    def around(self, typed: str) -> tuple[Document, int]:
        """Give the whole script that something typed is the end of, and where it starts there; for completion."""
        before = script_start(self.transcript.kept)
        if typed.lstrip().startswith("|"):
            before += f"{self.transcript.flow}\n"
        return Document(before + typed, Workspace(core(), self.schemas, self.libraries)), len(
            before
        )

    def described(self, text: str) -> tuple[Entry, str]:
        """Give what is wrong with a flow or an expression, and in words what it is."""
        entry = self.transcript.understood(f"let {_ASKED} = {text}")
        document, _ = self.around(entry.typed.text)
        bound = [b for b in document.sights.bindings.values() if b.name.text == _ASKED]
        return entry, described(bound[0].what) if bound and entry.ok else ""

    def explained(self, entry: Entry) -> Explained:
        """Give the script of an entry and what it is held against; it may be one that only needs too much."""
        source = Source(self.script_of(entry), entry.typed.name)
        return Explained(source.name, source, self._compiled(source), self._limits.need)

    def script_of(self, entry: Entry) -> str:
        """Give the script that an entry ran, in the one layout."""
        assert entry.whole is not None
        script = parse(entry.whole).script
        assert script is not None
        return format_script(script)

    def sign(self, script: OpenedScript) -> SignedScript:
        """Sign a script with the own key. Raises CheckFailed, Refused, DataError."""
        return self._signed(script)

    def forget(self) -> None:
        """Forget everything that was declared."""
        self.transcript = Transcript(self._compiled)

    # ---- inside --------------------------------------------------------------------------------

    def _signed_to_run(self, path: Path) -> OpenedScript:
        script = open_script(path)
        if self._key is None:
            self._signed(script, f"own/{self._name}-{self._number}")
            return open_script(path)
        compiled = self._host.compile(script)
        lacking = self._key.lacking(compiled, self._host.now())
        if lacking and self._approve(lacking):
            self._host.grant(self._key, lacking)
        return self._key.sign(compiled, self._host.now(), self._host.settings.limits)

    def _signed(self, script: OpenedScript, name: str | None = None) -> SignedScript:
        known = self._passphrase
        try:
            return self._host.sign(script, name=name, ask=self._asked if self._ask else None)
        except Refused:
            if known is None:  # perhaps it was mistyped: it is asked for again
                self._passphrase = None
            raise

    def _compiled(self, source: Source) -> Compiled:
        around = Surroundings(self.libraries)
        return compile_script(source, core(), self.schemas, self._limits, around)

    @property
    def _limits(self) -> Limits:
        return compiling.script_limits(self._host.settings.limits)

    def _known_libraries(self) -> Libraries:
        # What is typed is locked when it runs, so that nothing is to be said before.
        around = self._host.surroundings(self.folder / _ANY_SCRIPT, strict=False)
        return replace(around.libraries, lockable=False)

    def _lock(self, entry: Entry, path: Path) -> None:
        """Pin the libraries of what is about to be signed, beside it."""
        script = None if entry.whole is None else parse(entry.whole).script
        if script is not None and any(isinstance(item, ast.Use) for item in script.items):
            self._host.lock([path], "update")

    def _written(self, entry: Entry) -> Path:
        self._number += 1
        for folder in (self.folder.parent, self.folder):
            durable.make_dir(folder, 0o700)
        path = self.folder / f"{self._number:04}.p2"
        durable.replace(path, self.script_of(entry).encode())
        return path

    def _asked(self, prompt: str) -> str:
        assert self._ask is not None
        if self._passphrase is None:
            self._passphrase = self._ask(prompt)
        return self._passphrase
