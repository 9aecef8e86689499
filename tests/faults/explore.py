"""A process that records a story, then looks at the disks that a crash may leave, once or twice over.

    explore.py [--crashes 1|2] [--states N] [--seed S] [--story NAME] [--bug NAME] [--first]
    explore.py --hunt BUG [--hunt BUG ...]

With `--first` it ends with the first promise that is broken. With `--hunt`, seeded bugs are looked for until one disk
shows each, or N disks do not. It is started with the recorder preloaded (`recorded_writes.environment`). What broke a
promise is printed as JSON.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from faults.crash_states import Disk, all_written, bare_states, states
from faults.recorded_operations import Recorded, Recording, operations_of, snapshot
from faults.recorded_writes import Recorder
from faults.seeded_bugs import BUGS, LOOK_FIRST
from faults.store_promises import Memory, check, check_rebuilt, come_back
from faults.store_stories import STORIES, Story, View, drop_all, tell

_EVERY_REBUILT = 50
_INNER = 4
_BARE = 12
"""About so many disks come of one kill and a cut that leaves nothing unsynced."""


@dataclass
class Found:
    """What was looked at, and what was wrong."""

    one_crash: int = 0
    two_crashes: int = 0
    violations: list[str] = field(default_factory=list)
    seconds: float = 0.0


class _Found(Exception):
    """The first promise is broken, and no other is looked for."""


class Explorer:
    """Records and looks; works in one scratch folder."""

    def __init__(
        self, recorder: Recorder, scratch: Path, seed: int, *, until_wrong: bool = False
    ) -> None:
        self._recorder = recorder
        self._scratch = scratch
        self._random = random.Random(seed)
        self._seed = seed
        self._count = 0
        self._until_wrong = until_wrong
        self.found = Found()

    def told(self, story: Story) -> tuple[Recording, list[View]]:
        """Record a whole story."""
        root = self._fresh()
        story.before(root)
        if story.dropped_before:
            drop_all(story, root)
        before = snapshot(root)
        with self._recorder.recording(root) as calls:
            views = tell(story, root, self._recorder.mark)
        recording, after = Recording(root, before, calls), snapshot(root)
        shutil.rmtree(root)
        of = operations_of(recording)
        if all_written(of, of.length).snapshot() != after:
            raise RuntimeError(
                f"the recorder has missed what was written in the story {story.name}"
            )
        return recording, views

    def look_at(self, story: Story, most: int, how: argparse.Namespace) -> None:
        """Look at disks of a story after `how.crashes` crashes."""
        if how.crashes == 1:
            self.once(story, most)
        else:
            self.twice(story, most - most // 4, how.inner)
            self.believed(story, max(1, most // 4 // _BARE))

    def once(self, story: Story, most: int) -> None:
        """Look at disks after the power was cut once."""
        recording, views = self.told(story)
        of = operations_of(recording)
        for found in self._some(of, most):
            self._look(Memory(story, views, of.said(found.moment)), found)
            self.found.one_crash += 1

    def twice(self, story: Story, most: int, inner: int) -> None:
        """Look at disks after a crash, and a power cut while a process comes back from that crash.

        Half of the first crashes are power cuts. The others only kill the process: the next one sees what no sync has
        brought to the disk, and must not believe it.
        """
        recording, views = self.told(story)
        of = operations_of(recording)
        firsts = -(-most // (2 * inner))
        for first in self._some(of, firsts):
            memory = Memory(story, views, of.said(first.moment))
            second = self._recovery(memory, first)
            if second is not None:
                self._look_at_some(memory, operations_of(second), 0, inner)
        for moment in self._moments(of, 0, firsts):
            memory = Memory(story, views, of.said(moment))
            second = self._recovery(memory, all_written(of, moment))
            if second is not None:
                both = operations_of(recording, moment, second)
                self._look_at_some(memory, both, moment, inner)

    def believed(self, story: Story, most: int) -> None:
        """Look for what is believed because it can be seen: kill at telling moments, cut, and leave nothing unsynced.

        `most` is the number of moments at which the first process is killed.
        """
        recording, views = self.told(story)
        of = operations_of(recording)
        for moment in self._random.sample(of.telling, min(most, len(of.telling))):
            memory = Memory(story, views, of.said(moment))
            second = self._recovery(memory, all_written(of, moment))
            if second is None:
                continue
            both = operations_of(recording, moment, second)
            for found in bare_states(both, moment):
                self._look(Memory(story, views, both.said(found.moment)), found)
                self.found.two_crashes += 1

    def hunt(self, most: int, first: tuple[str, str] | None) -> None:
        """Look at disks of all stories, those of one kind and one story first, until one breaks a promise."""
        looks: dict[str, Callable[[Story], None]] = {
            "once": lambda story: self.once(story, most),
            "twice": lambda story: self.twice(story, most, _INNER),
            "believed": lambda story: self.believed(story, most),
        }
        every = [(kind, story) for kind in looks for story in STORIES]
        with suppress(_Found):
            for kind, story in [first, *every] if first else every:
                looks[kind](STORIES[story])

    def _look_at_some(self, memory: Memory, of: Recorded, since: int, most: int) -> None:
        before = memory.said if not since else ()
        for found in self._some(of, most, since):
            said = (*before, *of.said(found.moment))
            self._look(Memory(memory.story, memory.views, said), found)
            self.found.two_crashes += 1

    def _recovery(self, memory: Memory, first: Disk) -> Recording | None:
        """Record how a process comes back from a crash."""
        root = self._fresh()
        first.write(root)
        before = snapshot(root)
        try:
            with self._recorder.recording(root) as calls:
                come_back(memory, root, memory.done + 1, self._recorder.mark)
        except Exception as error:  # noqa: BLE001 - whatever a damaged disk leads to is to be told
            self._wrong(memory, first, error)
            return None
        finally:
            shutil.rmtree(root)
        return Recording(root, before, calls)

    def _some(self, of: Recorded, most: int, since: int = 0) -> Iterator[Disk]:
        """Give so many disks, from moments that are spread over a recording."""
        moments = self._moments(of, since, most)
        each = -(-most // len(moments))
        found = states(of, moments, each, self._random.randrange(1 << 30))
        return itertools.islice(found, most)

    def _moments(self, of: Recorded, since: int, most: int) -> list[int]:
        """Give different moments, half of them telling ones."""
        telling = [moment for moment in of.telling if moment >= since]
        some = self._random.sample(telling, min(len(telling), most // 2))
        others = [moment for moment in range(since, of.length + 1) if moment not in some]
        some += self._random.sample(others, min(len(others), most - len(some)))
        self._random.shuffle(some)
        return some

    def _look(self, memory: Memory, found: Disk) -> None:
        root = self._fresh()
        found.write(root)
        self._count += 1
        try:
            check(memory, root)
            if self._count % _EVERY_REBUILT == 0:
                check_rebuilt(root)
        except Exception as error:  # noqa: BLE001 - whatever a damaged disk leads to is to be told
            self._wrong(memory, found, error)
        finally:
            shutil.rmtree(root)

    def _wrong(self, memory: Memory, found: Disk, error: Exception) -> None:
        last = memory.said[-1] if memory.said else "nothing"
        self.found.violations.append(
            f"{memory.story.name}, moment {found.moment}, after {last!r}: {type(error).__name__}: {error}"
        )
        if self._until_wrong:
            raise _Found

    def _fresh(self) -> Path:
        return self._scratch / f"root{self._random.randrange(1 << 40):x}"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--crashes", type=int, default=1)
    parser.add_argument("--states", type=int, default=10**9)
    parser.add_argument("--inner", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--story", action="append", choices=sorted(STORIES))
    parser.add_argument("--bug", choices=sorted(BUGS))
    parser.add_argument("--first", action="store_true")
    parser.add_argument("--hunt", action="append", choices=sorted(BUGS))
    chosen = parser.parse_args()
    if chosen.hunt:
        print(json.dumps({bug: hunted(bug, chosen.states, chosen.seed) for bug in chosen.hunt}))
        return
    if chosen.bug:
        BUGS[chosen.bug]()
    began = time.perf_counter()
    names = chosen.story or list(STORIES)
    with scratch() as folder:
        explorer = Explorer(Recorder(), folder, chosen.seed, until_wrong=chosen.first)
        with suppress(_Found):
            for name in names:
                explorer.look_at(STORIES[name], chosen.states // len(names), chosen)
    explorer.found.seconds = round(time.perf_counter() - began, 1)
    print(json.dumps(asdict(explorer.found), indent=1))


def hunted(bug: str, most: int, seed: int) -> dict[str, Any]:
    """Look for a bug in a child of this process; gives what was found, as JSON."""
    with scratch() as folder:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                BUGS[bug]()
                began = time.perf_counter()
                explorer = Explorer(Recorder(), folder, seed, until_wrong=True)
                explorer.hunt(most, LOOK_FIRST.get(bug))
                explorer.found.seconds = round(time.perf_counter() - began, 1)
                (folder / "found").write_text(json.dumps(asdict(explorer.found)))
                code = 0
            except Exception:  # noqa: BLE001 - the parent has no other way to learn of it
                traceback.print_exc()
            finally:
                os._exit(code)
        os.waitpid(child, 0)
        found: dict[str, Any] = json.loads((folder / "found").read_bytes())
        return found


@contextmanager
def scratch() -> Iterator[Path]:
    """Give a folder in memory where there is such a thing: what is looked at there is thrown away."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


if __name__ == "__main__":
    main()
