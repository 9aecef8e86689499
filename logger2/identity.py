"""Names of runs and folders: sortable run ids, readable run names, safe folder names, plain parameter values.

Pure: no file, no clock of its own beyond `run_id`. Imports nothing heavy, because recording imports it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping

Scalar = bool | int | float | str | None
"""What one cell, parameter or label may hold."""

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
MAX_FOLDER_NAME = 100
MAX_RUN_NAME = 120
MAX_COLUMN_NAME = 200
_RANKS = (
    ("RANK", "WORLD_SIZE"),
    ("SLURM_PROCID", "SLURM_NTASKS"),
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
)


def run_id() -> str:
    """Give a new run id: a ULID, which sorts by time."""
    return ulid(time.time_ns() // 1_000_000, os.urandom(10))


def ulid(at_ms: int, random: bytes) -> str:
    """Give the ULID (github.com/ulid/spec) of a time, in milliseconds since 1970, and ten random bytes."""
    number = at_ms << 80 | int.from_bytes(random, "big")
    return "".join(CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5))


def is_run_id(text: str) -> bool:
    """Tell whether text has the form of a run id."""
    return len(text) == 26 and all(c in CROCKFORD for c in text)


def folder_name(name: str) -> str:
    """Give the folder that belongs to an experiment's name: letters, digits, `-_.=,`; never hidden, never a path.

    Raises ValueError when nothing is left of the name.
    """
    kept = "".join(c if c.isalnum() or c in "-_.=," else "-" for c in name.strip())
    kept = kept.lstrip(".-")[:MAX_FOLDER_NAME].rstrip(".-")
    if not kept:
        raise ValueError(f"{name!r} is no name for an experiment: it needs a letter or digit")
    return kept


def column_name(name: str) -> str:
    """Give a name that a script can quote: no backtick and no control character; raises ValueError when too long."""
    if len(name) > MAX_COLUMN_NAME:
        raise ValueError(f"a column name has at most {MAX_COLUMN_NAME} characters")
    if name.isprintable() and "`" not in name:
        return name or "_"
    return "".join(c if c.isprintable() and c != "`" else "_" for c in name)


def run_name(values: Mapping[str, Scalar]) -> str:
    """Give the readable name of a run from the values that tell it from others: `lr=0.1,seed=3`."""
    text = ",".join(f"{name}={_short(value)}" for name, value in values.items())
    return text if len(text) <= MAX_RUN_NAME else text[: MAX_RUN_NAME - 1] + "…"


def plain(value: object) -> Scalar:
    """Give a value as bool, int, float, text or None; one-element arrays and tensors by their `item()`.

    Raises TypeError for anything else and ValueError for an array of several elements.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, int):
        return _bounded(int(value))
    if isinstance(value, float):
        return float(value)
    item = getattr(value, "item", None)
    if not callable(item):
        raise TypeError(f"{type(value).__name__} is not a single value")
    try:
        inner = item()
    except (
        RuntimeError,
        IndexError,
    ) as error:  # torch raises RuntimeError where numpy raises ValueError
        raise ValueError(str(error)) from None
    if hasattr(inner, "item"):
        raise TypeError(f"{type(value).__name__} is not a single value")
    return plain(inner)


def flat_params(params: Mapping[str, object]) -> dict[str, Scalar]:
    """Give parameters as plain values; nested mappings get dotted names, anything else becomes its text."""
    flat: dict[str, Scalar] = {}
    for name, value in params.items():
        if isinstance(value, Mapping):
            flat.update((f"{name}.{k}", v) for k, v in flat_params(value).items())
        else:
            flat[column_name(str(name))] = _plain_or_text(value)
    return flat


def names_of(names: str | Iterable[str] | None) -> tuple[str, ...]:
    """Give names as a tuple, whether one, several or none were named."""
    if names is None:
        return ()
    return (names,) if isinstance(names, str) else tuple(names)


def rank_of(environment: Mapping[str, str]) -> int | None:
    """Give this process's number among those that a launcher (torchrun, srun, mpirun) started together, if it did."""
    for rank, size in _RANKS:
        number = environment.get(rank, "")
        if number.isdigit() and environment.get(size, "1") not in ("", "1"):
            return int(number)
    return None


def _bounded(value: int) -> int | float:
    if -(2**63) <= value < 2**63:
        return value
    try:
        return float(value)
    except OverflowError:
        raise ValueError("the whole number is too large to record") from None


def _plain_or_text(value: object) -> Scalar:
    try:
        return plain(value)
    except (TypeError, ValueError):
        return str(value)


def _short(value: Scalar) -> str:
    text = repr(value) if isinstance(value, float) else str(value)
    return "".join(c if c.isalnum() or c in "-+_." else "-" for c in text)
