"""Functions of text: row by row, missing in, missing out. Characters are Unicode code points, matches are literal."""

from __future__ import annotations

import polars as pl

from p2std.binding import kernel


@kernel("fn", "lower@1")
def lower(x: pl.Expr) -> pl.Expr:
    """Give the text in small letters, by the rules of Unicode."""
    return x.str.to_lowercase()


@kernel("fn", "upper@1")
def upper(x: pl.Expr) -> pl.Expr:
    """Give the text in capitals, by the rules of Unicode."""
    return x.str.to_uppercase()


@kernel("fn", "length@1")
def length(x: pl.Expr) -> pl.Expr:
    """Give the number of characters."""
    return x.str.len_chars().cast(pl.Int64)


@kernel("fn", "contains@1")
def contains(x: pl.Expr, part: str) -> pl.Expr:
    """Give whether `part` stands in the text, capitals and small letters told apart."""
    return x.str.contains(part, literal=True)


@kernel("fn", "starts_with@1")
def starts_with(x: pl.Expr, part: str) -> pl.Expr:
    """Give whether the text begins with `part`."""
    return x.str.starts_with(part)


@kernel("fn", "ends_with@1")
def ends_with(x: pl.Expr, part: str) -> pl.Expr:
    """Give whether the text ends with `part`."""
    return x.str.ends_with(part)


@kernel("fn", "replace@1")
def replace(x: pl.Expr, old: str, new: str) -> pl.Expr:
    """Give the text with `new` in place of each `old`, from left to right; an empty `old` stands nowhere."""
    return x.str.replace_all(old, new, literal=True) if old else x
