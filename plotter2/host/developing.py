"""A script under development: each version is signed by a session within what a person granted, run, and drawn anew.

The pictures of all versions have the same paths, each replaced whole, so that a viewer that reloads shows the newest.
What was drawn is kept as a script of the session; nothing is written beside the person's own.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from plotter2.datter import durable
from plotter2.host.host import Host
from plotter2.host.session_key import Grant, SessionKey
from plotter2.orchestrator import Cancellation
from plotter2.runs.compiling import CompiledScript
from plotter2.runs.model import By, Event, Params, RunResult
from plotter2.runs.opening import open_script
from plotter2.wire.messages import Format


@dataclass(frozen=True, slots=True)
class DevelopHow:
    """How each version is run: values of params, file formats, where its pictures go (None: below the root)."""

    params: Params
    formats: tuple[Format, ...] = ()
    folder: Path | None = None


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a version gave: the run, its pictures where they always lie, seconds from the order to the last of them."""

    result: RunResult
    pictures: tuple[Path, ...]
    seconds: float


class Development:
    """One session about one script. `owner` is whose session it is."""

    def __init__(self, host: Host, script: Path, how: DevelopHow, owner: str) -> None:
        self._host = host
        self._script = script
        self._how = how
        self._number = 0
        self.key = SessionKey(owner, script, host.now())
        self.folder = how.folder or host.layout.log / "dev" / _folder_name(script)

    def compiled(self) -> CompiledScript:
        """Give the newest version, compiled. Raises FileRefused, CheckFailed, DataError."""
        columns = {n: text for n, text in self._how.params.items() if isinstance(text, str)}
        return self._host.compile(open_script(self._script), params=columns)

    def lacking(self, compiled: CompiledScript) -> Grant:
        """Give what a version needs and was not granted."""
        return self.key.lacking(compiled, self._host.now())

    def grant(self, more: Grant) -> None:
        """Allow more, because the person said so."""
        self._host.grant(self.key, more)

    def draw(
        self,
        compiled: CompiledScript,
        on_event: Callable[[Event], None],
        cancellation: Cancellation,
    ) -> Drawn:
        """Run a version and put its pictures where they always lie. Raises what `Host.run` raises, DataError."""
        began = time.perf_counter()
        signed = self.key.sign(compiled, self._host.now(), self._host.settings.limits)
        result = self._host.run(
            signed,
            params=self._how.params,
            formats=self._how.formats,
            on_event=on_event,
            by=By(cancellation=cancellation),
            session=self.key,
        )
        with durable.reported(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            contents = [(a.path.name, a.path.read_bytes()) for a in result.artefacts]
        for name, content in contents:
            durable.replace(self.folder / name, content)
        seconds = time.perf_counter() - began
        self._keep(signed.content)
        return Drawn(result, tuple(self.folder / name for name, _ in contents), seconds)

    def _keep(self, content: bytes) -> None:
        """Keep what was drawn, so that its picture can be made again."""
        folder = self._host.layout.sessions / self.key.name
        for path in (folder.parent, folder):
            durable.make_dir(path, 0o700)
        self._number += 1
        durable.replace(folder / f"{self._number:04}.p2", content)


def _folder_name(script: Path) -> str:
    """Give a name that a script keeps from session to session, and no other file has."""
    place = hashlib.sha256(str(script.absolute()).encode("utf-8", "surrogateescape")).hexdigest()
    return f"{script.stem}-{place[:8]}"
