"""A first script under git: `.gitattributes` is written beside it, or a person is told what to put there."""

from __future__ import annotations

from pathlib import Path

import click

from plotter2.cli.answer import is_interactive
from plotter2.errors import Plotter2Error
from plotter2.host import git_attributes
from plotter2.host.git_attributes import Lacking

_WHY = "so that git leaves the bytes of scripts and signatures as they are"


def kept_as_signed(script: Path) -> list[str]:
    """See that git keeps a script's bytes; gives what to tell. A file that is there is changed only when asked."""
    wanted = git_attributes.lacking(script)
    if wanted is None or not (wanted.is_new or _agreed(wanted)):
        return [] if wanted is None else [f"note: {_advice(wanted)}"]
    try:
        git_attributes.add(wanted)
    except Plotter2Error:  # the script is written and signed all the same
        return [f"note: {_advice(wanted)}"]
    return [f"wrote {wanted.file}: {', '.join(wanted.lines)}; {_WHY}"]


def _agreed(wanted: Lacking) -> bool:
    if not is_interactive():
        return False
    click.echo(f"{wanted.file} lacks: {', '.join(wanted.lines)}; they are there {_WHY}", err=True)
    return click.confirm("add them?", default=True, err=True)


def _advice(wanted: Lacking) -> str:
    return f"put {', '.join(wanted.lines)} into {wanted.file}, {_WHY}"
