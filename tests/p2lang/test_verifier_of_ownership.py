"""The verifier holds modules against the rules of ownership and of choosing among bundles, whoever compiled them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from module_fuzzing import renamed
from p2_compiling import module_of
from p2lang import ir
from p2lang.verifier import RefusedProgram, verify
from p2std.registry import core

Change = Callable[[dict[str, Any]], None]

OWNING = """task a {
  let t = access("experiment2/*") | summary(by=lr, m = mean(reward))
  expose total = $t
  $t | head(3) | show
  $t | share(key="lab")
  $t | handin(to="b")
}
task b after a {
  let mine = copy("total")
  register("total")
  access("total") | handoff
  $mine | show
  release()
}
"""
CHOOSING = 'access("experiment2/*", where=lr > 0.1 and not fast, since="2026-01-01") | show'


def nodes(content: dict[str, Any], name: str) -> list[Any]:
    return [node for node in content["nodes"] if node[1].partition("@")[0] == name]


def refusal(text: str, change: Change) -> str:
    compiled = module_of(text)
    assert compiled.module is not None
    content = json.loads(compiled.module.encode())
    change(content)
    with pytest.raises(RefusedProgram) as caught:
        verify(ir.canonical(renamed(content)), compiled.schemas, core())
    return caught.value.code


def test_a_signature_must_allow_a_receiver_and_a_key_each_for_itself() -> None:
    both = OWNING.replace('share(key="lab")', 'share(to="b", key="lab")')
    assert set(module_of(both).capabilities) == {
        "expose table:total",
        "read bundle:experiment2/*",
        "read input:total",
        "write share:b",
        "write share:key",
        "write table:total",
        "write task:b",
    }
    only = OWNING.replace('share(key="lab")', 'share(to="b")')
    assert "write share:key" not in module_of(only).capabilities


@pytest.mark.parametrize("text", [OWNING, CHOOSING])
def test_what_is_right_is_verified(text: str) -> None:
    compiled = module_of(text)
    assert compiled.module is not None
    verify(compiled.module.encode(), compiled.schemas, core(), compiled.module.sha256)


def swapped(first: str, second: str) -> Change:
    """Let two effects change their places in the order."""

    def change(content: dict[str, Any]) -> None:
        listed = content["nodes"]
        at, to = (listed.index(nodes(content, name)[0]) for name in (first, second))
        one, other = listed[at], listed[to]
        one[3]["@seq"], other[3]["@seq"] = other[3]["@seq"], one[3]["@seq"]
        listed.insert(to, listed.pop(at))
        listed.insert(at, listed.pop(listed.index(other)))
        sinks = content["sinks"]
        at, to = sinks.index(one[0]), sinks.index(other[0])
        sinks[at], sinks[to] = sinks[to], sinks[at]

    return change


def attribute(name: str, key: str, value: Any) -> Change:
    def change(content: dict[str, Any]) -> None:
        if value is None:
            del nodes(content, name)[0][3][key]
        else:
            nodes(content, name)[0][3][key] = value

    return change


def uncopied(content: dict[str, Any]) -> None:
    (copy,) = (need for need in nodes(content, "need") if "copied" in need[3])
    del copy[3]["copied"]
    copy[3]["rows"] = ["int", 999]  # else it would be the node that was there already


def of_another_table(content: dict[str, Any]) -> None:
    head = nodes(content, "head")[0]
    nodes(content, "share")[0][2][0] = head[0]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param(swapped("share", "handin"), "P2-V0525", id="shared after it was handed in"),
        pytest.param(attribute("handin", "to", ["str", "a"]), "P2-V0525", id="to itself"),
        pytest.param(attribute("handin", "to", ["str", "c"]), "P2-V0525", id="to nobody"),
        pytest.param(attribute("share", "key", None), "P2-V0525", id="shared with nobody"),
        pytest.param(of_another_table, "P2-V0525", id="a table without a name"),
        pytest.param(attribute("handin", "to", ["null"]), "P2-V0512", id="to nothing"),
        pytest.param(attribute("register", "name", ["int", 1]), "P2-V0512", id="no name"),
    ],
)
def test_who_owns_what_is_looked_at_again(change: Change, code: str) -> None:
    assert refusal(OWNING, change) == code


def test_a_copy_that_is_none_is_used_after_it_was_given_away() -> None:
    assert refusal(OWNING, uncopied) == "P2-V0525"


PARAM = ["param", "lr"]


@pytest.mark.parametrize(
    ("where", "code"),
    [
        pytest.param(["bool", True], "P2-V0512", id="no comparison"),
        pytest.param(["op", ">", ["int", 1], PARAM], "P2-V0512", id="turned round"),
        pytest.param(["op", ">", PARAM, PARAM], "P2-V0512", id="two params"),
        pytest.param(["op", ">", ["col", "lr"], ["int", 1]], "P2-V0512", id="a column"),
        pytest.param(["op", ">", PARAM, ["col", "lr"]], "P2-V0512", id="with a column"),
        pytest.param(["op", "+", PARAM, ["int", 1]], "P2-V0512", id="arithmetic"),
        pytest.param(["op", "in", PARAM, ["int", 1]], "P2-V0512", id="in no list"),
        pytest.param(["op", ">", PARAM, ["list", [["int", 1]]]], "P2-V0509", id="with a list"),
        pytest.param(["op", ">", PARAM, ["var", "none"]], "P2-V0509", id="an unknown param"),
        pytest.param(["call", "isnull@1", {"x": ["int", 1]}], "P2-V0512", id="null of a value"),
        pytest.param(["op", ">", PARAM, ["int", 1]], "P2-V0505", id="another choice"),
    ],
)
def test_a_choice_is_made_of_comparisons_of_params(where: ir.Value, code: str) -> None:
    assert refusal(CHOOSING, attribute("access", "where", where)) == code


def test_a_param_stands_nowhere_else() -> None:
    text = 'access("experiment2/*") | filter(lr > 1) | show'
    where = ["op", ">", PARAM, ["int", 1]]
    assert refusal(text, attribute("filter", "where", where)) == "P2-V0509"
