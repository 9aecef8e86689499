"""The words of one run of a step: what it reads, exposes and draws, and what it may ask of its place.

Authority is the program's: a word gives what the step's node says of its call, and a call of which the node says
nothing is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from p2lang.semantics.structure import TABLES
from p2std.around import Around
from plotter2.child.python.facade import Facade, Sited, Word, facade, named, wrong
from plotter2.child.python.figures import Figure, frame
from plotter2.child.python.nested import Compute, changed
from plotter2.child.python.plain import called, written
from plotter2.child.python.running import GivenUp, Printed
from plotter2.child.python.tables import Table, made_of
from plotter2.child.python.words import impose
from plotter2.child.run_codes import FOR_A_BUNDLE
from plotter2.errors import RunError
from plotter2.printable import one_line

_LONGEST: Final = 500


@facade
class Me(Facade):
    """What a step knows of itself: its bundle and its task."""

    __slots__ = ("_around",)
    called = "me"
    exports = named("bundle task")

    def __init__(self, around: Around) -> None:
        self._around = around

    def __str__(self) -> str:
        return "me"

    __repr__ = __str__

    @property
    def bundle(self) -> str:
        """the bundle that the script runs for"""
        return _in_a_task(self._around, "me.bundle").bundle

    @property
    def task(self) -> str:
        """the task that runs"""
        return _in_a_task(self._around, "me.task").task


@dataclass
class Touching:
    """What one run of a step reads and makes; `sites` says of each call what it stands for."""

    sites: Mapping[str, str]
    tables: Callable[[str], Table]
    around: Around
    compute: Compute
    printed: Printed = field(default_factory=Printed)
    exposed: dict[str, tuple[Table, str]] = field(default_factory=dict)
    figures: dict[str, tuple[Figure, str]] = field(default_factory=dict)
    on_release: Callable[[], None] = lambda: None
    _read: dict[str, Table] = field(default_factory=dict)

    def words(self) -> dict[str, Any]:
        """Give the words of this run."""
        return {
            **{name: Sited(name, getattr(self, name)) for name in _SITED},
            **{name: Word(name, getattr(self, name)) for name in _FREE},
            "exposed": Word("exposed", self.exposed_names),
            "me": Me(self.around),
            "frame": Word("frame", frame),
            "print": Word("print", self.printed.print),
        }

    # ------------------------------------------------------------ what stands in the program
    def _site(self, site: str, word: str) -> str:
        found = self.sites.get(site)
        if found is None:
            raise wrong(
                f"this {word}() is not among what the script was signed for",
                f"call it as a statement or an expression of its own: x = {word}(...)",
            )
        return found

    def _table(self, site: str, word: str) -> Table:
        name = self._site(site, word)
        if name not in TABLES:
            raise wrong(f"this {word}() reads no table", "look at its arguments")
        if name not in self._read:
            self._read[name] = self.tables(name)
        return self._read[name]

    def access(self, site: str, path: Any, **options: Any) -> Table:
        """the table of a bundle, or of what answers by a name: access("experiment/*", step=3)"""
        return self._table(site, "access")

    def copy(self, site: str, path: Any) -> Table:
        """like access, but the rows become yours"""
        return self._table(site, "copy")

    def collect(self, site: str, tasks: Any, **options: Any) -> Table:
        """what tasks exposed, with a column bundle: collect(gather_tasks("name"))"""
        return self._table(site, "collect")

    def impose(self, site: str, condition: Any, message: Any = "", **columns: Any) -> Any:
        """stop the run unless the condition holds; or a table that must be there: impose("rows", step="int")"""
        if type(condition) is str and columns:
            return self._table(site, "impose")
        return impose(condition, message)

    def expose(self, site: str, name: Any, rows: Any, **columns: Any) -> None:
        """give a table to whoever may read it: expose("total", t, step="int")"""
        target = self._site(site, "expose")
        if target in self.exposed:
            raise wrong(f"{written(name)} is exposed twice", "expose it once, after a loop")
        self.exposed[target] = (made_of(rows), site)

    def plot(self, site: str, figure: Any, name: Any = "plot") -> None:
        """draw a figure under a name: plot(fig, "reward")"""
        target = self._site(site, "plot")
        if type(figure) is not Figure:
            raise wrong(f"plot() draws a figure, not {called(figure)}", 'write plot(fig, "reward")')
        if target in self.figures:
            raise wrong(f"{written(name)} is drawn twice", "give each picture a name of its own")
        self.figures[target] = (Figure(figure.chain), site)

    def release(self, site: str) -> None:
        """let the tasks that wait for this one go on, with what it exposed so far"""
        self._site(site, "release")
        self.on_release()

    def handin(self, site: str, name: Any, **to: Any) -> None:
        """give an exposed table to another task: handin("total", to="compare")"""
        self._site(site, "handin")

    def handoff(self, site: str, name: Any) -> None:
        """give an exposed table to the bundle, for good"""
        self._site(site, "handoff")

    def share(self, site: str, name: Any, **to: Any) -> None:
        """let another task, or who has the key, read an exposed table"""
        self._site(site, "share")

    def link(self, site: str, name: Any, source: Any) -> None:
        """let a file or bundle answer by a name"""
        self._site(site, "link")

    # ------------------------------------------------------------ what needs nothing of the program
    def gather_tasks(self, name: Any) -> list[Any]:
        """the tasks of a name, for collect()"""
        return [name]

    def exposed_names(self) -> list[str]:
        """the names of the tables that tasks exposed for this bundle"""
        return sorted(_in_a_task(self.around, "exposed()").exposed)

    def imposed(self) -> list[str]:
        """the names of what tasks after this one ask for"""
        return sorted(_in_a_task(self.around, "imposed()").imposed)

    def islinked(self, name: Any = None) -> bool:
        """whether a link of that name, or any, leads here"""
        linked = _in_a_task(self.around, "islinked()").linked
        return bool(linked) if name is None else name in linked

    def approved(self, action: Any, target: Any) -> bool:
        """whether a person approved an action on a target"""
        return (action, target) in _in_a_task(self.around, "approved()").approved

    def giveup(self, reason: Any = "") -> None:
        """stop safely; nothing is written"""
        raise GivenUp(one_line(written(reason), _LONGEST) or "the script gave up")

    def loggy(self, message: Any) -> None:
        """say something in the notes of the run"""
        self.printed.print(message)

    def order(self, rows: Any, *names: Any) -> Table:
        """the rows in the order of columns, "-x" from large to small: order(t, "run", "-step")"""
        return changed(rows, "order", {}, names, self.compute)

    def pca(self, rows: Any, *names: Any, n: Any = 2) -> Table:
        """the table with pc1 to pcN of columns: pca(t, ["a", "b"], n=2)"""
        return changed(rows, "pca", {"n": n}, names, self.compute)

    def kmeans(
        self, rows: Any, on: Any, k: Any = 5, seed: Any = 0, max_distance: Any = None
    ) -> Table:
        """the table with the cluster of each row: kmeans(t, on=["x", "y"], k=3)"""
        given = {"on": on, "k": k, "seed": seed, "max_distance": max_distance}
        return changed(rows, "kmeans", given, (), self.compute)


_SITED: Final = (
    "access", "collect", "copy", "expose", "handin", "handoff", "impose", "link", "plot", "release", "share",
)  # fmt: skip
_FREE: Final = (
    "approved", "gather_tasks", "giveup", "imposed", "islinked", "kmeans", "loggy", "order", "pca",
)  # fmt: skip


def _in_a_task(around: Around, what: str) -> Around:
    if not around.task:
        raise RunError(
            FOR_A_BUNDLE,
            f"{what} speaks of the bundle of a task, and no task runs here",
            help="attach the script: plotter2 attach BUNDLE SCRIPT, then plotter2 run BUNDLE:TASK",
        )
    return around
