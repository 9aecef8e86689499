"""Reads an input, takes it, shows what it gives, until the person leaves. Mistakes are told under the line."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import click
from prompt_toolkit import PromptSession

from p2lang.diagnostics import render
from plotter2.datter import durable
from plotter2.errors import Plotter2Error
from plotter2.host.host import Host
from plotter2.host.session import Approve, Session
from plotter2.host.session_key import SessionKey
from plotter2.host.signing import Ask
from plotter2.host.transcript import Entry
from plotter2.host.viewing import opened_in_viewer
from plotter2.printable import printable, with_bars
from plotter2.repl.commands import COMMANDS, help_text
from plotter2.repl.pictures import Protocol, protocol, shown
from plotter2.repl.prompt import prompt
from plotter2.runs import explaining
from plotter2.runs.codes import NOT_THERE
from plotter2.runs.model import Event, RunResult
from plotter2.runs.opening import open_script
from plotter2.runs.showing import table_text
from plotter2.wire.messages import Format, Progress, TableShown

_LEAVING = frozenset((":quit", ":q", ":exit", "quit", "exit"))
_SHOWN: Mapping[Protocol, Format] = {"kitty": "png", "iterm": "png", "sixel": "sixel"}
"""How terminals show pictures -> the format that they are sent."""
_LINES = "the lines are those of the script that :save writes"


def run(host: Host, ask: Ask, key: SessionKey, approve: Approve) -> None:
    """Talk until the person leaves. `ask` gives the passphrase of the own key, `key` signs what is typed."""
    terminal = sys.stdin.fileno() if sys.stdin.isatty() else None
    loop = Loop(
        Session(host, ask, key, approve), protocol(os.environ, terminal), progress=on_this_line
    )
    history = host.store.layout.log / "repl_history"
    loop.say(f"plotter2 on {host.settings.root}; :help tells what can be typed, Ctrl-D leaves")
    history.touch(mode=0o600)  # what was typed is for nobody else to read
    loop.talk(prompt(loop.session.around, history))


def _path(text: str) -> Path:
    """Give the path that was typed; one under the home folder of nobody is taken as it stands."""
    path = Path(text)
    if "\0" in text:
        raise Plotter2Error(
            NOT_THERE, "no file can have this name", text, "leave the null byte out"
        )
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def to_terminal(text: str) -> None:
    """Write a text to standard output."""
    click.echo(text)


def on_this_line(text: str) -> None:
    """Write a text over the current line; an empty one takes the line away."""
    click.echo(f"\r\x1b[K{text}", nl=False)


def no_progress(_: str) -> None:
    """Show no progress."""


@dataclass
class Loop:
    """One talk: a session, how pictures are shown, where text goes."""

    session: Session
    pictures: Protocol = "none"
    write: Callable[[str], None] = to_terminal
    progress: Callable[[str], None] = no_progress
    last: Entry | None = None
    artefacts: list[Path] = field(default_factory=list)

    def talk(self, asked: PromptSession[str]) -> None:
        """Take inputs until the person leaves."""
        while True:
            try:
                text = asked.prompt()
            except KeyboardInterrupt:
                continue
            except EOFError:
                return
            if text.strip() in _LEAVING:
                return
            self.take(text)

    def take(self, text: str) -> None:
        """Take one input; whatever is wrong is told, and the talk goes on."""
        if not text.strip():
            return
        try:
            if text.strip().startswith(":"):
                self._command(text.strip())
            else:
                self._statement(text)
        except Plotter2Error as error:
            self.say(error.problem().as_text())
        except KeyboardInterrupt:
            self.say("stopped; nothing of this input is kept")

    def say(self, text: str) -> None:
        """Show a text."""
        self.write(printable(text))

    # ---- statements ----------------------------------------------------------------------------

    def _statement(self, text: str) -> None:
        self.session.refresh()
        entry = self.session.understood(text)
        self._tell(entry)
        if not entry.ok:
            return
        formats: tuple[Format, ...] = ("png", "sixel") if self.pictures == "sixel" else ("png",)
        try:
            ran = self.session.take(entry, formats=formats, on_event=self._event)
        finally:
            self.progress("")
        self.last = entry
        if ran.result is not None:
            self._show(ran.result)

    def _tell(self, entry: Entry) -> None:
        for diagnostic in entry.diagnostics:
            self.say(render(diagnostic, entry.typed))

    def _event(self, event: Event) -> None:
        self.progress("")
        if isinstance(event, TableShown):
            self.say(table_text(event))
        elif isinstance(event, Progress):
            total = f" of {event.total:,}" if event.total > 0 else ""
            self.progress(f"{event.stage} {event.done:,}{total} {event.unit}")
        else:
            self.say(event.text if event.level == "info" else f"{event.level}: {event.text}")

    def _show(self, result: RunResult) -> None:
        self.artefacts = [a.path for a in result.artefacts if a.kind != "sixel"]
        for artefact in result.artefacts:
            if artefact.kind == _SHOWN.get(self.pictures):
                self.write(shown(artefact.path.read_bytes(), self.pictures))
        for path in self.artefacts:
            self.say(f"{path}")

    # ---- commands ------------------------------------------------------------------------------

    def _command(self, text: str) -> None:
        name, _, rest = text.partition(" ")
        known = [command for command in COMMANDS if command.startswith(name)]
        if len(known) != 1 and name not in COMMANDS:
            several = f"it may be {' or '.join(known)}" if known else ":help lists what there is"
            self.say(f"there is no command {name}; {several}")
            return
        _RULES[name if name in COMMANDS else known[0]](self, rest.strip())

    def help(self, _: str) -> None:
        """Tell what can be typed."""
        self.say(help_text())

    def type(self, text: str) -> None:
        """Tell what a flow or an expression is."""
        if not text:
            self.say("write what to look at: :type $runs")
            return
        entry, said = self.session.described(text)
        self._tell(entry)
        if said:
            self.say(said)

    def cost(self, text: str) -> None:
        """Tell what an input may cost, line by line; without one, the last input."""
        entry = self._explainable(text, ":cost $runs | head(5)")
        if entry is not None:
            self.say(f"{explaining.cost(self.session.explained(entry)).text}\n\n{_LINES}")

    def plan(self, text: str) -> None:
        """Show the compiled program of an input; without one, of the last input."""
        entry = self._explainable(text, ":plan $runs | head(5)")
        if entry is not None and entry.ok:
            self.say(explaining.plan(self.session.explained(entry)).text)

    def _explainable(self, text: str, example: str) -> Entry | None:
        """Give the entry that has a script, or tell why there is none."""
        entry = self.session.understood(text) if text else self.last
        if entry is None:
            self.say(f"there is no input yet; write what to look at: {example}")
            return None
        if text:
            self._tell(entry)
        if entry.whole is not None:
            return entry
        if entry.ok:
            self.say(f"nothing happens with this; write a flow or a value: {example}")
        return None

    def bundles(self, _: str) -> None:
        """List the bundles."""
        self.session.refresh()
        self.say("\n".join(self.session.schemas.known) or "there is no bundle yet: plotter2 add")

    def save(self, text: str) -> None:
        """Write the last input as a script of its own."""
        if self.last is None or self.last.whole is None:
            self.say("there is nothing to save yet: draw or show something first")
            return
        if not text:
            self.say("write where: :save plot.p2")
            return
        path = _path(text)
        if path.suffix != ".p2":
            path = path.with_name(path.name + ".p2")
        with durable.reported(path):
            there = path.exists()
        if there:
            self.say(f"{path} is there already and is kept; choose another name")
            return
        durable.replace(path, self.session.script_of(self.last).encode())
        self.say(f"wrote {path}; next: :sign {path}")

    def sign(self, text: str) -> None:
        """Sign a script with the own key."""
        if not text:
            self.say("write which script: :sign plot.p2")
            return
        signed = self.session.sign(open_script(_path(text)))
        self.say(f"You signed exactly this:\n{with_bars(signed.statement)}\nwrote {signed.path}")

    def open(self, _: str) -> None:
        """Open the last pictures with the system's own program."""
        if not self.artefacts:
            self.say("there is no picture yet")
        for path in self.artefacts:
            if not opened_in_viewer(path):
                self.say(f"no program opens it here; it is {path}")

    def clear(self, _: str) -> None:
        """Forget everything that was declared."""
        self.session.forget()
        self.last = None
        self.say("nothing is declared now")


_RULES: dict[str, Callable[[Loop, str], None]] = {
    ":help": Loop.help,
    ":type": Loop.type,
    ":cost": Loop.cost,
    ":plan": Loop.plan,
    ":bundles": Loop.bundles,
    ":save": Loop.save,
    ":sign": Loop.sign,
    ":open": Loop.open,
    ":clear": Loop.clear,
}
