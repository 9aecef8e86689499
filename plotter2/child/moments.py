"""Which rows a film shows when: the values of the animated column are its moments, in rising order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, cast

import numpy as np
import polars as pl
from numpy.typing import NDArray

from p2std.kernels.effects import Motion
from p2std.lowering import constant
from p2std.moving import Moving, at, literal, moves
from p2std.picture import Mark, Picture
from p2std.table import HIDDEN, Outside, Table, collected
from plotter2.child.run_codes import NO_MOMENT
from plotter2.errors import RunError
from plotter2.renderkit.film import Ease, Timeline
from plotter2.renderkit.view import Moments

MOMENT: Final = f"{HIDDEN}moment"
"""The column with the place of a row's value among the moments: missing when it is left out, -1 when it has none."""

PASSED: Final = f"{HIDDEN}passed"
"""The column with the first moment that is not before a row's value; -1 when it has none."""


@dataclass(frozen=True)
class Timing:
    """The moments of a film: all values, the places of those that are shown, and how they become pictures."""

    over: str
    found: tuple[Any, ...]
    places: tuple[int, ...]
    timeline: Timeline

    @property
    def values(self) -> tuple[Any, ...]:
        """The values that are shown."""
        return tuple(self.found[place] for place in self.places)

    @property
    def caption(self) -> str:
        """What a reader must know: that not every value is shown."""
        if len(self.places) == len(self.found):
            return ""
        return f"{len(self.places):,} of {len(self.found):,} values of {self.over}"

    def as_json(self, left_out: int) -> dict[str, Any]:
        """Give what a film's ledger tells of it."""
        line = self.timeline
        return {
            "over": self.over,
            "values": len(self.found),
            "shown": len(self.places),
            "pictures": line.pictures,
            "fps": line.fps,
            "between": line.between,
            "ease": line.ease,
            "rows_left_out": left_out,
        }


def timing(tables: Iterable[Table], motion: Motion, gliding: bool) -> Timing:
    """Give the moments that the tables have together; `gliding` tells that points have keys.

    Raises RunError P2-R0640 when there is none.
    """
    columns = [
        collected(table.frame.select(pl.col(motion.over).unique())).to_series()
        for table in tables
        if motion.over in table.schema
    ]
    found = pl.concat(columns).drop_nulls().unique().sort().to_list()
    if not found:
        raise RunError(
            NO_MOMENT,
            f"{motion.over} has no value, so the film has no picture",
            "animate",
            "look at the rows that reach the frame",
        )
    apart = 1 + (motion.between or 0)
    shown = _evenly(len(found), (motion.max_frames - 1) // apart + 1)
    between = _between(motion, len(shown), gliding)
    timeline = Timeline(len(shown), between, motion.fps, cast(Ease, motion.ease))
    return Timing(motion.over, tuple(found), shown, timeline)


def _evenly(count: int, most: int) -> tuple[int, ...]:
    """Give at most so many places, evenly spaced, the last always and the first where two fit."""
    if count <= most:
        return tuple(range(count))
    if most == 1:
        return (count - 1,)
    return tuple(np.linspace(0, count - 1, most).round().astype(int).tolist())


def _between(motion: Motion, moments: int, gliding: bool) -> int:
    if motion.between is not None:
        return motion.between
    if not gliding or moments < 2:
        return 0
    half_a_second = round(motion.fps / 2)
    return max(0, min(half_a_second, (motion.max_frames - 1) // (moments - 1)) - 1)


def follows(picture: Picture) -> bool:
    """Tell whether a rule of a picture stands at the current value."""
    rules = (mark for mark in picture.marks if mark.kind == "rule")
    return any(moves(value) for mark in rules for value in mark.options.values())


def timed(frame: pl.LazyFrame, timing: Timing) -> pl.LazyFrame:
    """Give the rows with their moments."""
    over = pl.col(timing.over)
    every = pl.Series(timing.found, dtype=frame.collect_schema()[timing.over])
    shown = dict(zip(timing.places, range(len(timing.places)), strict=True))
    moments = [shown.get(place) for place in range(len(every))]
    passed = np.searchsorted(timing.places, np.arange(len(every)))
    return frame.with_columns(
        _replaced(over, every, pl.Series(moments, dtype=pl.Int32)).alias(MOMENT),
        _replaced(over, every, pl.Series(passed, dtype=pl.Int32)).alias(PASSED),
    )


def _replaced(over: pl.Expr, old: pl.Series, new: pl.Series) -> pl.Expr:
    found = over.replace_strict(old, new, default=None, return_dtype=pl.Int32)
    return pl.when(over.is_null()).then(pl.lit(-1, pl.Int32)).otherwise(found)


def shown_rows(mark: Mark, rows: pl.DataFrame, timing: Timing | None) -> NDArray[np.bool_] | None:
    """Tell which rows of a mark are in any picture; None for all of them."""
    if timing is None or runs_along(mark, timing.over) or not rows[MOMENT].null_count():
        return None
    return rows[MOMENT].is_not_null().to_numpy()


def moments_of(mark: Mark, rows: pl.DataFrame, timing: Timing, followed: bool) -> Moments | None:
    """Give when the rows of a mark are shown, of those that are; None when it stands still.

    A mark along the animated column itself shows the way so far, or all of it where a rule follows the current value.
    """
    if runs_along(mark, timing.over):
        return None if followed else Moments(rows[PASSED].to_numpy(), grows=True)
    rows = rows.drop_nulls(MOMENT)
    keys = None
    if mark.key:
        keys = (rows[mark.key].rank("dense").cast(pl.Int32) - 1).fill_null(-1).to_numpy()
    return Moments(rows[MOMENT].to_numpy(), keys=keys)


def runs_along(mark: Mark, over: str) -> bool:
    """Tell whether a line, band or fit has the animated column along its x axis."""
    return mark.kind in ("line", "band", "fit") and mark.channels.get("x") == ["col", over]


def titles_of(
    title: Moving, outside: Outside, timing: Timing | None
) -> tuple[str, tuple[str, ...]]:
    """Give a title, and if it changes that of each moment."""
    if isinstance(title, str):
        return title, ()
    if timing is None:
        return "", ()
    said = (constant(at(title, literal(value)), outside) for value in timing.values)
    titles = tuple("" if text is None else str(text) for text in said)
    return titles[-1], titles
