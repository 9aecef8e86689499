"""Syntax tree to text: one layout, no options. What it prints parses to the same tree and prints the same again.

Trees that a program built print as well; a tree that no text can say raises ValueError with the reason.
"""

from __future__ import annotations

from p2lang import ast
from p2lang.fmt.layout import NEWLINE, rendered, sequence
from p2lang.fmt.statements import Printer

__all__ = ["format_expr", "format_script"]


def format_script(tree: ast.Script) -> str:
    """Give the text of a script, ending in a line end; empty for a script without anything."""
    text = rendered(sequence(Printer().script(tree), NEWLINE))
    return "" if text == "\n" else text


def format_expr(tree: ast.Expr) -> str:
    """Give an expression on one line, as messages and texts with holes show it."""
    return Printer().one_line(tree)
