"""Colours for `.p2` scripts: the lexer that prompt-toolkit, IPython, Sphinx and others use."""

from plotter2.highlight.lexer import P2Lexer

__all__ = ["P2Lexer"]
