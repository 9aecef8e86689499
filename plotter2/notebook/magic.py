"""The `%%p2` cell and the `%p2` line of IPython. Needs IPython; it is loaded by `%load_ext plotter2` and nothing else.

A cell is taken like an input of the REPL: what it declares stays for later cells, what it does is signed with the own
key and run, and a flow without an end shows its table or its picture.
"""

from __future__ import annotations

import atexit
import base64
import getpass
import shlex
from html import escape
from pathlib import Path
from typing import Any

from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, line_cell_magic, magics_class
from IPython.display import display

from p2lang.diagnostics import render
from plotter2.config.settings import settings
from plotter2.errors import Plotter2Error
from plotter2.host.host import Host
from plotter2.host.session import Session
from plotter2.host.transcript import Entry
from plotter2.printable import printable
from plotter2.runs.model import Event, RunResult
from plotter2.runs.showing import table_text
from plotter2.wire.messages import Note, TableShown

_PRESENTATION = "font-family:monospace;white-space:pre;margin:0"
_COLOURS = {"error": "#a4262c", "warning": "#7a5c00"}


def load(shell: InteractiveShell) -> None:
    """Add the magics to a shell."""
    cells = Cells(shell)
    atexit.register(cells.close)
    shell.register_magics(cells)


def unload(shell: InteractiveShell) -> None:
    """End what the cells started; the magics stay and would start it anew."""
    cells = shell.magics_manager.registry[Cells.__name__]
    atexit.unregister(cells.close)
    cells.close()


class Said:
    """A text of plotter2 in a notebook, coloured where the front end can."""

    def __init__(self, text: str, severity: str = "") -> None:
        self._text = printable(text)
        self._severity = severity

    def __repr__(self) -> str:
        return self._text

    def _repr_html_(self) -> str:
        colour = _COLOURS.get(self._severity)
        style = f"{_PRESENTATION};color:{colour}" if colour else _PRESENTATION
        return f'<div style="{style}">{escape(self._text)}</div>'


class Table:
    """The first rows of a table that a cell shows."""

    def __init__(self, shown: TableShown) -> None:
        self._shown = shown

    def __repr__(self) -> str:
        return table_text(self._shown)

    def _repr_html_(self) -> str:
        heads = "".join(
            f"<th>{escape(name)}<br><small>{escape(kind)}</small></th>"
            for name, kind in self._shown.columns
        )
        rows = "".join(
            "<tr>" + "".join(f"<td>{_cell(value)}</td>" for value in row) + "</tr>"
            for row in self._shown.first
        )
        told = escape(table_text(self._shown).rpartition("\n")[2])
        return f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table><small>{told}</small>"


class Picture:
    """A picture that a cell made, with the place of its file."""

    def __init__(self, path: Path, kind: str) -> None:
        self.path = path
        self.kind = kind

    def __repr__(self) -> str:
        return str(self.path)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        content = self.path.read_bytes()
        shown = {"text/plain": repr(self)}
        if self.kind == "png":
            shown["image/png"] = base64.b64encode(content).decode()
        elif self.kind == "svg":
            # As an image, not as markup: nothing inside a picture may act on the page.
            source = base64.b64encode(content).decode()
            shown["text/html"] = f'<img src="data:image/svg+xml;base64,{source}">'
        return shown


@magics_class
class Cells(Magics):
    """`%%p2 [--root FOLDER] [--svg]` runs a cell of the language; `%p2 ...` one line of it."""

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self._open: dict[Path, tuple[Host, Session]] = {}

    def close(self) -> None:
        """End the children and close the stores."""
        while self._open:
            self._open.popitem()[1][0].close()

    @line_cell_magic
    def p2(self, line: str, cell: str | None = None) -> None:
        """Take an input of the language and show what it gives."""
        root, kind, text = _told(line, cell)
        try:
            session = self._session(root)
            session.refresh()
            entry = session.understood(text)
            _show_diagnostics(entry)
            if entry.ok:
                ran = session.take(entry, formats=(kind,), on_event=_show_event)
                _show_pictures(ran.result)
        except Plotter2Error as error:
            display(Said(error.problem().as_text(), "error"))

    def _session(self, root: str | None) -> Session:
        found = settings(Path(root) if root else None)
        if found.root not in self._open:
            host = Host(found, tell=lambda text: display(Said(text, "warning")))
            self._open[found.root] = (host, Session(host, getpass.getpass))
        return self._open[found.root][1]


def _told(line: str, cell: str | None) -> tuple[str | None, Any, str]:
    """Give root, file format and text of an input. Raises UsageError."""
    if cell is None:
        return None, "png", line
    root: str | None = None
    kind = "png"
    try:
        words = iter(shlex.split(line))
    except ValueError as error:
        raise UsageError(f"%%p2 cannot read {line!r}: {error}") from None
    for word in words:
        if word == "--root":
            root = next(words, None)
        elif word in ("--svg", "--png"):
            kind = word.removeprefix("--")
        else:
            raise UsageError(f"%%p2 takes --root FOLDER, --svg and --png, not {word!r}")
    return root, kind, cell


def _show_diagnostics(entry: Entry) -> None:
    for diagnostic in entry.diagnostics:
        display(Said(render(diagnostic, entry.typed), diagnostic.severity))


def _show_event(event: Event) -> None:
    if isinstance(event, TableShown):
        display(Table(event))
    elif isinstance(event, Note):
        display(Said(event.text, event.level))


def _show_pictures(result: RunResult | None) -> None:
    for artefact in result.artefacts if result else ():
        display(Picture(artefact.path, artefact.kind))


def _cell(value: str | None) -> str:
    return "<i>missing</i>" if value is None else escape(value)
