"""The rules by which a column gets its role, in order; the first that speaks decides. Pure; every verdict says why.

A rule sees the features of one run's column, its name, and a little of the table around it; it never sees values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from logger2 import words
from logger2.features import Features
from logger2.identity import Scalar


@dataclass(frozen=True, slots=True)
class Verdict:
    """A role, how sure it is (0 to 1), and why."""

    role: str
    confidence: float
    why: str


@dataclass(frozen=True)
class Column:
    """A column as rules see it."""

    name: str
    features: Features

    @cached_property
    def base(self) -> str:
        """Give the name without its unit."""
        return words.unit_in(self.name)[0]

    @cached_property
    def noun(self) -> tuple[str, ...]:
        """Give the words after the last slash: `time/fps` speaks of fps."""
        return words.words(self.base.rpartition("/")[2])

    @cached_property
    def measured(self) -> frozenset[str]:
        """Give the words of what is measured, without those that tell the statistic."""
        return frozenset(words.words(self.base)) - words.UNCERTAINTIES - words.AVERAGES

    def named(self, among: frozenset[str]) -> bool:
        """Tell whether a word of the name is one of these."""
        return bool(among.intersection(self.noun))

    def ends(self, among: frozenset[str]) -> bool:
        """Tell whether the name's last word is one of these."""
        return bool(self.noun) and self.noun[-1] in among

    @property
    def is_hyper_parameter(self) -> bool:
        """Tell whether the name is of something that is chosen before a run."""
        prefixed = self.name.startswith(words.PARAM_PREFIXES)
        return (
            prefixed or self.named(words.PARAMS) or bool(words.pairs(self.base) & words.PARAM_PAIRS)
        )

    @property
    def rises(self) -> bool:
        """Tell whether the values hardly ever fall, or fall only to rise again (a saw-tooth)."""
        f = self.features
        return f.share_nondecreasing >= 0.9 or (
            f.share_increasing >= 0.6 and f.restarts < f.present / 3
        )

    @property
    def rises_always(self) -> bool:
        """Tell whether every value is larger than the one before."""
        return self.features.present >= 3 and self.features.share_increasing == 1


@dataclass(frozen=True)
class Surroundings:
    """The table around a column: all its columns, and what the run said about itself."""

    columns: Mapping[str, Column]
    params: Mapping[str, Scalar]
    repeat: frozenset[str]

    @cached_property
    def is_keyed(self) -> bool:
        """Tell whether a text column names the rows; then sorted numbers are no time series."""
        return any(
            c.features.dtype == "string"
            and not (c.features.is_date or c.features.is_clock)
            and c.features.rows >= 5
            and c.features.unique >= 0.6 * c.features.rows
            and c.features.share_with_space < 0.5
            for c in self.columns.values()
        )

    @cached_property
    def means(self) -> dict[frozenset[str], list[Column]]:
        """Give the numeric columns that an uncertainty could belong to, by what they measure."""
        found: dict[frozenset[str], list[Column]] = {}
        for column in self.columns.values():
            if column.features.is_numeric and not column.named(words.UNCERTAINTIES):
                found.setdefault(column.measured, []).append(column)
        return found

    @cached_property
    def has_step(self) -> bool:
        """Tell whether some column counts steps."""
        return any(_step(column, self) for column in self.columns.values())

    @cached_property
    def first_rising(self) -> str:
        """Give the first column whose values always rise, if any."""
        rising = (c.name for c in self.columns.values() if c.features.is_numeric and c.rises_always)
        return next(rising, "")


_BOUNDS = frozenset(("lo", "hi", "low", "high", "lower", "upper", "ci"))
_MOST_SIBLINGS = 8

Rule = Callable[[Column, Surroundings], Verdict | None]


def role_of(column: Column, table: Surroundings) -> Verdict:
    """Give the first verdict of the rules."""
    for rule in RULES:
        verdict = rule(column, table)
        if verdict is not None:
            return verdict
    if words.better_of(column.base):
        return Verdict("metric", 0.9, "numbers, named like a metric")
    return Verdict("metric", 0.7, "numbers with no other meaning")


def _empty(column: Column, table: Surroundings) -> Verdict | None:
    return Verdict("empty", 0.99, "no value at all") if not column.features.present else None


def _repeat(column: Column, table: Surroundings) -> Verdict | None:
    if column.name in table.repeat:
        return Verdict("repeat", 1.0, "the run names it as what repeats it")
    if column.ends(words.REPEATS) and (
        column.features.integer_like or column.features.dtype == "string"
    ):
        return Verdict("repeat", 0.9, f"called {column.noun[-1]!r}")
    return None


def _param(column: Column, table: Surroundings) -> Verdict | None:
    if column.features.unique > 1:
        return None
    if column.name in table.params:
        return Verdict("param", 1.0, "a parameter of the run")
    if column.is_hyper_parameter:
        return Verdict("param", 0.8, "named like a hyper-parameter, and one value in the run")
    return None


def _constant(column: Column, table: Surroundings) -> Verdict | None:
    if column.features.unique == 1 and column.features.present >= 2:
        return Verdict("constant", 0.95 if column.features.constant else 0.75, "one value only")
    return None


def _text(column: Column, table: Surroundings) -> Verdict | None:
    f = column.features
    if f.dtype == "bool":
        return Verdict("category", 0.85, "true or false")
    if f.dtype != "string":
        return None
    if f.is_clock or f.is_date:
        return Verdict(
            "time",
            0.9,
            "text that reads as a time of day" if f.is_clock else "text that reads as a date",
        )
    return _of_words(column, f)


