"""Random steps in Python over all words: each gives a value or one error with a code, and changes nothing.

`python tests/python_step_fuzzing.py 100000 1` runs as many with a seed, in this process.
"""

from __future__ import annotations

import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

from plotter2.child.python.facade import Word, Words
from plotter2.child.python.figures import MARKS
from plotter2.child.python.held import Held
from plotter2.child.python.plain import METHODS
from plotter2.child.python.running import FIXED, GivenUp, StepError
from plotter2.child.python.tables import Table, Texts
from python_steps import RUNS, returned

NAMES: Final = ["runs", "x", "y", "z", "f", "words", "num", "runs['reward']", "runs['run']"]
CONSTANTS: Final = [
    "0", "1", "-1", "2", "3", "5", "7.5", "-0.0", "1e308", "1e999", "2 ** 62", "2 ** 64", "10 ** 400", "True", "None",
    "''", "'a'", "'run'", "'step'", "'reward'", "'x y'", "'%s'", "'%d'", "'\\ud800'", "'\\x1b[31m'", "'$x$'", "'é' * 9",
    "[]", "()", "{}", "range(3)", "range(9, 0, -2)", "num.pi", "num.inf", "num.eye(2)", "num.zeros(0)", "{1, 'a'}",
]  # fmt: skip
WORDS: Final = sorted(name for name, word in FIXED.items() if type(word) is Word)
_NUM: Final = FIXED["num"]
NUMBERS: Final = sorted(_NUM.members()) if type(_NUM) is Words else []
ATTRIBUTES: Final = sorted(
    {name for methods in METHODS.values() for name in methods}
    | Held.exports
    | Table.exports
    | Texts.exports
    | MARKS
)
SIGNS: Final = [
    "+", "-", "*", "/", "//", "%", "**", "@", "<<", ">>", "|", "&", "^", "<", "<=", ">", ">=", "==", "!=", "in", "is",
    "and", "or", "not in", "is not",
]  # fmt: skip
SPECS: Final = [
    "",
    ".2f",
    ">10",
    "05",
    ",",
    "+.3e",
    "x",
    "%",
    "999",
    "s",
    "{y}",
    "^{x}",
    "d",
    "é<4",
]
OPTIONS: Final = ["key", "reverse", "axis", "start", "strict", "default", "digits", "sep", "n"]


