"""Suggestions: the nearest known word, and what the words of other tools are called here."""

from __future__ import annotations

import re
from collections.abc import Iterable

_LONGEST = 64
_SHORTEST = 3


def nearest(word: str, candidates: Iterable[str], *, shortened: bool = True) -> str | None:
    """Give the candidate within a third of the word's length in edits, or that the word shortens, or None.

    Capitals and `_-. ` count nothing. `shortened` is for words that must be some candidate: text may be anything.
    """
    limit = max(1, len(word) // 3)
    best: tuple[int, str] | None = None
    lower, folded = word.lower(), _folded(word)
    for candidate in candidates:
        if candidate == word or len(candidate) > _LONGEST:
            continue
        if _folded(candidate) == folded:
            return candidate
        other = candidate.lower()
        if best is None and shortened and _shortened(lower, other):
            best = (limit, candidate)
        allowed = limit if best is None else best[0] - 1
        distance = _edits(lower, other, allowed)
        if distance <= allowed and distance < max(len(lower), len(other)):  # a letter in common
            best = (distance, candidate)
    return None if best is None else best[1]


def surely(word: str, meant: str) -> bool:
    """Tell whether a word is a slip for another one: its digits are the same, for `w_3` may be anything but `w_4`."""
    return _DIGITS.sub("", word) == _DIGITS.sub("", meant)


_DIGITS = re.compile(r"[^0-9]+")


def _shortened(word: str, candidate: str) -> bool:
    """Tell whether a word of three letters or more is a candidate with letters left out: `colr`, `quant`."""
    if len(word) < _SHORTEST or word[0] != candidate[0] or len(word) * 2 < len(candidate):
        return False
    letters = iter(candidate)
    return all(letter in letters for letter in word)


def _folded(word: str) -> str:
    return word.lower().translate(_COUNTS_NOTHING)


_COUNTS_NOTHING = str.maketrans("", "", "_-. /")


def _edits(left: str, right: str, limit: int) -> int:
    """Give the number of insertions, deletions, replacements and swaps of neighbours, or limit + 1 when it is more.

    A script may name one of a hundred thousand columns: most are told apart without looking at every pair of letters.
    """
    if limit < 1 or abs(len(left) - len(right)) > limit or _strangers(left, right) > limit:
        return 0 if left == right else limit + 1
    left, right = _differing(left, right)
    before: list[int] = []
    row = list(range(len(right) + 1))
    beyond = limit + 1
    for i, a in enumerate(left, start=1):
        earlier, before = before, row
        row = [beyond] * (len(right) + 1)
        row[0] = i
        for j in range(max(1, i - limit), min(len(right), i + limit) + 1):
            b = right[j - 1]
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, earlier[j - 2] + 1)
            row[j] = cost
        if min(row) > limit:
            return beyond
    return min(row[-1], beyond)


def _strangers(left: str, right: str) -> int:
    """Give how many letters one of two words has that the other lacks: each is one edit at least."""
    return max(len(set(left) - set(right)), len(set(right) - set(left)))


def _differing(left: str, right: str) -> tuple[str, str]:
    """Give both words without the beginning and the end that they share."""
    shortest = min(len(left), len(right))
    start = next((i for i in range(shortest) if left[i] != right[i]), shortest)
    left, right = left[start:], right[start:]
    shortest -= start
    end = next((i for i in range(shortest) if left[-1 - i] != right[-1 - i]), shortest)
    return left[: len(left) - end], right[: len(right) - end]