def _of_words(column: Column, f: Features) -> Verdict:
    many = f.unique > 0.5 * f.present and f.present >= 5
    if f.mean_length > 25 and f.share_with_space > 0.5 and (many or column.ends(words.REMARKS)):
        return Verdict("text", 0.85, "long texts")
    if many or column.ends(words.IDS):
        return Verdict(
            "id",
            0.85 if many else 0.7,
            "mostly different texts" if many else "named like an identity",
        )
    if column.is_hyper_parameter:
        return Verdict("param", 0.75, "named like a hyper-parameter")
    told_apart = f.unique <= words.MOST_CATEGORIES
    return Verdict("category", 0.85 if told_apart else 0.6, f"{f.unique} different texts")


def _schedule(column: Column, table: Surroundings) -> Verdict | None:
    if not column.is_hyper_parameter:
        return None
    if table.has_step and words.is_schedule(column.base):
        return Verdict("metric", 0.75, "a schedule: it changes during the run")
    if not table.has_step or column.name.startswith(words.PARAM_PREFIXES):
        return Verdict("param", 0.75, "named like a hyper-parameter")
    return None


def _count(column: Column, table: Surroundings) -> Verdict | None:
    f = column.features
    counted = column.noun[:1] in (("n",), ("num",)) or column.ends(words.COUNTS)
    if counted and f.integer_like and not _counts_steps(column):
        return Verdict("count", 0.85, "whole numbers, named like a count")
    return None


def _uncertainty(column: Column, table: Surroundings) -> Verdict | None:
    f = column.features
    if not column.named(words.UNCERTAINTIES) or not f.is_numeric:
        return None
    is_bound = column.named(_BOUNDS)
    for sibling in table.means.get(column.measured, ())[:_MOST_SIBLINGS]:
        if _is_complement(f, sibling.features):
            continue
        if is_bound or (f.minimum is not None and f.minimum >= 0):
            return Verdict("uncertainty", 0.9, f"of {sibling.name!r}")
    return None


def _is_complement(one: Features, other: Features) -> bool:
    """Tell whether the two add up to one number (an error rate beside an accuracy), by their extremes."""
    if None in (one.minimum, one.maximum, other.minimum, other.maximum):
        return False
    assert one.minimum is not None
    assert one.maximum is not None
    assert other.minimum is not None
    assert other.maximum is not None
    low, high = one.minimum + other.maximum, one.maximum + other.minimum
    return abs(low - high) <= 1e-6 * max(abs(low), abs(high), 1e-12)


def _counts_steps(column: Column) -> bool:
    return column.ends(words.STEPS) or bool(
        words.STEPS & {"".join(p.split("_")) for p in words.pairs(column.base)}
    )


def _step(column: Column, table: Surroundings) -> Verdict | None:
    f = column.features
    numbered = column.named(words.STEPS) and column.ends(frozenset(("number", "no", "idx", "id")))
    if (
        not (_counts_steps(column) or numbered)
        or f.unique < 2
        or not f.is_numeric
        or not column.rises
    ):
        return None
    if not f.integer_like:
        rising = column.ends(frozenset(("epoch", "epochs"))) and not table.is_keyed
        return Verdict("step", 0.8, "parts of epochs that rise") if rising else None
    why = "whole numbers that rise, " + (f"with {f.restarts} restarts, " if f.restarts else "")
    return Verdict(
        "step", 0.95 if f.share_nondecreasing >= 0.9 else 0.8, f"{why}called {column.noun[-1]!r}"
    )


def _time(column: Column, table: Surroundings) -> Verdict | None:
    f = column.features
    if not column.named(words.TIMES) or not f.is_numeric:
        return None
    if column.named(words.DURATION_OF) and not (
        column.rises_always or f.restarts == 0 < f.share_changed
    ):
        return Verdict("metric", 0.75, "a duration: named after what took the time")
    if column.rises and not table.is_keyed:
        return Verdict("time", 0.9, "named like a time, and it rises")
    return Verdict("metric", 0.6, "named like a time, but it does not rise")


def _category(column: Column, table: Surroundings) -> Verdict | None:
    f = column.features
    if not f.integer_like or f.unique > 50:
        return None
    if column.named(words.CATEGORIES):
        return Verdict("category", 0.8, "few whole numbers, named like a category")
    if column.named(frozenset(("index",))) and f.share_changed < 0.2:
        return Verdict("category", 0.7, "an index that rarely changes: phases")
    if f.unique <= 12 and f.share_changed <= 0.05 and f.rows >= 40:
        return Verdict("category", 0.6, "few whole numbers that rarely change: phases")
    return None


def _identity(column: Column, table: Surroundings) -> Verdict | None:
    f = column.features
    if (
        f.integer_like
        and column.ends(words.IDS | {"number"})
        and (f.unique == f.present or column.rises)
    ):
        return Verdict("id", 0.75, "different whole numbers, named like an identity")
    return None


def _coordinate(column: Column, table: Surroundings) -> Verdict | None:
    if not column.features.is_numeric:
        return None
    if (
        column.noun
        and (column.ends(words.COORDINATES) or column.noun[0] in words.COORDINATES)
        and column.rises
    ):
        return Verdict("coordinate", 0.8, f"named {column.base!r}, and it rises")
    if len(column.noun) == 1 and column.noun[0] in words.COORDINATES and not table.has_step:
        return Verdict("coordinate", 0.7, f"named {column.base!r}")
    if column.name == table.first_rising and not table.has_step and not table.is_keyed:
        return Verdict("coordinate", 0.6, "the first column that always rises")
    return None


RULES: tuple[Rule, ...] = (
    _empty,
    _repeat,
    _param,
    _constant,
    _text,
    _schedule,
    _uncertainty,
    _count,
    _step,
    _time,
    _category,
    _identity,
    _coordinate,
)
"""In order; an uncertainty is asked for before a count, so that `n_err` beside `n` is one."""
