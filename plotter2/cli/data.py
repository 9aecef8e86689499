"""`add` and `show`: what comes into the store, and what is in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from plotter2.cli.answer import Answer, table
from plotter2.cli.command import command, opened_host
from plotter2.datter.stack import Stacked
from plotter2.datter.store import Listed, Store
from plotter2.errors import DataError

_SHOWN_PARTS = 40


@command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
@click.option("--name", help="What to call the bundle (default: the experiment or folder).")
def add(root: str | None, paths: tuple[Path, ...], name: str | None) -> Answer:
    """Take logger2 runs, or folders of CSV and JSONL files, into the store."""
    with opened_host(root) as host:
        report = host.add(paths, name)
        described = [host.store.bundle(b.id) for b in report.bundles]
        tops = [b for b in described if b.name not in report.nested]
        texts = [_about(host.store, top.name) for top in tops]
    data = {
        "ok": True,
        "bundles": [
            {"id": b.id, "name": b.name, "attempt": b.attempt, "new": b.id in report.new}
            for b in described
        ],
        "schemas": {},
        "notes": list(report.notes),
    }
    return Answer(data, "\n\n".join(texts))


@command()
@click.argument("bundle", required=False)
def show(root: str | None, bundle: str | None) -> Answer:
    """List the bundles, or show BUNDLE: id, parameters, children, and the schema of its rows."""
    with opened_host(root) as host:
        if bundle is None:
            return _listing(host.store.list())
        return Answer(bundle_json(host.store, bundle), bundle_text(host.store, bundle))
