"""Foreign text made safe to print: nothing in it can command a terminal or hide from a reader. Knows nothing else."""

from __future__ import annotations

_KEPT = frozenset("\n\t")


def printable(text: str) -> str:
    """Give `text` with U+FFFD for each character that has no shape of its own: controls, surrogates, bidi marks."""
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() or c in _KEPT else "\N{REPLACEMENT CHARACTER}" for c in text
    )