FOREIGN_FUNCTIONS = {
    "trunc": ("floor", ""),
    "nvl": ("fill", "Write `fill(x, value)`."),
    **dict.fromkeys(
        ("str_replace", "regexp_replace", "sub"), ("replace", 'Write `replace(x, "old", "new")`.')
    ),
    **dict.fromkeys(("row_number", "dense_rank"), ("rank", "")),
    **dict.fromkeys(("ntile", "p95", "prctile"), ("quantile", "Write `quantile(x, 95%)`.")),
    "norm1": ("l1norm", ""),
    "sum_of": ("sum", ""),
    **dict.fromkeys(("movmean", "smoothdata", "rollmean"), ("rolling_mean", "")),
    "ci": ("ci_low", "Write `ci_low(x)` and `ci_high(x)`."),
    **dict.fromkeys(("nth", "first_value"), ("first", "")),
    "last_value": ("last", ""),
    "avg": ("mean", ""),
    "average": ("mean", ""),
    "nanmean": ("mean", "`mean` leaves out nulls."),
    "std": ("stddev", ""),
    "sd": ("stddev", ""),
    "stdev": ("stddev", ""),
    "total_sum": ("sum", ""),
    "prod": ("product", ""),
    "len": ("count", ""),
    "n": ("count", "Write `count()`."),
    "size": ("count", "Write `count()`."),
    "nunique": ("distinct", ""),
    "n_distinct": ("distinct", ""),
    "percentile": ("quantile", "Write `quantile(x, 95%)`."),
    "maximum": ("max", ""),
    "minimum": ("min", ""),
    "isna": ("isnull", ""),
    "is_null": ("isnull", ""),
    "is_na": ("isnull", ""),
    "isnan": ("isnull", ""),
    "coalesce": ("fill", "Write `fill(x, value)`."),
    "fillna": ("fill", "Write `fill(x, value)`."),
    "fill_null": ("fill", "Write `fill(x, value)`."),
    "ln": ("log", "`log` is the natural logarithm."),
    "arcsin": ("asin", ""),
    "arccos": ("acos", ""),
    "arctan": ("atan", ""),
    "arctan2": ("atan2", ""),
    "ewm": ("ema", ""),
    "ewma": ("ema", ""),
    "rolling": ("rolling_mean", ""),
    "moving_average": ("rolling_mean", ""),
    "smooth": ("rolling_mean", "Write `rolling_mean(x, window=10, by=run)`."),
    "diff": ("lag", "Write `x - lag(x)`."),
    "gradient": ("derivative", "Write `derivative(y, wrt=x)`."),
    "trapz": ("integral", "Write `integral(y, wrt=x)`."),
    "cumsum": ("cumulative_sum", ""),
    "running_sum": ("cumulative_sum", ""),
    "shift": ("lag", "Write `lag(x)` or `lead(x)`."),
    "var": ("variance", ""),
    "ceiling": ("ceil", ""),
    "clip": ("clamp", ""),
    "arcsinh": ("asinh", ""),
    "arccosh": ("acosh", ""),
    "arctanh": ("atanh", ""),
    "tolower": ("lower", ""),
    "toupper": ("upper", ""),
    "lowercase": ("lower", ""),
    "uppercase": ("upper", ""),
    "nchar": ("length", ""),
    "strlen": ("length", ""),
    "str_detect": ("contains", 'Write `contains(x, "part")`.'),
    "startswith": ("starts_with", ""),
    "endswith": ("ends_with", ""),
    "gsub": ("replace", 'Write `replace(x, "old", "new")`.'),
    "str": ("format", 'Write `format(x, ".2f")`.'),
    "nrow": ("rows", "Write `rows($table)`."),
    "norm": ("l2norm", ""),
}
"""Function of another tool -> ours and how it is written."""

FOREIGN_CHOICES = {
    "top left": "upper left",
    "top right": "upper right",
    "bottom left": "lower left",
    "bottom right": "lower right",
    "left upper": "upper left",
    "right upper": "upper right",
    "left lower": "lower left",
    "right lower": "lower right",
    "auto": "best",
    "logarithmic": "log",
    "log10": "log",
    "lowess": "loess",
    "quadratic": "poly2",
    "exponential": "exp",
    "gray": "greys",
    "grey": "greys",
    "grayscale": "greys",
    "standard": "zscore",
    "float": "number",
    "float64": "number",
    "double": "number",
    "integer": "int",
    "int64": "int",
    "str": "string",
    "text": "string",
    "boolean": "bool",
    "datetime": "time",
    "row": "y",
    "col": "x",
    "all": "both",
}
"""Choice of another tool -> ours, where the argument has it."""

