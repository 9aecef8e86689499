"""Finding the node of a syntax tree that is at a place."""

from __future__ import annotations

from p2lang import ast


def path_to(script: ast.Script | None, offset: int) -> tuple[ast.Node, ...]:
    """Give the nodes around an offset, the whole script first, the smallest last; nothing when it was not read."""
    if script is None:
        return ()
    path: list[ast.Node] = [script]
    while True:
        inside = [n for n in ast.children(path[-1]) if n.span.start <= offset <= n.span.end]
        inside = [n for n in inside if n.span.end > n.span.start]
        if not inside:
            return tuple(path)
        # Where two nodes meet, the one that begins here is meant.
        path.append(max(inside, key=lambda node: node.span.start))
