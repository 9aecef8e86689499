"""Formulas through matplotlib's mathtext: how large they are, and what is refused before it is tried."""

from __future__ import annotations

import re
from typing import Final

from matplotlib.artist import Artist
from matplotlib.font_manager import FontProperties
from matplotlib.mathtext import MathTextParser, VectorParse
from matplotlib.text import Text
from matplotlib.transforms import Transform

from plotter2.errors import RunError
from plotter2.renderkit import document
from plotter2.renderkit.codes import undrawable
from plotter2.renderkit.mpl.settings import settings
from plotter2.renderkit.scene import Formula

_LONGEST: Final = 1000
_DEEPEST: Final = 16
_TEXT: Final = 6.0
_PARSER: Final[MathTextParser[VectorParse]] = MathTextParser("path")
_PLACE: Final = re.compile(r"\(at char (\d+)\)")
_FOUND: Final = re.compile(
    r"(?:Parse\w*Exception: )?(?P<what>[^\n]*?)(?:, found [^\n]*)?\s*\(at char"
)


def measured(formula: document.Formula, size: float) -> tuple[float, float, float]:
    """Give width, height and depth in points; raises RunError P2-R0680 for what cannot be set."""
    tex = _looked_at(formula)
    try:
        with settings():
            parsed = _PARSER.parse(f"${tex}$", dpi=72, prop=FontProperties(size=size))
    except (ValueError, RecursionError) as error:
        raise _refused(formula, error) from None
    width, height, depth = (float(side) for side in parsed[:3])
    return width, height, depth


def formula_of(formula: Formula, points: Transform) -> Artist:
    """Give a formula that was measured before."""
    return Text(
        formula.x,
        formula.y,
        f"${_one_line(formula.tex)}$",
        color=formula.colour,
        fontsize=formula.size,
        ha="left",
        va="baseline",
        parse_math=True,
        transform=points,
        zorder=_TEXT,
    )


def _one_line(tex: str) -> str:
    return " ".join(tex.split())


def _looked_at(formula: document.Formula) -> str:
    tex = _one_line(formula.tex)
    if not tex:
        raise _wrong(formula, "the formula is empty", 'write for example expr("x^2")')
    if len(tex) > _LONGEST:
        message = f"the formula has {len(tex):,} characters, and at most {_LONGEST:,} are set"
        raise _wrong(formula, message, "break it into several `expr(...)`")
    if _depth(tex) > _DEEPEST:
        message = f"the formula nests braces more than {_DEEPEST} deep"
        raise _wrong(formula, message, "write a part of it as a formula of its own")
    if re.search(r"(?<!\\)\$", tex):
        raise _wrong(
            formula, "the formula has a dollar in it", "leave the dollars out: they are added"
        )
    return tex


def _depth(tex: str) -> int:
    deepest = depth = 0
    for token in re.findall(r"\\.|[{}]|\\", tex):
        depth += {"{": 1, "}": -1}.get(token, 0)
        deepest = max(deepest, depth)
    return max(deepest, tex.count(r"\left"), tex.count(r"\sqrt") // 2)


def _refused(formula: document.Formula, error: Exception) -> RunError:
    text = str(error)
    if isinstance(error, RecursionError):
        return _wrong(formula, "the formula is nested too deeply", "write it in several parts")
    found, place = _FOUND.search(text), _PLACE.search(text)
    what = found["what"].strip() if found is not None else ""
    symbol = re.search(r"Unknown symbol: ([^\s,]+)", text)
    if symbol is not None:
        message = f"the formula has {symbol[1]}, which is no symbol that can be set"
        help = (
            "mathtext knows Greek letters, \\frac, \\sqrt, \\sum, \\int, \\hat, \\mathrm and the like,"
            " and no environments"
        )
        return _wrong(formula, message, help)
    at = _one_line(formula.tex)[int(place[1]) :][:20] if place is not None else ""
    near = f" at `{at}`" if at else " at its end"
    if len(what) > 60 or "end of text" in what or not what:
        return _wrong(formula, f"the formula cannot be read{near}", _USUAL)
    return _wrong(formula, f"the formula cannot be read{near}: {what[0].lower()}{what[1:]}", _USUAL)


_USUAL: Final = (
    "look for a missing brace, or a `^`, `_`, `\\frac` with nothing after it;"
    " in a script a backslash is `\\\\`"
)


def _wrong(formula: document.Formula, message: str, remedy: str) -> RunError:
    return undrawable("P2-R0680", message, formula.source or "expr", remedy)
