"""Parameters that people put into the names of folders: `lr=0.1,seed=3`, `lr=1e-05_seed=2`, `seed_3`.

Such values may be rounded; where a file with parameters is there, it counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from logger2.identity import Scalar

REPEATS = frozenset(
    {"seed", "random_seed", "random_state", "fold", "rep", "repeat", "replicate", "trial"}
)
"""Names of parameters that only count repetitions."""

_PAIR = re.compile(
    r"([A-Za-z][A-Za-z0-9._-]*?)=([^=,;& ]+?)(?=[_,;& ]+[A-Za-z][A-Za-z0-9._-]*=|[,;& ]|$)"
)
_COUNTED = re.compile(
    rf"(?:^|[-_,. ])({'|'.join(sorted(REPEATS, key=len, reverse=True))})[-_]?(\d+)$", re.I
)
_INT = re.compile(r"[+-]?\d{1,18}\Z")
_FLOAT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\Z")


def params_in(name: str) -> dict[str, Scalar]:
    """Give the parameters that a folder's name holds, in order."""
    pairs = {match.group(1): _value(match.group(2)) for match in _PAIR.finditer(name)}
    if pairs:
        return pairs
    counted = _COUNTED.search(name)
    return {counted.group(1).lower(): int(counted.group(2))} if counted else {}


def repeats_among(names: Iterable[str]) -> tuple[str, ...]:
    """Give those names of parameters that only count repetitions."""
    return tuple(name for name in names if name.lower().rpartition(".")[2] in REPEATS)


def _value(text: str) -> Scalar:
    if _INT.match(text):
        return int(text)
    if _FLOAT.match(text):
        return float(text)
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    return text
