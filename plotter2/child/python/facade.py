"""Facades: the only objects beside plain values that a script can hold. What each exports is a list, by exact type."""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Final

from plotter2.child.run_codes import SCRIPT_FAILED, SCRIPT_NAME
from plotter2.errors import RunError

_LONGEST_NAME: Final = 100
_FUNCTION: Final = re.compile(r"^[\w.<>]+\(\)")


def named(text: str) -> frozenset[str]:
    """Give the words of a text: lists of exports are written so."""
    return frozenset(text.split())


class Facade:
    """An object of ours in the hands of a script: no dict, no attribute that can be set, a closed set of exports."""

    __slots__ = ()
    exports: ClassVar[frozenset[str]] = frozenset()
    called: ClassVar[str] = "this"

    def __str__(self) -> str:
        return self.called

    __repr__ = __str__


class Named(Facade):
    """A function of ours under the name that scripts have for it."""

    __slots__ = ("_name", "_run")
    called = "a function"

    def __init__(self, name: str, run: Callable[..., Any]) -> None:
        self._name = name
        self._run = run

    @property
    def name(self) -> str:
        """Give the name under which a script calls it."""
        return self._name

    @property
    def about(self) -> str:
        """Give what it does in one sentence."""
        return (self._run.__doc__ or "").strip().partition("\n")[0]

    @property
    def parameters(self) -> tuple[str, ...]:
        """Give the names of what it takes."""
        names = inspect.signature(self._run).parameters.values()
        return tuple(str(p).partition(":")[0] for p in names if p.name != "site")


class Word(Named):
    """A function of ours that a script can call, and nothing else."""

    __slots__ = ()

    def __call__(self, *given: Any, **options: Any) -> Any:
        """Call the function; what it was called with wrong is told with its name for scripts."""
        try:
            return self._run(*given, **options)
        except TypeError as error:
            trace = error.__traceback__
            if trace is None or trace.tb_next is not None:
                raise
            raise TypeError(_FUNCTION.sub(f"{self._name}()", str(error))) from None


class Words(Facade):
    """A name with functions and constants behind it, such as `num`."""

    __slots__ = ("_members", "_name")

    def __init__(self, name: str, members: Mapping[str, Any]) -> None:
        self._name = name
        self._members = dict(members)

    @property
    def name(self) -> str:
        """Give the name under which a script finds it."""
        return self._name

    def __str__(self) -> str:
        return self._name

    __repr__ = __str__

    def members(self) -> Mapping[str, Any]:
        """Give what is behind the name."""
        return self._members


class Sited(Named):
    """A word whose every call stands in the program: it is told where the call stands."""

    __slots__ = ()

    def at(self, site: str) -> Word:
        """Give the word for a call that stands there."""
        return Word(self._name, lambda *given, **options: self._run(site, *given, **options))

    def __call__(self, *given: Any, **options: Any) -> Any:
        """Refuse a call by another name."""
        raise wrong(
            f"{self._name}() is called by another name here",
            f"call it by its own: {self._name}(...); a signature covers what stands in the text",
        )


FACADES: Final[set[type]] = {Word, Words, Sited}
"""The exact types whose exports a script may reach."""


def facade(kind: type[Facade]) -> type[Any]:
    """Enter a class in the list of facades; every export must be there."""
    missing = [name for name in kind.exports if not hasattr(kind, name)]
    assert not missing, f"{kind.__name__} lacks {missing}"
    FACADES.add(kind)
    return kind


def unknown(what: str, name: str, known: Iterable[str]) -> RunError:
    """Give the error for a name that is not there, with the nearest that is."""
    there = sorted(each[:_LONGEST_NAME] for each in known)
    near = difflib.get_close_matches(name[:_LONGEST_NAME], there[:1000], n=1, cutoff=0.6)
    some = ", ".join(there[:40]) + (", …" if len(there) > 40 else "")
    note = f"there is {some}" if there else "there is none"
    help = f"did you mean {near[0]}?" if near else note
    return RunError(
        SCRIPT_NAME, f"{what} has no {name[:_LONGEST_NAME]}", help=help, note=note if near else ""
    )


def wrong(message: str, help: str) -> RunError:
    """Give the error for something that a script asks for and cannot get."""
    return RunError(SCRIPT_FAILED, message, help=help)


def sited(site: str, word: Any) -> Any:
    """Give a word of the program for the call that stands there; anything else as it is."""
    return word.at(site) if type(word) is Sited else word
