"""A run in MLflow's file store: small text files, one for each parameter, metric and tag."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from logger2.identity import Scalar
from logger2.segment import RunInfo
from plotter2.child import reader_codes as codes
from plotter2.child.reader_limits import Expansion, ReadingLimits
from plotter2.child.reader_run import MAIN, ReadRun
from plotter2.child.reader_series import Series, joined
from plotter2.child.reader_text import scalar_in
from plotter2.errors import DataError

META, EXPERIMENT = "meta.yaml", "experiment.yaml"
_PARAMS, _METRICS = "params/", "metrics/"
_LINE = re.compile(r"([A-Za-z_][\w.]*):(?:[ ]+(.*))?")
_STATES = {"3": "ok", "4": "failed", "5": "failed"}
_STEP_FIELD = 2
_MILLISECONDS = 1000
_LONGEST_PARAM = 2_000


def read_mlflow(files: Mapping[str, memoryview], where: str, limits: ReadingLimits) -> ReadRun:
    """Read a run, its files given by their names below its folder, and `experiment.yaml` beside them.

    Raises DataError: P2-D0941 (no run), P2-D0937 (too many files), P2-D0847, P2-D0848, P2-D0854 (limits, names).
    """
    if META not in files:
        raise _bad(where, f"it has no {META}")
    meta = _yaml(files[META], f"{where}/{META}")
    experiment = _yaml(files.get(EXPERIMENT, memoryview(b"")), f"{where}/{EXPERIMENT}")
    parts = Expansion(sum(map(len, files.values())), where)
    notes: list[str] = []
    params: dict[str, Scalar] = {}
    logged: dict[str, Series] = {}
    skipped = 0
    for name, data in sorted(files.items()):
        parts.take(0, repr(name))
        if name.startswith(_PARAMS):
            params[name.removeprefix(_PARAMS)] = scalar_in(
                str(data[:_LONGEST_PARAM], "utf-8", "replace")
            )
        elif name.startswith(_METRICS):
            metric = name.removeprefix(_METRICS)
            logged[metric] = Series()
            skipped += _metric(bytes(data), f"{where}/{name}", logged[metric], notes)
    if meta.get("lifecycle_stage") == "deleted":
        notes.append("MLflow counts this run as deleted")
    info = RunInfo(
        run=meta.get("run_id") or meta.get("run_uuid") or where.rpartition("/")[2],
        name=meta.get("run_name", ""),
        experiment=experiment.get("name", ""),
        state=_STATES.get(meta.get("status", ""), "unfinished"),
        params=params,
        repeat={},
        axes=(),
        definitions={},
    )
    table = joined(MAIN, logged, where, limits, notes, skipped) if logged else None
    return ReadRun(info, (table,) if table else ())


def _yaml(data: memoryview, where: str) -> dict[str, str]:
    """Give the plain values of a file that MLflow wrote: a name and a value a line; what is nested is passed over."""
    found: dict[str, str] = {}
    for line in str(data, "utf-8", "replace").splitlines():
        match = _LINE.fullmatch(line)
        if match:
            found[match[1]] = _unquoted(match[2] or "")
    if data and not found:
        raise _bad(where, f"{where} has no line with a name and a value")
    return found


def _unquoted(value: str) -> str:
    if value.startswith("'"):
        return value[1:-1].replace("''", "'")
    if value.startswith('"'):
        try:
            return str(json.loads(value))
        except ValueError:
            return value[1:-1]
    return value


def _metric(data: bytes, where: str, series: Series, notes: list[str]) -> int:
    """Take the lines of a metric, `milliseconds value step`; gives how many bytes of a torn last one were skipped."""
    whole, _, torn = data.rpartition(b"\n")
    bad = 0
    for line in whole.splitlines():
        fields = line.split()
        try:
            step = int(fields[_STEP_FIELD]) if len(fields) > _STEP_FIELD else 0
            series.add(step, int(fields[0]) / _MILLISECONDS, float(fields[1]))
        except (ValueError, IndexError, OverflowError):
            bad += 1
    if bad:
        notes.append(f"{where}: {bad} lines are no values and left out")
    if torn:
        notes.append(f"{where}: torn last line: {len(torn)} bytes are left out")
    return len(torn)


def _bad(where: str, why: str) -> DataError:
    return DataError(
        codes.BAD_MLFLOW,
        f"{where} cannot be read as a run of MLflow: {why}",
        where=where,
        help="check whether its folder was copied whole, with meta.yaml, params and metrics",
    )
