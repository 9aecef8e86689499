"""A script that was signed where nobody looked at its steps in Python is looked at before it is attached."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from declared_samples import World, opened
from p2lang import ast
from p2lang.diagnostics import Diagnostic
from p2lang.source import Source
from plotter2.config.settings import settings
from plotter2.host.host import Host
from plotter2.runs.mistakes import CheckFailed
from plotter2.runs.opening import OpenedScript, open_script
from plotter2.runs.texts import Texts
from plotter2.tasks.declaring import Modes

pytestmark = pytest.mark.process

TASK = '''p2 1
script counted(k: int = 1): table{n: int} = python """
n = 0
%s
return [{"n": n}]
"""
task count { expose counted: table{n: int} = counted() }
'''
WRONG = TASK % "for i in range(3) n = n + 1"
NOT_FOR_STEPS = TASK % "n: int = 3"
RIGHT = TASK % "n = n + k"


class Blind(Texts):
    """A signer's release that looks at no text."""

    def diagnostics(self, script: ast.Script, source: Source) -> tuple[Diagnostic, ...]:
        del script, source
        return ()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path) as made:
        yield made


def signed_blindly(world: World, name: str, text: str) -> OpenedScript:
    path = world.script(name, text)
    with Host(settings(world.host.settings.root)) as elsewhere:
        elsewhere._shared_texts = Blind("B")
        elsewhere.sign(open_script(path), bundle="experiment2")
    return open_script(path)


@pytest.mark.parametrize(("text", "code"), [(WRONG, "P2-E0287"), (NOT_FOR_STEPS, "P2-E0281")])
def test_what_is_wrong_in_it_is_told_and_nothing_is_attached(
    world: World, text: str, code: str
) -> None:
    right = signed_blindly(world, "right.p2", RIGHT.replace("count", "other"))
    wrong = signed_blindly(world, "wrong.p2", text)
    with pytest.raises(CheckFailed) as caught:
        world.host.attach("experiment2", [right, wrong], Modes())
    assert caught.value.code == code
    assert caught.value.where.startswith(f"{wrong.path}:4:")
    assert world.host.store.attachments(world.bundle("experiment2")) == ()
    (told,) = world.host.attach_each("experiment2", [wrong], Modes())
    assert told.refused is not None
    assert told.refused.code == code


def test_what_is_right_is_attached(world: World) -> None:
    script = signed_blindly(world, "right.p2", RIGHT)
    (done,) = world.host.attach("experiment2", [script], Modes())
    assert (done.outcome, done.examined.notes) == ("attached", ())
