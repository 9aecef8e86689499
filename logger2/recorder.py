"""The recording side: `run`, `log`, `group`, `define`, `array`. Standard library only; never stops a training.

A record is one line in one write, so a killed process loses nothing that was logged. Mistakes in the call that starts a
run raise; later trouble is told by `Run.health` and, with `strict=True`, raised.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from zlib import crc32

from logger2.arrays import raw_array
from logger2.definitions import checked, said_about
from logger2.encoding import (
    MAX_LINE,
    NeedsCare,
    careful_line,
    code_of,
    quick_encoder,
    record_line,
    wider,
)
from logger2.identity import Scalar, column_name, flat_params, plain, rank_of
from logger2.journal import Health, Journal, Shape
from logger2.runfile import packed, write_run_file

TYPE_CHECKING = False  # `typing` costs 9 ms to import; type checkers know this name
if TYPE_CHECKING:
    from types import TracebackType
    from typing import SupportsFloat

STREAM = "main"
X = "step"
MAX_TEXT = 64 << 10
MAX_MESSAGE = 2000


class Series:
    """The rows of one group: its name prefix, its labels, and the shapes that its rows have had."""

    __slots__ = ("codes", "known", "labels", "prefix", "shapes")

    def __init__(self, prefix: str, labels: Mapping[str, Scalar]) -> None:
        self.prefix = prefix
        self.labels = labels
        self.known: dict[tuple[object, ...], Shape] = {}
        self.shapes: dict[tuple[tuple[str, ...], tuple[str, ...]], Shape] = {}
        self.codes: dict[str, str] = {}


_group: ContextVar[Group | None] = ContextVar("logger2-group", default=None)
"""The innermost open group of this context, of whatever run."""


class Group:
    """A prefix and labels for what is logged inside its `with` block, or through its own `log`."""

    __slots__ = ("_outer", "_run", "series")

    def __init__(self, run: Run, series: Series) -> None:
        self._run = run
        self.series = series
        self._outer: Group | None = None

    def log(
        self, step: SupportsFloat, values: Mapping[str, object] | None = None, /, **named: object
    ) -> None:
        """Record values of a step in this group."""
        self._run._record(self.series, step, named if values is None else {**values, **named})

    def of(self, run: Run) -> Group | None:
        """Give the innermost open group that belongs to a run."""
        group: Group | None = self
        while group is not None and group._run is not run:
            group = group._outer
        return group

    def __enter__(self) -> Group:
        self._outer = _group.get()
        _group.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        _group.set(self._outer)


class Run:
    """One run of an experiment, open for recording until `finish` or the end of its `with` block.

    `folder` is where its files are, `id` its sortable identity, `name` what tells it from other runs of the experiment,
    `resumed_from` the step of the last `checkpoint` when an earlier run was resumed. `ended` is told when it ends.
    """

    def __init__(
        self,
        folder: str,
        about: dict[str, object],
        resume: dict[str, object] | None,
        *,
        strict: bool,
        ended: Callable[[Run], None],
    ) -> None:
        self.folder = folder
        self.id = str(about["run"])
        self.name = str(about["name"])
        self.resumed_from = about["checkpoint"]
        self._about = about
        self._definitions: dict[str, dict[str, str]] = dict(about["definitions"])  # type: ignore[call-overload] # checked when it was read
        self._resume = resume
        self._ended = ended
        self._unsaved = True
        self._t0 = time.time()
        self._zero = time.monotonic_ns()
        self._encode = quick_encoder()
        self._root = Series("", {})
        self._series: dict[tuple[str, tuple[object, ...]], Series] = {("", ()): self._root}
        self._shapes = 0
        self._finished = False
        self._journal = Journal(self._prepared, self._header, strict)
        self._save()

    # ---- what an experiment calls -----------------------------------------------------------

    def log(
        self, step: SupportsFloat, values: Mapping[str, object] | None = None, /, **named: object
    ) -> None:
        """Record values of a step: `run.log(step, loss=0.3)` or `run.log(step, {"train/loss": 0.3})`.

        Takes numbers, truth values, text, None (not measured) and one-element arrays or tensors; NaN and infinities
        are kept. What cannot be recorded is told once; raises only when the run is strict.
        """
        if values is None:
            values = named
        elif named:
            values = {**values, **named}
        group = _group.get()
        self._record(self._root if group is None else self._series_in(group), step, values)

    def group(self, prefix: str = "", /, **labels: object) -> Group:
        """Give a block in which names get `prefix/` and rows get labels: `with run.group("val", subset="test"):`."""
        outer = self._current_series()
        full = f"{outer.prefix}{prefix}/" if prefix else outer.prefix
        merged = {**outer.labels, **flat_params(labels)}
        key = (full, tuple(merged.items()))
        series = self._series.setdefault(key, Series(full, merged))
        return Group(self, series)

    def define(
        self,
        glob: str,
        *,
        x: str | None = None,
        unit: str | None = None,
        better: str | None = None,
        desc: str | None = None,
        role: str | None = None,
    ) -> None:
        """Say about all columns that match a glob: what they are drawn against, their unit, which way is better.

        Raises ValueError for a `better` other than "lower" and "higher", and for an unknown role.
        """
        said = checked({"x": x, "unit": unit, "better": better, "desc": desc, "role": role})
        self._definitions.setdefault(glob, {}).update(said)
        self._save()

    def array(
        self,
        name: str,
        array: object,
        step: SupportsFloat | None = None,
        dims: Sequence[str] = (),
        coords: Mapping[str, Iterable[object]] | None = None,
    ) -> None:
        """Record an array's bytes with the names of its dimensions and the labels along them.

        Takes whatever has the buffer protocol or `__array_interface__`: numpy arrays, tensors, `array.array`.
        """
        series = self._current_series()
        try:
            raw = raw_array(array)
            record: dict[str, object] = {
                "b": column_name(series.prefix + name),
                "step": None if step is None else _step(step),
                "o": 0,
                "n": len(raw.data),
                "d": raw.code,
                "sh": list(raw.shape),
                "dims": _dims(dims, raw.shape),
                "crc": crc32(raw.data),
            }
            if coords:
                record["coords"] = _coords(coords, dims, raw.shape)
            if series.labels:
                record["labels"] = packed(series.labels)
            record_line(record)
        except (TypeError, ValueError) as error:
            self._journal.refuse(f"array {name!r} was not recorded: {error}")
            return
        self._journal.commit_blob(raw.data, record)

    def checkpoint(self, step: SupportsFloat) -> None:
        """Say that the experiment can be taken up again after this step; a resumed run supersedes what came later."""
        self._about["checkpoint"] = _step(step)
        self._save()

    def finish(self, error: BaseException | None = None) -> None:
        """End the run as "ok", or as "failed" with the type and message of an error; doing it twice does nothing."""
        if self._finished:
            return
        self._finished = True
        self._ended(self)
        state = "ok" if error is None else "failed"
        self._journal.end(state)
        self._about["state"] = state
        self._about["ended"] = round(time.time(), 3)
        if error is not None:
            message = str(error).encode("utf-8", "replace").decode()[:MAX_MESSAGE]
            self._about["error"] = {"type": type(error).__name__, "message": message}
        self._about["columns"] = {
            name: {"d": code, "u": said_about(name, self._definitions).get("unit")}
            for series in self._series.values()
            for name, code in series.codes.items()
        }
        self._about["lost"] = self.health.lost
        self._save()

    @property
    def health(self) -> Health:
        """Tell how recording fares: `ok`, records held in memory or lost, values refused, the latest problem."""
        return self._journal.health()

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        clean = error is None or (isinstance(error, SystemExit) and error.code in (None, 0))
        self.finish(None if clean else error)

    # ---- the way of a record ----------------------------------------------------------------

    def _record(self, series: Series, step: SupportsFloat, values: Mapping[str, object]) -> None:
        try:
            row = (step, *values.values())
        except AttributeError:
            raise TypeError("log takes a mapping of names to values, or values by name") from None
        shape = series.known.get((*values, *map(type, row)))
        if shape is not None:
            seconds = (time.monotonic_ns() - self._zero) // 1000 / 1e6
            try:
                line = self._encode((shape.number, step, seconds, *values.values()))
            except NeedsCare:
                pass
            else:
                if len(line) <= MAX_LINE:
                    self._journal.commit(line, shape)
                    return
        self._record_carefully(series, step, values)

    def _record_carefully(
        self, series: Series, step: SupportsFloat, values: Mapping[str, object]
    ) -> None:
        """Record a row of a kind not seen before, or with values that the quick way cannot write."""
        try:
            at = _step(step)
            seconds = (time.monotonic_ns() - self._zero) // 1000 / 1e6
            cells, codes = self._cells(series, values)
            if not cells:
                return
            shape = self._shape(series, tuple(cells), codes)
            line = careful_line((shape.number, at, seconds, *cells.values()))
        except (TypeError, ValueError) as error:
            self._journal.refuse(f"a call of log was not recorded: {error}")
            return
        if len(cells) == len(values):
            series.known[(*values, *map(type, (step, *values.values())))] = shape
        self._journal.commit(line, shape)

    def _cells(
        self, series: Series, values: Mapping[str, object]
    ) -> tuple[dict[str, Scalar], list[str]]:
        cells: dict[str, Scalar] = {}
        codes: list[str] = []
        for name, value in values.items():
            try:
                full = column_name(f"{series.prefix}{name}")
                cell, code = plain(value), code_of(value)
                if isinstance(cell, str) and len(cell) > MAX_TEXT:
                    raise ValueError(
                        f"text has at most {MAX_TEXT} characters, this has {len(cell)}"
                    )
                if full in cells:
                    raise ValueError("another value of this call has the same name")
            except (TypeError, ValueError) as error:
                self._journal.refuse(f"{name!r} was not recorded: {error}")
                continue
            if cell is None:
                code = series.codes.get(full, code)
            elif full in series.codes:
                code = wider(series.codes[full], code)
            cells[full] = cell
            codes.append(code)
        return cells, codes

    def _shape(self, series: Series, names: tuple[str, ...], codes: list[str]) -> Shape:
        key = (names, tuple(codes))
        shape = series.shapes.get(key)
        if shape is None:
            units = [said_about(name, self._definitions).get("unit") for name in names]
            record = {
                "s": self._shapes + 1,
                "stream": STREAM,
                "x": X,
                "c": names,
                "d": codes,
                "u": units,
                "labels": packed(series.labels),
            }
            shape = Shape(self._shapes + 1, record_line(record))
            self._shapes += 1
            series.shapes[key] = shape
            series.codes.update(zip(names, codes, strict=True))
        return shape

    def _current_series(self) -> Series:
        group = _group.get()
        return self._root if group is None else self._series_in(group)

    def _series_in(self, group: Group) -> Series:
        mine = group.of(self)
        return self._root if mine is None else mine.series

    # ---- files ------------------------------------------------------------------------------

    def _prepared(self) -> str:
        os.makedirs(self.folder, exist_ok=True)
        if self._unsaved and not self._journal.in_fork:
            self._about["definitions"] = self._definitions
            write_run_file(self.folder, self._about)
            self._unsaved = False
        return self.folder

    def _save(self) -> None:
        self._unsaved = True
        try:
            self._prepared()
        except OSError as error:
            self._journal.trouble(error)

    def _header(self, number: int, in_fork: bool) -> dict[str, object]:
        header: dict[str, object] = {
            "l2": 1,
            "run": self.id,
            "exp": self._about["experiment"],
            "seg": number,
            "t0": self._t0,
            "params": self._about["params"],
            "repeat": self._about["repeat"],
        }
        rank = rank_of(os.environ)
        if rank is not None:
            header["rank"] = rank
        if in_fork:
            header["fork"] = True
        elif self._resume is not None:
            header["resume"] = {"of": number - 1, **self._resume}
            self._resume = None
        return header


def _step(step: object) -> int | float:
    number = plain(step)
    if isinstance(number, bool | str) or number is None or not math.isfinite(number):
        raise ValueError(f"a step is a finite number, not {number!r:.80}")
    return number


def _dims(dims: Sequence[str], shape: Sequence[int]) -> list[str]:
    if dims and len(dims) != len(shape):
        raise ValueError(f"{len(dims)} names for {len(shape)} dimensions")
    return [column_name(str(dim)) for dim in dims]


def _coords(
    coords: Mapping[str, Iterable[object]], dims: Sequence[str], shape: Sequence[int]
) -> dict[str, list[Scalar]]:
    sizes = dict(zip(dims, shape, strict=True)) if dims else {}
    labels = {dim: [plain(value) for value in values] for dim, values in coords.items()}
    for dim, values in labels.items():
        if sizes.get(dim) != len(values):
            raise ValueError(f"{len(values)} labels for dimension {dim!r} of size {sizes.get(dim)}")
    return labels
