"""A child that speaks of operations of ownership which its task does not have is not believed."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from p2_compiling import module_of
from plotter2.datter.task_runs import Performance
from plotter2.datter.transfers import Transfer
from plotter2.errors import HostError
from plotter2.runs.exposing import require_nothing_of_tasks
from plotter2.runs.owning import Owning
from plotter2.runs.task_place import TaskPlace
from plotter2.wire.inputs import Place
from plotter2.wire.messages import FromChild, Owned

TEXT = """task a {
  let t = access("experiment2/*") | summary(by=lr, m = mean(reward))
  expose total = $t
  $t | share(key="lab")
  $t | handin(to="b")
}
task b after a { access("total") | handoff }
"""


def made(messages: Sequence[FromChild], task: str = "a") -> list[Transfer]:
    module = module_of(TEXT).module
    assert module is not None
    done = Performance(
        run="R", bundle="B", home="B", script="x.p2", digest="0" * 64, task=task, inputs="0" * 64
    )
    place = TaskPlace(Place(bundle="exp", task=task), (), (), {}, done)
    return list(Owning(module.nodes, place, {}, "R").made(messages).values())


def node(name: str) -> Owned:
    module = module_of(TEXT).module
    assert module is not None
    return Owned(node=next(n.id for n in module.nodes if n.op.startswith(name)))


def test_what_the_program_has_is_believed_in_the_order_in_which_it_happened() -> None:
    assert [each.how for each in made([node("share@"), node("handin@")])] == ["share", "handin"]


@pytest.mark.parametrize(
    "messages",
    [
        pytest.param([Owned(node="n" + "0" * 32)], id="no such operation"),
        pytest.param([node("summary@")], id="another operation"),
        pytest.param([node("share@"), node("share@")], id="twice"),
        pytest.param([node("handoff@")], id="of another task"),
    ],
)
def test_what_it_has_not_breaks_the_run(messages: Sequence[FromChild]) -> None:
    with pytest.raises(HostError) as caught:
        made(messages)
    assert caught.value.code == "P2-H0908"


def test_outside_of_tasks_nothing_is_owned() -> None:
    with pytest.raises(HostError):
        require_nothing_of_tasks([node("share@")])
