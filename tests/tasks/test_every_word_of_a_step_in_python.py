"""Every word that a step in Python has is used by one step that runs: signed, attached, confined, with its effects."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from declared_samples import World
from p2lang.check.script_names import WORDS
from p2lang.semantics.script_text import tokens
from plotter2.config.settings import settings
from plotter2.host.asking import TaskHow
from plotter2.host.host import Host
from plotter2.runs.model import Event
from plotter2.tasks.carrying import Ended
from plotter2.wire.messages import Note

pytestmark = pytest.mark.process

STEP = """
link("mirror", "weights")
seeds = access("seeds")
mine = copy("seeds")
asked = impose("matrix", row="int", col="int")
every = collect(gather_tasks("give"))
impose(len(seeds) == len(mine) == len(every) == most, "four seeds are wanted")
weights = access("weights")

n = list(map(int, seeds["seed"]))
print("lists", filter(lambda x: x > 2, n), reversed(n), sorted(n, reverse=True), tuple(enumerate(n)), zip(n, range(4)))
print("truth", all(n), any([0]), bool(n), isinstance(n, list), set(n) == {1, 2, 3, 4}, dict(a=1))
print("numbers", abs(-2), divmod(7, 2), float("1.5"), max(n), min(n), pow(2, 5), round(2.567, 1), str(3), sum(n))
print("fit", round(num.polyval(fit(n, [2 * x + 1 for x in n]), 10), 6))

loggy("the place comes next")
print("place", me.task, exposed(), imposed(), islinked("mirror"), approved("redo", "weights"))

ordered = order(weights, "-w")
near = kmeans(pca(ordered, ["row", "col"], n=1), on=["w"], k=2)
print("tables", asked["row"], ordered["w"], near.columns)

expose("lent", table({"seed": n}), seed="int")
expose("seen", mine, seed="int")
expose("kept", seeds, seed="int")
release()
handin("lent", to="later")
share("seen", to="later")
handoff("kept")
plot(frame(weights, title="all").point(x="row", y="w"), "all")
if most == 4 and stop:
    giveup("every word is said")
"""
SCRIPT = f'''p2 1
script words(most: int, stop: bool) = python """{STEP}"""
task give {{ expose seeds: table{{seed: int}} = sweep(seed=1..4) }}
task every(stop: bool = false) after give {{ words(most=4, stop=$stop) }}
task later after every {{
  impose lent: table{{seed: int}}
  $lent | handoff
}}
'''
WEIGHTS = "row,col,w\n0,0,1.5\n0,1,2.5\n1,1,4.0\n"
LINK = 'p2 1\nlink matrix: table{row: int, col: int} -> "weights"\n'
SAID = [
    "lists [3, 4] [4, 3, 2, 1] [4, 3, 2, 1] ((0, 1), (1, 2), (2, 3), (3, 4)) [(1, 0), (2, 1), (3, 2), (4, 3)]",
    "truth True False True True True {'a': 1}",
    "numbers 2 (3, 1) 1.5 4 1 32 2.6 3 10",
    "fit 21.0",
    "the place comes next",
    "place every ['seeds'] ['lent'] True False",
    "tables array([0, 0, 1]) array([4.0, 2.5, 1.5]) ['bundle', 'run', 'attempt', 'row', 'col', 'w', 'pc1', 'cluster']",
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder: Path = tmp_path_factory.mktemp("words")
    with Host(settings(folder / "root")) as host:
        host.keyring.new_key("ada@lab", None)
        (folder / "e").mkdir()
        (folder / "e" / "weights.csv").write_text(WEIGHTS)
        host.add([folder / "e"], "e")
        found = World(host, folder)
        found.attach("e", "link.p2", LINK)
        found.attach("e", "words.p2", SCRIPT)
        yield found


def ran(world: World, **params: Any) -> tuple[Ended, list[str]]:
    """Run the task with the step; gives how it ended, and its notes."""
    notes: list[str] = []

    def hear(event: Event) -> None:
        if isinstance(event, Note):
            notes.append(event.text)

    report = world.host.run_task("e", "every", TaskHow(params=params, on_event=hear))
    return report.ended[-1], notes


def test_the_step_uses_every_word_that_there_is() -> None:
    used = {
        token.text
        for before, token in pairwise(tokens(STEP))
        if token.kind == "name" and token.text in WORDS and before.text != "."
    }
    assert used == WORDS


def test_each_word_does_what_it_says(world: World) -> None:
    ended, notes = ran(world)
    assert ended.result is not None, ended.problem
    made = ended.result.record
    assert notes == SAID
    assert made["exposed"] == {"lent": 4, "seen": 4, "kept": 4}
    assert made["released"]
    assert [each["path"].rpartition("/")[2] for each in made["artefacts"]] == ["all.png"]
    grants = [(each["how"], each["table"], each.get("to")) for each in made["grants"]]
    assert grants[3:] == [
        ("handin", "lent", "e:later"),
        ("share", "seen", "e:later"),
        ("handoff", "kept", "e"),
    ]


def test_the_step_gives_up_where_it_says_so(world: World) -> None:
    ended, _ = ran(world, stop=True)
    assert ended.problem is not None
    assert (ended.problem.code, ended.problem.message) == (
        "P2-R0646",
        "the task gave up: every word is said",
    )
