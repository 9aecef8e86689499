"""What is no Python in a step shows when its script is checked, signed and run, at its place in the file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from commandline import p2, p2_json
from hostile_bombs import bombs
from hostile_python import SCRIPT, Attack, classes
from p2lang.check import Schemas
from p2lang.compiler import Limits
from p2lang.parser import decode, parse
from p2lang.source import Source
from plotter2.orchestrator import Task, TaskLimits
from plotter2.runs import compiling, texts
from plotter2.runs.mistakes import CheckFailed
from plotter2.runs.opening import open_script
from plotter2.runs.texts import Texts
from plotter2.wire.messages import ReadJob

pytestmark = pytest.mark.process

BROKEN = '''p2 1
script one(k: int = 1): table{n: int} = python """
n = 0
for i in range(3)
    n = n + k
return [{"n": n}]
"""
script two(): table{n: int} = python """return [{"n": sum([*[1], "ä", *[2]])}]
x: int = 3"""
one() | export("first.csv")
two() | export("second.csv")
'''
FOUND = [
    ("P2-E0287", 4, "this is no Python: expected ':'", ""),
    ("P2-E0281", 8, "`*` and `**` spread values past the guards", "*[1]"),
    ("P2-E0281", 8, "`*` and `**` spread values past the guards", "*[2]"),
    ("P2-E0281", 9, "types are not written in the text", "x: int = 3"),
]


@pytest.fixture(scope="module")
def looking() -> Iterator[Texts]:
    looking = Texts("B")
    yield looking
    looking.close()


def found_in(looking: Texts, text: str) -> list[tuple[str, int, str, str]]:
    source = Source(text, "script.p2")
    script = parse(source).script
    assert script is not None
    return [
        (d.code, source.position(d.span.start)[0], d.message, source.slice(d.span).strip())
        for d in looking.diagnostics(script, source)
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_fault_is_told_at_its_place(looking: Texts, end: str) -> None:
    assert found_in(looking, BROKEN.replace("\n", end)) == FOUND


def test_right_texts_and_scripts_without_any_are_left_alone(looking: Texts) -> None:
    assert found_in(looking, BROKEN.replace("(3)\n", "(3):\n").split("script two")[0]) == []
    assert found_in(looking, "p2 1\n") == []


def test_nothing_is_started_for_a_script_without_steps_in_python() -> None:
    nobody = Texts("B")
    nobody.close()
    assert found_in(nobody, "p2 1\nlet x = 1\n") == []


HOSTILE = [a for several in (*classes().values(), bombs()) for a in several]


def test_hostile_texts_that_a_child_refuses_are_told_before_they_run(looking: Texts) -> None:
    refused = [a for a in HOSTILE if a.codes == ("P2-R0690",)]
    wrong = {a.name: found for a in refused if not is_right(a, found := told(looking, a))}
    assert len(refused) > 60
    assert wrong == {}


def told(looking: Texts, attack: Attack) -> list[tuple[str, int, str, str]]:
    text = SCRIPT.format(gives=attack.gives, text=attack.text)
    assert isinstance(decode(text.encode(), "script.p2"), Source)
    return found_in(looking, text)


def is_right(attack: Attack, found: list[tuple[str, int, str, str]]) -> bool:
    if not found or not all(message.isprintable() for _, _, message, _ in found):
        return False
    code, line, message, _ = found[0]
    before = SCRIPT.format(gives="n: int", text="").split('"""')[0].count("\n")
    is_there = attack.line is None or line == before + attack.line
    return code in ("P2-E0281", "P2-E0287") and attack.said in message and is_there


def test_texts_that_run_are_not_refused_before(looking: Texts) -> None:
    harmless = [a for a in HOSTILE if not a.codes]
    assert {a.name: f for a in harmless if (f := told(looking, a))} == {}


def test_a_text_over_which_a_child_dies_is_told_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    greedy = '"""x = ' + "[" * 55 + "1" + "]" * 55 + '"""'
    text = f'p2 1\nscript a() = python {greedy}\nscript b() = python """return 1"""\n'
    monkeypatch.setattr(texts, "_LIMITS", TaskLimits(wall_ms=1, cpu_ms=1000, mem_mib=256))
    looking = Texts("B")
    found = found_in(looking, text)
    looking.close()
    assert {code for code, *_ in found} <= {"P2-E0287"}
    assert all(
        message.startswith("the text cannot be read as Python: ") for *_, message, _ in found
    )


def test_what_nobody_can_look_at_is_a_warning_with_its_reason() -> None:
    closed = Texts("B")
    closed.close()
    source = Source(BROKEN)
    script = parse(source).script
    assert script is not None
    (warning,) = closed.diagnostics(script, source)
    assert (warning.code, warning.is_error) == ("P2-W0413", False)
    assert "P2-H0916" in warning.note


def test_children_that_look_are_confined_like_others_and_do_nothing_else(looking: Texts) -> None:
    assert looking._children.ready().level == "A"
    with pytest.raises(Exception, match="does no job of the kind 'read'"):
        looking._children.submit(Task(ReadJob(files=[]), ()))


# ------------------------------------------------------------ at the command line
@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "broken.p2"
    path.write_text(BROKEN)
    return path


def test_check_tells_what_is_wrong_with_a_caret(script: Path, tmp_path: Path) -> None:
    finished = p2(tmp_path / "root", "check", script)
    assert finished.code == 3
    assert "4 | for i in range(3)\n  |                  ^" in finished.out
    assert f"{script}:4:18" in finished.out
    schemas = tmp_path / "schemas.json"
    schemas.write_text("{}")
    assert "P2-E0287" in p2(tmp_path / "root", "check", script, "--schemas", schemas).out


def test_what_is_no_python_is_not_signed_and_does_not_begin_to_run(
    script: Path, tmp_path: Path
) -> None:
    root = tmp_path / "root"
    p2_json(root, "key", "new", "--name", "tester@here", "--no-passphrase")
    refused = p2(root, "sign", script, "--json")
    assert refused.code == 3
    assert [d["code"] for d in refused.json["diagnostics"]] == [code for code, *_ in FOUND]


def test_one_that_was_signed_elsewhere_is_told_before_anything_runs(
    script: Path, tmp_path: Path
) -> None:
    checked = compiling.check(open_script(script), Schemas.of({}), Limits())
    assert checked.compiled is not None
    looking = Texts("B")
    with pytest.raises(CheckFailed) as caught:
        compiling.without_mistakes(looking.looked_at(checked))
    looking.close()
    assert caught.value.code == "P2-E0287"
    assert caught.value.where == f"{script}:4:18"
