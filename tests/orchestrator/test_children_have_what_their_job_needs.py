"""What only some jobs need is loaded when the first of them comes, before its child is confined, and not before."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from confined_children import PRELUDE, Attackers, attackers, spares_of
from plotter2.orchestrator import Task, TaskLimits
from plotter2.orchestrator.conversation import Event
from plotter2.wire.messages import Note, ReadJob, RunJob
from plotter2.wire.zygote import Equipment

pytestmark = pytest.mark.process

LOADED = "answer = [n in sys.modules for n in ('h5py', 'plotter2.child.python.dialect')]"


@pytest.fixture
def children() -> Iterator[Attackers]:
    with attackers() as children:
        yield children


def loaded(children: Attackers, *needs: Equipment) -> list[bool]:
    job = RunJob(formats=[], params={"source": PRELUDE + LOADED})
    task = Task(job, limits=TaskLimits(wall_ms=20_000), needs=frozenset(needs))
    heard: list[Event] = []
    children.orchestrator.submit(task, heard.append).close()
    (answer,) = [event.text for event in heard if isinstance(event, Note)]
    return json.loads(answer)  # type: ignore[no-any-return]


def test_a_job_finds_what_it_needs_and_others_are_spared_it(children: Attackers) -> None:
    spares_of(children)
    assert loaded(children) == [False, False]
    assert loaded(children, "files") == [True, False]
    assert loaded(children, "python") == [True, True]


def test_spares_that_lack_what_was_needed_once_are_replaced(children: Attackers) -> None:
    first = spares_of(children)
    loaded(children, "python")
    time.sleep(0.1)
    assert set(spares_of(children)).isdisjoint(first)


def test_jobs_of_unknown_needs_have_all_that_their_kind_may_need() -> None:
    assert Task(ReadJob(files=[])).equipment == {"files"}
    assert Task(RunJob(formats=[])).equipment == {"python"}
