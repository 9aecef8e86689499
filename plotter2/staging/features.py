"""Features of a column of which two shares were read one after the other: what the whole column's would be.

The number of different values cannot be known so: it is the sum where values only rise, else the larger one. Nor can
whether text is the same everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass

from logger2.identity import Scalar

_SUMS = ("missing", "nan", "infinite")
_ALL = ("integer_like", "is_date", "is_clock")
_SMALLEST, _LARGEST = ("min",), ("max", "longest")
_MEANS = ("mean_length", "share_with_space")


@dataclass(frozen=True, slots=True)
class Share:
    """The features of some rows of a column."""

    rows: int
    features: dict[str, Scalar]

    def number(self, name: str) -> float:
        """Give a feature that is a number; 0 when it is not there."""
        value = self.features.get(name)
        return value if isinstance(value, int | float) else 0

    @property
    def given(self) -> float:
        """Give how many rows have a value."""
        return self.rows - self.number("missing")

    @property
    def steps(self) -> float:
        """Give how many steps there are from one finite value to the next."""
        return max(0.0, self.given - self.number("nan") - self.number("infinite") - 1)


def together(one: Share, more: Share) -> dict[str, Scalar]:
    """Give the features of both shares as one column."""
    if not one.rows or not more.rows:
        return dict(more.features if more.rows else one.features)
    both: dict[str, Scalar] = {**more.features, **one.features}
    for name in both:
        shares = [share for share in (one, more) if share.features.get(name) is not None]
        if name in _SUMS:
            both[name] = int(sum(share.number(name) for share in shares))
        elif name in _ALL:
            both[name] = all(share.features[name] for share in shares)
        elif name in _SMALLEST:
            both[name] = min(share.number(name) for share in shares)
        elif name in _LARGEST:
            both[name] = max(share.number(name) for share in shares)
        elif name in _MEANS:
            weights = sum(share.given for share in shares) or 1
            both[name] = sum(share.number(name) * share.given for share in shares) / weights
    if "last" in more.features:
        both["last"] = more.features["last"]
    both |= _of_steps(one, more)
    rises_only = both.get("share_increasing") == 1
    counts = [int(share.number("unique")) for share in (one, more)]
    both["unique"] = sum(counts) if rises_only else max(counts)
    both["constant"] = _is_constant(one, more)
    return both


def _of_steps(one: Share, more: Share) -> dict[str, Scalar]:
    if "first" not in one.features or "first" not in more.features:
        return {}
    before, after = one.number("last"), more.number("first")
    steps = one.steps + more.steps + 1

    def share(name: str, *, is_so: bool) -> float:
        counted = sum(each.number(name) * each.steps for each in (one, more))
        return round(counted + is_so) / steps

    return {
        "share_nondecreasing": share("share_nondecreasing", is_so=after >= before),
        "share_increasing": share("share_increasing", is_so=after > before),
        "share_changed": share("share_changed", is_so=after != before),
        "restarts": int(one.number("restarts") + more.number("restarts")) + (after < before),
    }


def _is_constant(one: Share, more: Share) -> bool:
    first = one.features.get("first")
    same = first is not None and first == more.features.get("first")
    return bool(one.features.get("constant") and more.features.get("constant")) and same
