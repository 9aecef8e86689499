"""Programs that no compiler made: steps in Python whose text, types or calls were changed are refused in the child."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from hostile_bombs import bombs
from hostile_python import LIMITS, SCRIPT, TABLES, classes
from module_fuzzing import renamed
from p2lang import ir
from plotter2.errors import Plotter2Error
from plotter2.orchestrator import Orchestrator, OrchestratorSettings, Task
from plotter2.orchestrator.settings import Spares
from plotter2.wire.messages import RunJob
from running_programs import compiled, schema_of_parts, sealed_job

pytestmark = pytest.mark.process

GOOD = SCRIPT.format(gives="n: int", text="return [{'n': k} for x in runs]")
ONLY_IN_A_TEXT = ("variation selector", "private character")
"""Signs that nobody sees may stand in a text of a text; they are refused where a person would sign them unseen."""
Change = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def orchestrator() -> Iterator[Orchestrator]:
    with Orchestrator(OrchestratorSettings(cache=None, spares=Spares(most=2))) as orchestrator:
        yield orchestrator


@pytest.fixture(scope="module")
def module() -> dict[str, Any]:
    found = compiled(GOOD, {"e": schema_of_parts(TABLES["e"])}).module
    assert found is not None
    content: dict[str, Any] = json.loads(found.encode())
    return content


def code_of(orchestrator: Orchestrator, module: dict[str, Any]) -> str:
    """Give the code with which a child refuses a program; "" when it runs."""
    schemas = {"e": schema_of_parts(TABLES["e"])}
    try:
        with sealed_job(ir.canonical(module).decode(), schemas, TABLES) as fds:
            orchestrator.submit(Task(RunJob(formats=["png"]), fds[1:], LIMITS)).close()
    except Plotter2Error as error:
        return error.code if error.message.isprintable() else f"{error.code}: {error.message!r}"
    return ""


def changed(module: dict[str, Any], change: Change) -> dict[str, Any]:
    """Give the module with changed attributes of its step in Python, named after its content again."""
    content = copy.deepcopy(module)
    (step,) = (node for node in content["nodes"] if node[1] == "script@1")
    change(step[3])
    return renamed(content)


def put(name: str, value: Any) -> Change:
    return lambda attributes: attributes.__setitem__(name, value)


PARAMS = [["runs", "table"], ["k", "int"], ["words", "list[string]"]]
LIES: dict[str, Change] = {
    "a parameter of another type": put("params", ["types", [*PARAMS[:1], ["k", "string"], PARAMS[2]]]),
    "a parameter of a type that there is not": put("params", ["types", [*PARAMS[:1], ["k", "code"], PARAMS[2]]]),
    "a parameter that is a guard": put("params", ["types", [["_getattr_", "table"], *PARAMS[1:]]]),
    "a parameter that is no name": put("params", ["types", [["a b", "table"], *PARAMS[1:]]]),
    "a parameter that is a keyword": put("params", ["types", [["None", "table"], *PARAMS[1:]]]),
    "a parameter that breaks the line": put("params", ["types", [["a\n", "table"], *PARAMS[1:]]]),
    "a parameter twice": put("params", ["types", [["k", "table"], *PARAMS[1:]]]),
    "a parameter too few": put("params", ["types", PARAMS[:2]]),
    "a parameter too many": put("params", ["types", [*PARAMS, ["l", "int"]]]),
    "no parameter": put("params", ["types", []]),
    "a first parameter that is no table": put("params", ["types", [["runs", "int"], *PARAMS[1:]]]),
    "values of another type": put("new", ["new", [["k", ["str", "3"]], ["words", ["list", []]]]]),
    "values of other names": put("new", ["new", [["j", ["int", 3]], ["words", ["list", []]]]]),
    "values that are columns": put("new", ["new", [["k", ["col", "step"]], ["words", ["list", []]]]]),
    "values that are missing": put("new", ["new", []]),
    "columns that are not there": put("takes", ["shape", [["secret", "int"]]]),
    "columns of other types": put("takes", ["shape", [["run", "number"], ["step", "int"], ["reward", "number?"]]]),
    "columns that are never missing": put("takes", ["shape", [["step", "int"], ["reward", "number"]]]),
    "no column": put("takes", ["shape", []]),
    "a hidden column": put("takes", ["shape", [["\x1fstep", "int"]]]),
    "a result without columns": put("gives", ["shape", []]),
    "a result with a hidden column": put("gives", ["shape", [["\x1fn", "int"]]]),
    "a result of a type that there is not": put("gives", ["shape", [["n", "object"]]]),
    "a result with other columns": put("gives", ["shape", [["m", "int"]]]),
    "a result of another type": put("gives", ["shape", [["n", "string"]]]),
    "a result that is said to be none": put("mute", ["bool", True]),
    "a call that reads a table that it has not": put("sites", ["types", [["1:0", "t1"]]]),
    "calls that are no calls": put("sites", ["list", []]),
    "no text": put("text", ["str", ""]),
    "a text that is a number": put("text", ["int", 5]),
    "a text that is a column": put("text", ["col", "run"]),
    "text that is left out": lambda attributes: attributes.pop("text"),
    "a name that is a number": put("name", ["int", 1]),
    "an attribute more": put("exec", ["str", "import os"]),
    "a table more": put("table", ["table", "n" + "0" * 32]),
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_a_step_that_lies_about_itself_is_refused(
    orchestrator: Orchestrator, module: dict[str, Any], lie: str
) -> None:
    code = code_of(orchestrator, changed(module, LIES[lie]))
    assert code.startswith(("P2-V05", "P2-R069")), code


def test_what_the_check_refuses_a_child_refuses_as_well(
    orchestrator: Orchestrator, module: dict[str, Any]
) -> None:
    attacks = [*bombs(), *(attack for several in classes().values() for attack in several)]
    refused = [a for a in attacks if a.codes and a.codes[0][:6] in ("P2-E02", "P2-E00")]
    wrong = {}
    for attack in refused[::3]:
        program = changed(module, put("text", ["str", attack.text]))
        code = code_of(orchestrator, program)
        if attack.name not in ONLY_IN_A_TEXT and not code.startswith(("P2-V05", "P2-R06")):
            wrong[attack.name] = code
    assert len(refused) > 150
    assert wrong == {}
