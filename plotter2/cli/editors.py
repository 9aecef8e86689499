"""`lsp`: the language server that editors start."""

from __future__ import annotations

from plotter2.cli.answer import Answer
from plotter2.cli.command import command


@command()
def lsp(root: str | None) -> Answer:
    """Serve an editor over standard input and output (the language server protocol)."""
    from plotter2.lsp.server import serve  # only on this path: it imports the protocol's types

    serve(root)
    return Answer({"ok": True})
