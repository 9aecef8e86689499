"""The page about all that a step in Python can name, made from the lists that the guards go by."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any, Final

from p2std.around import NOWHERE
from p2std.registry import core
from plotter2.child.python import limits
from plotter2.child.python.arrays import Array
from plotter2.child.python.chance import Chance
from plotter2.child.python.facade import Facade, Named, Word, Words
from plotter2.child.python.figures import MARKS
from plotter2.child.python.nested import Compute
from plotter2.child.python.plain import METHODS
from plotter2.child.python.running import FIXED
from plotter2.child.python.tables import Table
from plotter2.child.python.texts import Texts
from plotter2.child.python.touching import Me, Touching

_HEAD: Final = """# What a step in Python can name

Made by `python -m plotter2.cli.reference` from the lists that the guards of the child go by: what does not stand here
cannot be reached.
[language.md](../language.md#a-step-in-python) tells how such a step is written.
"""
_OBJECTS: Final[tuple[tuple[str, type[Facade], str], ...]] = (
    (
        "A table",
        Table,
        '`t["reward"]` is a column, `len(t)` the number of rows, a loop goes over rows as dicts.',
    ),
    (
        "A column or an array of numbers",
        Array,
        "`+ - * / // % ** @`, comparisons and `& | ^ ~` work element by element;"
        " `x[0]`, `x[1:5]`, `x[x > 0]`, `m[i, j]` choose.",
    ),
    (
        "A column of text",
        Texts,
        "`==` and `!=` compare element by element; `x[0]`, `x[1:5]` and `x[chosen]` choose.",
    ),
    (
        "Random numbers",
        Chance,
        "`num.random(seed)` begins a row of them; the seed stands in the script, so a run gives the same again.",
    ),
    ("me", Me, "What a step knows of the task that it runs in."),
)
_FIGURE: Final = """## A figure

`fig = frame(t, title="...", size=(160, 100))`, the size in mm; then marks and what goes around them, the same as in a
pipeline, with columns as text: `fig.line(x="step", y="reward", colour="run")`. `plot(fig, "name")` draws it.

| name | draws |
|---|---|"""
_LIMITS: Final = (
    ("bits of a whole number", limits.INTEGER_BITS),
    ("characters of a text", limits.TEXT),
    ("elements of a list, dict, set or tuple", limits.ITEMS),
    ("numbers of an array", limits.NUMBERS),
    ("passes of loops, calls and elements that are made, in one run of a step", limits.STEPS),
    ("characters that a step prints", limits.PRINTED),
    ("width or precision in a format", limits.WIDTH),
)


def page() -> str:
    """Give the whole page."""
    return "\n".join([_HEAD, *_words(), *_num(), *_objects(), *_figures(), *_plain(), *_bounds()])


def known_words() -> Mapping[str, Any]:
    """Give every word of a step in Python, by name."""
    compute: Compute = _nothing
    touching = Touching({}, _nothing, NOWHERE, compute)
    return dict(sorted({**FIXED, **touching.words()}.items()))


def _nothing(*given: Any) -> Any:
    raise AssertionError("a page computes nothing")


def _words() -> Iterator[str]:
    yield "## Words\n\n| word | gives |\n|---|---|"
    for name, word in known_words().items():
        if isinstance(word, Named):
            yield f"| `{name}({', '.join(word.parameters)})` | {_cell(word.about)} |"
    yield "| `num` | maths on arrays, see below |\n| `me` | the bundle and the task, see below |\n"


def _num() -> Iterator[str]:
    words = FIXED["num"]
    assert isinstance(words, Words)
    yield "## num\n\n| name | gives |\n|---|---|"
    for name, member in words.members().items():
        if isinstance(member, Word):
            called = f"num.{name}({', '.join(member.parameters)})"
            yield f"| `{called}` | {_cell(member.about)} |"
        else:
            yield f"| `num.{name}` | the number {member:g} |"
    yield ""


def _objects() -> Iterator[str]:
    for title, kind, about in _OBJECTS:
        yield f"## {title}\n\n{about}\n\n| name | gives |\n|---|---|"
        for name in sorted(kind.exports):
            yield f"| `.{name}{_call(getattr(kind, name))}` | {_cell(_about(getattr(kind, name)))} |"
        yield ""


def _call(member: Any) -> str:
    if isinstance(member, property):
        return ""
    return f"({', '.join(n for n in inspect.signature(member).parameters if n != 'self')})"


def _about(member: Any) -> str:
    return (inspect.getdoc(member) or "").partition("\n")[0]


def _figures() -> Iterator[str]:
    yield _FIGURE
    for name in sorted(MARKS):
        signature = core().flow(name, "view")
        assert signature is not None
        given = ", ".join(parameter.name for parameter in signature.parameters)
        yield f"| `fig.{name}({given})` | {_cell(signature.doc)} |"
    yield ""


def _plain() -> Iterator[str]:
    yield "## Plain values\n\n| value | methods |\n|---|---|"
    for kind, methods in METHODS.items():
        names = ", ".join(f"`{name}`" for name in sorted(methods)) or "none"
        yield f"| {kind.__name__} | {names} |"
    yield ""


def _bounds() -> Iterator[str]:
    yield "## Limits\n\n| of | most |\n|---|---|"
    for what, most in _LIMITS:
        yield f"| {what} | {most:,} |"
    yield ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