FOREIGN_VALUES = {
    **dict.fromkeys(("notnull", "notna", "is_not_null"), "write `not isnull(x)`"),
    **dict.fromkeys(("greatest", "pmax"), "write `if a > b then a else b`"),
    **dict.fromkeys(("least", "pmin"), "write `if a < b then a else b`"),
    "hypot": "write `sqrt(x ** 2 + y ** 2)`",
    "cbrt": "write `x ** (1 / 3)`",
    "expm1": "write `exp(x) - 1`",
    "cumprod": "write `exp(cumulative_sum(log(x)))`",
    "dot": "write `sum(x * y)`",
    **dict.fromkeys(
        ("corr", "cor"),
        "write `| derive(a = x - mean(x), b = y - mean(y)) | summary(r = cosine_similarity(a, b))`",
    ),
    **dict.fromkeys(("argmax", "idxmax"), "write `| order(desc(column)) | head(1)`"),
    **dict.fromkeys(("argmin", "idxmin"), "write `| order(column) | head(1)`"),
    "every": "write `sum(if condition then 0 else 1) == 0`",
    **dict.fromkeys(("zeros", "ones"), "write the number: it stands on every row"),
    **dict.fromkeys(
        ("radians", "deg2rad", "degrees", "rad2deg"), "an angle carries its unit: `30deg`"
    ),
    "pi": "write the angle with its unit: `180deg`",
    "inf": "there is no infinity: leave the bound out, or write a large number such as `1e300`",
    **dict.fromkeys(
        ("now", "today"), "there is no clock: the same script and data give the same picture"
    ),
    **dict.fromkeys(
        ("random", "rand", "randn", "runif", "rnorm"),
        "there is no chance: `| sample(rows=n, seed=0)` takes random rows, always the same",
    ),
    **dict.fromkeys(
        ("to_date", "strftime", "strptime"), "a time is written with its unit: `10min`, `24h`"
    ),
    **dict.fromkeys(
        ("substr", "substring", "split", "strip", "trim"),
        'text is not cut: ask about it with `contains(x, "part")` or change it with `replace(x, "a", "b")`',
    ),
    "ifelse": "write `if condition then a else b`",
    "if_else": "write `if condition then a else b`",
    "iif": "write `if condition then a else b`",
    "case_when": "write `if condition then a else b`",
    "where": "write `if condition then a else b`",
    "pow": "write `a ** b`",
    "col": "a column is written bare: `step`",
    "c": "a list is written `[a, b]`",
    "list": "a list is written `[a, b]`",
    "lit": "a value is written as it is",
    "concat": 'text is put together with f"{a}{b}"',
    "paste": 'text is put together with f"{a}{b}"',
    "range": "a range is written `low..high`, both ends included",
    "linspace": "write `sweep(i=0..100) | derive(x = i / 100)`",
    "arange": "write `sweep(i=0..100) | derive(x = i / 100)`",
    "seq": "write `sweep(i=0..100) | derive(x = i / 100)`",
    "image": "a picture is drawn here, not read: `frame { $table | line(x=..., y=...) }`",
    "between": "write `x in low..high`",
    "isin": "write `x in [a, b]`",
    "not": "write `not condition`",
    "int": 'write `round(x)`, or change the column: `| cast(name="int")`',
    "float": 'change the column: `| cast(name="number")`',
    "bool": "write a comparison, such as `x > 0`",
    "square": "write `x ** 2`",
    "any": "write `sum(if condition then 1 else 0) > 0`",
    "all": "write `sum(if condition then 0 else 1) == 0`",
    "library": 'write `use "publisher/name@version" as name`',
    "require": 'write `use "publisher/name@version" as name`',
    "aes": "name the columns in the mark itself: `line(x=step, y=reward)`",
}
"""Function of another tool -> what to write, where ours is not a function."""

FOREIGN_ARGUMENTS_OF = {
    ("facet", "by"): "cols",
    ("facet", "wrap"): "cols",
    ("kmeans", "by"): "on",
    ("join", "by"): "on",
    ("head", "rows"): "n",
    ("sample", "n"): "rows",
    ("frame", "width"): "size",
    ("frame", "height"): "size",
    ("frame", "name"): "title",
    ("label", "on"): "by",
    ("text", "text"): "label",
    ("text", "s"): "label",
    ("bar", "height"): "y",
    ("fit", "method"): "model",
    ("fit", "kind"): "model",
}
"""Step, and its argument in another tool -> ours."""

FOREIGN_ARGUMENTS = {
    "hue": ("colour",),
    "c": ("colour",),
    "col": ("colour", "cols"),
    "fill": ("colour", "fill"),
    "group": ("by", "colour"),
    "groupby": ("by",),
    "group_by": ("by",),
    "marker": ("shape",),
    "style": ("shape",),
    "s": ("size",),
    "markersize": ("size",),
    "lw": ("width",),
    "linewidth": ("width",),
    "opacity": ("alpha",),
    "a": ("alpha",),
    "ymin": ("lo",),
    "ymax": ("hi",),
    "y1": ("lo",),
    "y2": ("hi",),
    "lower": ("lo",),
    "upper": ("hi",),
    "xlabel": ("x",),
    "ylabel": ("y",),
    "xtitle": ("x",),
    "ytitle": ("y",),
    "loc": ("at",),
    "location": ("at",),
    "position": ("at",),
    "figsize": ("size",),
    "ncol": ("cols",),
    "ncols": ("cols",),
    "columns": ("cols", "on", "columns"),
    "row": ("rows",),
    "nrows": ("rows",),
    "label": ("title",),
    "name": ("title", "name"),
    "z": ("fill",),
    "value": ("fill",),
    "n_components": ("n",),
    "k": ("n",),
    "n_clusters": ("k",),
    "clusters": ("k",),
    "max_iter": ("iters",),
    "random_state": ("seed",),
    "span": ("window", "half_life"),
    "confidence": ("level",),
    "ci": ("level",),
    "q": ("level",),
    "nbins": ("bins",),
    "vmin": ("domain",),
    "vmax": ("domain",),
    "cond": ("where",),
    "key": ("on", "by"),
    "how": ("method",),
}
"""Argument of another tool -> ours, the first that the step has."""
