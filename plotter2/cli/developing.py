"""`dev`: a script is run anew at every save, within rights granted once, and its picture stands in a viewer."""

from __future__ import annotations

import math
import shlex
import time
from datetime import datetime
from pathlib import Path

import click

from plotter2.cli import codes
from plotter2.cli.answer import Answer, diagnostics_text, is_interactive, say
from plotter2.cli.approving import granted, may_do
from plotter2.cli.command import command, opened_host
from plotter2.cli.drawing_options import format_option, param_option
from plotter2.cli.first_use import sign_with_own_key
from plotter2.cli.keys import own_principal
from plotter2.cli.params import param_values
from plotter2.cli.progress import Shown
from plotter2.errors import ExitCode, Plotter2Error
from plotter2.host.developing import DevelopHow, Development, Drawn
from plotter2.host.host import Host
from plotter2.host.session_key import HOURS
from plotter2.host.surrounding import require_script
from plotter2.host.viewing import opened_in_viewer
from plotter2.noticing import noticed
from plotter2.orchestrator import Cancellation
from plotter2.printable import count
from plotter2.runs.compiling import CompiledScript
from plotter2.runs.mistakes import CheckFailed
from plotter2.runs.opening import open_script
from plotter2.staging.saves import Saves
from plotter2.wire.codes import CANCELLED
from plotter2.wire.messages import Format

_LOOK_S = 0.5
_OFTEN_S = 0.05
_GONE_S = 2.0
_YOUNG_S = 1.0
"""A run that is younger than this is followed by the one of the next save; an older one is cancelled for it."""


@command()
@click.argument("script", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Put the pictures there.")
@param_option
@format_option
@click.option("--no-open", is_flag=True, help="Open no viewer; the path is told all the same.")
def dev(
    root: str | None,
    script: Path,
    output: Path | None,
    params: tuple[str, ...],
    formats: tuple[Format, ...],
    no_open: bool,
) -> Answer:
    """Draw SCRIPT anew at every save, until Ctrl-C.

    Shows once what it may do and asks; a save that wants more asks again. Nothing is signed with your key before you
    say so at the end.
    """
    values = param_values(params)
    open_script(script)
    require_script(script)
    if not is_interactive():
        raise Plotter2Error(
            codes.DEV_WITHOUT_TERMINAL,
            "dev asks what a script may do, and there is no terminal to ask at",
            help=f"sign it and run it: plotter2 sign {shlex.quote(str(script))}",
            exit_code=ExitCode.USAGE,
        )
    with opened_host(root) as host:
        host.orchestrator.warm()
        how = DevelopHow(values, formats, output)
        talk = _Talk(
            host, script, Development(host, script, how, own_principal(host)), opens=not no_open
        )
        try:
            talk.listen()
        except (KeyboardInterrupt, click.Abort):
            click.echo(err=True)
        talk.leave()
    return Answer({"ok": True, "saves": talk.saves, "drawn": talk.drawn})


class _Talk:
    """What is said while a person edits: to them on standard error, by them as saves and answers."""

    def __init__(self, host: Host, script: Path, development: Development, *, opens: bool) -> None:
        self._host = host
        self._script = script
        self._development = development
        self._opens = opens
        self._warned = ""
        self._shown: set[Path] = set()
        self._last: CompiledScript | None = None
        self._gone_since: float | None = None
        self.saves = 0
        self.drawn = 0

    def listen(self) -> None:
        """Take one save after the other."""
        with Saves(self._script) as saves:
            while True:
                if saves.take(_LOOK_S):
                    self.saves += 1
                    self._taken(saves)
                self._look_whether_gone()

    def leave(self) -> None:
        """Tell what was done, and offer a signature of one's own for what was drawn last."""
        say(f"{self.drawn} of {count(self.saves, 'version', 'versions') or 'no version'} drawn")
        last = self._last
        if last is None or self._is_signed(last):
            return
        if open_script(self._script).content != last.script.content:
            say(f"it changed since it was drawn; {_remedy(self._script)}")
        elif click.confirm(
            f"sign {self._script} with your key, so that it runs as it is?", err=True
        ):
            signed = sign_with_own_key(self._host, last)
            say(f"signed as {signed.principal}; wrote {signed.path}")
        else:
            say(f"it is not signed; {_remedy(self._script)}")

    # ---- one save ------------------------------------------------------------------------------

    def _taken(self, saves: Saves) -> None:
        try:
            compiled = self._development.compiled()
            self._warn(compiled)
            if self._allowed(compiled):
                self._draw(compiled, saves)
        except CheckFailed as error:
            self._warned = ""
            say(f"{_now()}  not drawn")
            say(diagnostics_text(error.diagnostics, error.source))
        except Plotter2Error as error:
            if error.code == CANCELLED and saves.waiting:
                say(f"{_now()}  left, for a newer version came")
            else:
                say(f"{_now()}  not drawn\n{error.problem().as_text()}")

    def _warn(self, compiled: CompiledScript) -> None:
        """Tell warnings as `check` does, and those of the version before not again."""
        told = diagnostics_text(compiled.warnings, compiled.source) if compiled.warnings else ""
        if told != self._warned:
            say(told)
        self._warned = told

    def _allowed(self, compiled: CompiledScript) -> bool:
        """Ask for what was not granted yet. The first no ends the session, a later one keeps the picture."""
        lacking = self._development.lacking(compiled)
        if not lacking:
            return True
        first = not self._development.key.granted
        ceiling = self._host.settings.limits
        if first:
            say(
                f"Until you leave, for {HOURS} hours at most, every version of {self._script} may do this:"
            )
            say(may_do(compiled, ceiling))
            click.confirm("allow this?", abort=True, err=True)
        else:
            say(f"{_now()}  this version wants more than you allowed. It also")
            say(granted(lacking))
            if not click.confirm("allow this as well?", err=True):
                say("not drawn; the picture is that of the version before")
                return False
        self._development.grant(lacking)
        return True

    def _draw(self, compiled: CompiledScript, saves: Saves) -> None:
        cancellation = Cancellation()
        newer = noticed(
            lambda: saves.waiting, cancellation.cancel, every_s=_OFTEN_S, young_s=_YOUNG_S
        )
        with newer, Shown() as shown:
            drawn = self._development.draw(compiled, shown.tell, cancellation)
        self._last = compiled
        self.drawn += 1
        say(f"{_now()}  drawn in {drawn.seconds:.2f} s")
        self._show(drawn)

    def _show(self, drawn: Drawn) -> None:
        new = [path for path in drawn.pictures if path not in self._shown]
        self._shown.update(new)
        for path in new:
            say(f"  {path}")
        if self._opens and new:
            self._opens = False
            if not opened_in_viewer(new[0]):
                say("  no viewer could be opened here: open it yourself")

    # ---- around --------------------------------------------------------------------------------

    def _look_whether_gone(self) -> None:
        """Tell once when the script is away for longer than an editor needs to put a new one there."""
        if self._script.exists():
            self._gone_since = None
        elif self._gone_since is None:
            self._gone_since = time.monotonic()
        elif time.monotonic() - self._gone_since > _GONE_S:
            say(f"{_now()}  {self._script} is gone; waiting for it to come back")
            self._gone_since = math.inf

    def _is_signed(self, last: CompiledScript) -> bool:
        try:
            verified = self._host.verify(open_script(self._script))
        except Plotter2Error:
            return False
        return verified.script == last.script.content


def _remedy(script: Path) -> str:
    return f"when it is as you want it: plotter2 sign {shlex.quote(str(script))}"


def _now() -> str:
    return datetime.now().astimezone().strftime("%H:%M:%S")
