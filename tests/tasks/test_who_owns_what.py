"""Who owns a table that a task exposed: sharing, handing in and off, dropping, claiming, and each misuse of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from commandline import p2, p2_json
from datter_samples import PATIENCE_S, add_run
from declared_samples import World
from plotter2.config.settings import settings
from plotter2.datter.auditing import audit
from plotter2.datter.rebuild import rebuild
from plotter2.host.asking import TaskHow, task_of
from plotter2.host.host import Host
from plotter2.tasks.carrying import Report
from plotter2.tasks.listing import tasks_of
from plotter2.tasks.owners import exposed_for

pytestmark = pytest.mark.process

EXPOSING = """p2 1
task a {
  let t = sweep(lr=[0.1, 0.2])
  expose total: table{lr: number} = $t
"""
READING = """p2 1
task reader { impose total: table{lr: number}
  WHAT
}
"""
_NUMBERS = itertools.count()


@dataclass
class Bundle:
    """A bundle of its own for one test, with scripts attached to it."""

    world: World
    name: str

    def attach(self, text: str, script: str = "main.p2") -> None:
        self.world.attach(self.name, script, text)

    def run(self, task: str, **params: Any) -> Report:
        return self.world.host.run_task(self.name, task, TaskHow(params=params))

    def done(self, task: str, **params: Any) -> dict[str, Any]:
        """Run a task that must end well; gives its run record."""
        report = self.run(task, **params)
        problems = [each.problem for each in report.ended if each.problem is not None]
        assert report.ok, problems
        return next(e.result.record for e in reversed(report.ended) if e.result is not None)

    def refused(self, task: str, **params: Any) -> str:
        """Run a task that must fail; gives the code of the last error."""
        report = self.run(task, **params)
        problem = report.ended[-1].problem
        assert problem is not None, report.ended
        assert problem.help
        return problem.code

    def shown(self, task: str, **params: Any) -> list[dict[str, Any]]:
        """Give who was granted what by a run."""
        return self.done(task, **params)["grants"]  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("owning")
    with Host(settings(folder / "root")) as host:
        host.keyring.new_key("ada@lab", None)
        yield World(host, folder)


@pytest.fixture
def bundle(world: World) -> Bundle:
    name = f"exp{next(_NUMBERS)}"
    add_run(world.host.store, name)
    return Bundle(world, name)


def hows(grants: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(each["how"], each.get("to", "")) for each in grants]


# ---- what each operation does ------------------------------------------------------------------


def test_a_task_owns_what_it_exposes_and_tasks_that_wait_for_it_read_it(bundle: Bundle) -> None:
    bundle.attach(EXPOSING + '}\ntask b after a { access("total") | show }')
    assert bundle.shown("a") == [{"table": "total", "how": "exposed", "owner": f"{bundle.name}:a"}]
    bundle.done("b")


def test_handin_makes_another_task_the_owner_who_may_hand_on(bundle: Bundle) -> None:
    bundle.attach(
        EXPOSING + '  $t | handin(to="b")\n}\n'
        'task b after a { access("total") | handin(to="c") }\n'
        'task c after b { access("total") | handoff }'
    )
    grants = bundle.shown("c")
    assert hows(grants) == [("handoff", bundle.name)]
    assert grants[0]["exposed_by"] == f"{bundle.name}:a"


def test_a_table_that_was_exposed_anew_is_handed_on_anew(bundle: Bundle) -> None:
    bundle.attach(
        EXPOSING + '  $t | handin(to="b")\n}\n'
        'task b after a { access("total") | handin(to="c") }\n'
        'task c after b { access("total") | handoff }'
    )
    bundle.done("c")
    bundle.done("a")
    assert hows(bundle.shown("c")) == [("handoff", bundle.name)]


def test_asking_once_more_for_what_handed_on_is_no_mistake(bundle: Bundle) -> None:
    bundle.attach(
        EXPOSING + '  $t | handin(to="b")\n}\ntask b after a { access("total") | handoff }'
    )
    bundle.done("b")
    again = bundle.run("b")
    assert [each.state for each in again.ended] == ["same data", "same data"]
    assert again.ok


def test_what_was_handed_off_is_the_bundles_for_good(bundle: Bundle) -> None:
    text = EXPOSING.replace("task a {", "task a(many: int = 1) {")
    bundle.attach(
        text + "  when $many > 0 { $t | handoff }\n}\n"
        'task b after a { access("total") | show }\n'
        'task c after a { access("total") | handin(to="b") }'
    )
    assert hows(bundle.shown("a")) == [("exposed", ""), ("handoff", bundle.name)]
    bundle.done("b")
    assert bundle.refused("c") == "P2-R0674"


def test_what_was_handed_off_stays_when_its_task_exposes_it_no_more(bundle: Bundle) -> None:
    bundle.attach(
        "p2 1\nparam many: int = 1\n"
        "task a {\n  let t = sweep(lr=[0.1, 0.2])\n"
        "  when $many > 0 { expose total: table{lr: number} = $t  $t | handoff }\n}\n"
        'task b after a { access("total") | show }'
    )
    bundle.done("a")
    bundle.done("a", many=0)
    bundle.done("b", many=0)


def test_share_lets_a_task_of_another_script_read(bundle: Bundle) -> None:
    bundle.attach(EXPOSING + '  $t | share(to="other.p2:reader")\n}', "main.p2")
    bundle.attach(READING.replace("WHAT", "$total | show"), "other.p2")
    assert bundle.shown("a")[1]["to"] == f"{bundle.name}:reader"
    bundle.done("reader")


def test_a_task_of_another_script_becomes_the_owner(bundle: Bundle) -> None:
    bundle.attach(EXPOSING + '  $t | handin(to="other:reader")\n}', "main.p2")
    bundle.attach(READING.replace("WHAT", "$total | handoff"), "other.p2")
    bundle.done("a")
    assert hows(bundle.shown("reader")) == [("handoff", bundle.name)]


def test_what_nobody_owns_can_be_claimed_by_a_task_of_another_script(bundle: Bundle) -> None:
    bundle.attach(EXPOSING + '  deregister("total")\n}', "main.p2")
    bundle.attach('p2 1\ntask finder { register("total") }', "other.p2")
    bundle.done("a")
    bundle.done("finder")
    (table,) = exposed_for(bundle.world.host.store, bundle.world.bundle(bundle.name))
    assert table.owner == "other.p2:finder"


def test_what_a_task_left_whose_script_is_gone_can_be_claimed(bundle: Bundle) -> None:
    bundle.attach(EXPOSING + "}", "main.p2")
    bundle.attach('p2 1\ntask finder { register("total") }', "other.p2")
    bundle.done("a")
    assert bundle.refused("finder") == "P2-R0677"
    bundle.world.host.detach(bundle.name, "main.p2")
    bundle.done("finder")


def test_what_a_task_left_that_its_script_has_no_more_can_be_claimed(bundle: Bundle) -> None:
    bundle.attach(EXPOSING + "}")
    bundle.done("a")
    bundle.attach("p2 1\ntask other { let t = sweep(lr=[0.1])  $t | show }\n")
    bundle.attach('p2 1\ntask reader { register("total") }', "other.p2")
    assert hows(bundle.shown("reader")) == [("register", f"{bundle.name}:reader")]


def test_share_by_a_key_lets_whoever_has_it_read(bundle: Bundle) -> None:
    bundle.attach(EXPOSING + '  $t | share(key="lab")\n}', "main.p2")
    reading = READING.replace("p2 1\n", 'p2 1\nparam key: string = "lab"\n')
    bundle.attach(reading.replace("WHAT", 'access("total", key=$key) | show'), "other.p2")
    told = bundle.shown("a")[1]
    assert told["how"] == "share"
    assert "lab" not in str(told)
    bundle.done("reader")
    assert bundle.refused("reader", key="bal") == "P2-R0678"


def test_a_key_may_be_a_param_of_the_task(bundle: Bundle) -> None:
    text = EXPOSING.replace("task a {", 'task a(secret: string = "lab") {')
    bundle.attach(text + "  $t | share(key=$secret)\n}", "main.p2")
    reading = READING.replace("task reader {", 'task reader(word: string = "lab") {')
    bundle.attach(reading.replace("WHAT", 'access("total", key=$word) | show'), "other.p2")
    told = bundle.done("a")
    assert told["params"] == {"secret": "(a key)"}
    assert "lab" not in str(told["grants"])
    assert bundle.done("reader")["params"] == {"word": "(a key)"}
    assert bundle.refused("reader", word="bal") == "P2-R0678"


def test_a_copy_is_its_own_whatever_becomes_of_the_original(bundle: Bundle) -> None:
    bundle.attach(
        EXPOSING + '  $t | handin(to="b")\n}\n'
        "task b after a {\n"
        '  let mine = copy("total")\n'
        '  access("total") | handoff\n'
        "  expose own: table{lr: number} = $mine\n"
        '  $mine | handin(to="c")\n}\n'
        'task c after b { access("own") | handoff }'
    )
    assert hows(bundle.shown("c")) == [("handoff", bundle.name)]


def test_a_dropped_table_is_nobodys_until_somebody_claims_it(bundle: Bundle) -> None:
    bundle.attach(
        EXPOSING + '  deregister("total")\n}\n'
        'task b after a { access("total") | show }\n'
        'task c after a { register("total") }\n'
        'task d after c { access("total") | show }'
    )
    assert hows(bundle.shown("a")) == [("exposed", ""), ("deregister", "")]
    assert bundle.refused("b") == "P2-R0675"
    assert hows(bundle.shown("c")) == [("register", f"{bundle.name}:c")]
    bundle.done("d")


def test_the_tasks_of_a_bundle_are_listed_with_what_they_exposed_and_whose_it_is(
    bundle: Bundle,
) -> None:
    bundle.attach(
        EXPOSING + "  expose more = sweep(seed=1..3)\n"
        '  $t | share(to="c", key="lab")\n  $t | handin(to="b")\n  deregister("more")\n}\n'
        'task b after a { access("total") | show }\n'
        'task c after a { access("total") | show }'
    )
    bundle.done("b")
    root = bundle.world.host.settings.root
    told = {each["table"]: each for each in p2_json(root, "tasks", bundle.name)["exposed"]}
    assert (told["total"]["owner"], told["total"]["readers"], told["total"]["keys"]) == (
        "b",
        ["c"],
        1,
    )
    assert told["more"]["owner"] == "nobody"
    assert "c, who has the key" in p2(root, "tasks", bundle.name).out


# ---- each misuse -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "what",
    [
        'access("total") | handin(to="c")',
        'access("total") | handoff',
        'access("total") | share(key="lab")',
        'deregister("total")',
    ],
)
def test_only_the_owner_hands_on(bundle: Bundle, what: str) -> None:
    bundle.attach(EXPOSING + "}\ntask b after a { " + what + " }\ntask c after b { release() }")
    assert bundle.refused("b") == "P2-R0673"
    assert bundle.world.host.store.ownership().held.keys() & {"total"} == set()


def test_who_handed_in_owns_no_longer(bundle: Bundle) -> None:
    bundle.attach(
        EXPOSING + '  $t | handin(to="b")\n}\n'
        'task b after a { access("total") | handin(to="c") }\n'
        "task c after b { release() }\n"
        'task again after b { access("total") | handoff }'
    )
    bundle.done("b")
    assert bundle.refused("again") == "P2-R0673"


def test_what_is_owned_cannot_be_claimed(bundle: Bundle) -> None:
    bundle.attach(
        EXPOSING + '}\ntask b after a { register("total") }\ntask c after a { register("nothing") }'
    )
    assert bundle.refused("b") == "P2-R0677"
    assert bundle.refused("c") == "P2-R0675"


def test_a_second_claim_comes_too_late(bundle: Bundle) -> None:
    bundle.attach(
        EXPOSING + '  deregister("total")\n}\n'
        'task b after a { register("total") }\n'
        'task c after b { register("total") }'
    )
    assert bundle.refused("c") == "P2-R0677"


def test_what_was_dropped_before_is_not_handed_on(bundle: Bundle) -> None:
    bundle.attach(EXPOSING + '  deregister("total")\n}\ntask b after a { deregister("total") }')
    assert bundle.refused("b") == "P2-R0675"


def test_a_task_that_is_not_there_gets_nothing(bundle: Bundle) -> None:
    bundle.attach(EXPOSING + '  $t | share(to="other.p2:reader")\n}')
    assert bundle.refused("a") == "P2-R0676"


def test_what_another_task_was_not_given_it_does_not_read(bundle: Bundle) -> None:
    bundle.attach(EXPOSING + '  $t | share(to="other.p2:friend")\n}', "main.p2")
    friend = READING.replace("WHAT", "$total | show").replace("reader", "friend")
    stranger = READING.replace("WHAT", "$total | show").removeprefix("p2 1\n")
    bundle.attach(friend + stranger, "other.p2")
    bundle.done("a")
    bundle.done("friend")
    tasks = bundle.world.host.declarations()
    found = tasks_of(tasks, bundle.world.bundle(bundle.name))
    assert [each.task.name for each in found.not_applicable] == ["reader"]


def test_a_task_that_gives_up_publishes_and_hands_on_nothing(bundle: Bundle) -> None:
    bundle.attach(
        EXPOSING + '  $t | handin(to="b")\n  giveup("not today")\n}\n'
        'task b after a { access("total") | show }'
    )
    assert bundle.refused("a") == "P2-R0646"
    row = bundle.world.bundle(bundle.name)
    assert bundle.world.host.store.task_runs.of(row.id) == ()


def test_a_failed_hand_keeps_nothing_of_its_run(bundle: Bundle) -> None:
    bundle.attach(
        EXPOSING + "}\ntask b after a {\n"
        "  expose more: table{seed: int} = sweep(seed=1..3)\n"
        '  access("total") | handoff\n}'
    )
    assert bundle.refused("b") == "P2-R0673"
    row = bundle.world.bundle(bundle.name)
    assert [ran.done.task for ran in bundle.world.host.store.task_runs.of(row.id)] == ["a"]


def test_collect_waits_for_another_process_no_longer_than_it_says(bundle: Bundle) -> None:
    bundle.attach(
        EXPOSING + "}\ntask b after a {\n"
        '  collect(gather_tasks("a"), timeout=0.5s, rows=5_000_000) | show\n}'
    )
    bundle.done("a")
    row, store = bundle.world.bundle(bundle.name), bundle.world.host.store
    about = {
        "name": "a",
        "bundle": {"id": row.id, "name": row.name},
        "attachment": {"bundle": {"id": row.id, "name": row.name}, "script": "main.p2"},
    }
    with (
        suppress(RuntimeError),
        store.begin_new(task_of(row.name, "a", {}, ()), 60.0) as work,
    ):
        work.begin_run(store.new_id(), "own/main", {"task": about})
        assert bundle.refused("b") == "P2-R0649"
        raise RuntimeError("enough")


# ---- it lasts ----------------------------------------------------------------------------------


def test_grants_and_transfers_survive_a_rebuild(tmp_path: Path) -> None:
    with Host(settings(tmp_path / "root")) as host:
        host.keyring.new_key("ada@lab", None)
        add_run(host.store, "exp")
        bundle = Bundle(World(host, tmp_path), "exp")
        bundle.attach(
            EXPOSING + '  $t | share(key="lab")\n  $t | handin(to="b")\n}\n'
            'task b after a { access("total") | handoff }'
        )
        bundle.done("b")
        before = host.store.ownership()
        (held,) = before.held.values()
        assert held.handed_off
        assert held.keys
    rebuild(tmp_path / "root", PATIENCE_S)
    with Host(settings(tmp_path / "root")) as host:
        assert host.store.ownership() == before
    assert audit(tmp_path / "root", PATIENCE_S).problems == ()