class Author:
    """Writes one random text."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.left = 40

    def text(self) -> str:
        """Give a text of a few statements."""
        lines = ["x = 1", "y = [1, 2.5, None]", "z = {'a': 1}", "f = lambda a, b=2: a"]
        for _ in range(self.dice.randint(1, 6)):
            lines += self.statement(0)
        return "\n".join([*lines, f"return {self.expression(3)}"])

    def pick(self, several: list[Callable[[int], str]], deep: int) -> str:
        """Write one of several."""
        return self.dice.choice(several)(deep)

    # ------------------------------------------------------------ statements
    def statement(self, indent: int) -> list[str]:
        """Give the lines of a statement."""
        space, kind = " " * indent, self.dice.randrange(12)
        if kind < 5 or indent > 2:
            return [space + self.simple()]
        inner = [line for _ in range(2) for line in self.statement(indent + 1)]
        head = {
            5: f"for {self.target()} in {self.expression(2)}:",
            6: f"if {self.expression(2)}:",
            7: f"while {self.expression(2)}:",
            8: f"def f(a=1, *, b={self.expression(1)}):",
        }.get(kind)
        if head is None:
            return [space + self.simple()]
        last = [f"{space} break"] if kind in (5, 7) else [f"{space} return a"] if kind == 8 else []
        return [space + head, *inner, *last]

    def simple(self) -> str:
        """Give a statement of one line."""
        value, target = self.expression(3), self.target()
        return self.dice.choice(
            [
                f"{target} = {value}",
                f"{target} = {value}",
                f"{self.dice.choice('xyz')} {self.dice.choice(SIGNS[:13])}= {value}",
                f"{self.dice.choice('xyz')}[{self.expression(1)}] {self.dice.choice(SIGNS[:13])}= {value}",
                f"{self.dice.choice('xyz')}[{self.expression(1)}] = {value}",
                f"del {self.dice.choice('xyz')}[{self.expression(1)}]",
                f"assert {self.expression(1)}, {value}",
                value,
            ]
        )

    def target(self) -> str:
        """Give what is set."""
        return self.dice.choice(["x", "y", "z", "x, y", "(x, *y)", "[x, (y, z)]", "z['a']", "y[0]"])

    # ------------------------------------------------------------ expressions
    def expression(self, deep: int) -> str:
        """Give an expression, in brackets where need be."""
        self.left -= 1
        if deep <= 0 or self.left < 0:
            return self.dice.choice(NAMES + CONSTANTS)
        kinds = [
            self.called, self.called, self.numeric, self.numeric, self.method, self.method, self.method, self.binary,
            self.binary, self.indexed, self.comprehension, self.collected, self.formatted, self.other,
        ]  # fmt: skip
        return self.pick(kinds, deep - 1)

    def arguments(self, deep: int) -> str:
        """Give what stands in the brackets of a call."""
        given = [self.expression(deep) for _ in range(self.dice.choice((0, 1, 1, 1, 2, 2, 3)))]
        if self.dice.random() < 0.15:
            given.append(f"{self.dice.choice(OPTIONS)}={self.expression(deep)}")
        return ", ".join(given)

    def called(self, deep: int) -> str:
        """Call a word."""
        return f"{self.dice.choice(WORDS)}({self.arguments(deep)})"

    def numeric(self, deep: int) -> str:
        """Call something of num."""
        return f"num.{self.dice.choice(NUMBERS)}({self.arguments(deep)})"

    def method(self, deep: int) -> str:
        """Call what stands behind a dot."""
        called = f"({self.arguments(deep)})" if self.dice.random() < 0.85 else ""
        return f"({self.expression(deep)}).{self.dice.choice(ATTRIBUTES)}{called}"

    def binary(self, deep: int) -> str:
        """Join two."""
        return f"({self.expression(deep)} {self.dice.choice(SIGNS)} {self.expression(deep)})"

    def indexed(self, deep: int) -> str:
        """Take a part."""
        index = self.dice.choice(["{}", "{}:{}", "::{}", ":, {}", "{}, {}", ":{}"])
        filled = index.format(*(self.expression(deep) for _ in range(2)))
        return f"({self.expression(deep)})[{filled}]"

    def comprehension(self, deep: int) -> str:
        """Make something of each."""
        left, right = self.dice.choice(["[]", "{}", "()"])
        condition = f" if {self.expression(deep)}" if self.dice.random() < 0.3 else ""
        return f"{left}{self.expression(deep)} for x in {self.expression(deep)}{condition}{right}"

    def collected(self, deep: int) -> str:
        """Put several together."""
        a, b = self.expression(deep), self.expression(deep)
        return self.dice.choice(
            [
                f"[{a}, {b}]",
                f"({a}, {b})",
                f"{{{a}, {b}}}",
                f"{{{a}: {b}}}",
                f"{{'run': {a}, 'n': {b}}}",
            ]
        )

    def formatted(self, deep: int) -> str:
        """Write down."""
        spec = self.dice.choice(SPECS)
        sign = self.dice.choice(["", "!r", "!s", "!a"])
        return self.dice.choice(
            [f"f'{{x{sign}:{spec}}}'", f"('%{spec or 's'}' % {self.expression(deep)})"]
        )

    def other(self, deep: int) -> str:
        """Give a lambda, a choice, a sign before, a name that is set."""
        a = self.expression(deep)
        return self.dice.choice(
            [
                f"(lambda a: {a})",
                f"({a} if x else y)",
                f"(-{a})",
                f"(~{a})",
                f"(not {a})",
                f"(x := {a})",
                f"f({a})",
            ]
        )


def outcome(text: str) -> str:
    """Run a text; give the code of its error or `value`. Raises AssertionError for anything else."""
    try:
        returned(text, k=3, words=["a", "b"])
    except StepError as error:
        _require_clear(error, text)
        return error.code
    except GivenUp:
        return "given up"
    return "value"


def _require_clear(error: StepError, text: str) -> None:
    assert error.code.startswith("P2-R06"), error
    for said in (error.message, error.help):
        assert said, error.code
        assert said.isprintable(), said
        assert " at 0x" not in said, said
    assert 1 <= error.line <= text.count("\n") + 1, error


def fuzz(count: int, seed: int, seconds: int = 5) -> Counter[str]:
    """Run as many texts; give how they ended. Raises AssertionError, with the text, for the first that is wrong."""
    dice, counts = random.Random(seed), Counter[str]()
    rows, fixed = RUNS.clone(), dict(FIXED)
    members = dict(_NUM.members()) if type(_NUM) is Words else {}
    signal.signal(signal.SIGALRM, _too_long)
    for number in range(count):
        text = Author(dice).text()
        signal.alarm(seconds)
        try:
            counts[outcome(text)] += 1
        except TooLong:
            counts["too long"] += 1
        except BaseException as error:
            raise AssertionError(f"text {number} of seed {seed}: {error!r}\n{text}") from error
        finally:
            signal.alarm(0)
        assert RUNS.equals(rows), text
        assert dict(FIXED) == fixed, text
        assert type(_NUM) is not Words or dict(_NUM.members()) == members, text
    return counts


class TooLong(BaseException):
    """A text took too long: in a child the clock of the host ends it."""


def _too_long(number: int, frame: FrameType | None) -> Any:
    raise TooLong


def main() -> int:
    """Fuzz as often as the first argument says, with the second as seed; print the figures."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    started = time.perf_counter()
    counts = fuzz(count, seed)
    print(f"{count:,} texts in {time.perf_counter() - started:.0f} s, seed {seed}")
    for result, number in counts.most_common():
        print(f"{number:>9,}  {result}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
