"""The REPL as a person meets it: typed keys, shown tables, pictures, mistakes under the line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from commandline import p2
from plotter2.config.settings import settings
from plotter2.host.host import Host
from plotter2.host.session import Session
from plotter2.host.session_key import ORDINARY, SessionKey
from plotter2.repl.commands import COMMANDS
from plotter2.repl.loop import Loop
from plotter2.repl.prompt import Statements, prompt
from sweep_samples import root_with_sweep
from terminals import Terminal

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return root_with_sweep(tmp_path_factory.mktemp("repl"))


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def loop(root: Path, said: list[str]) -> Iterator[Loop]:
    with Host(settings(root)) as host:
        key = SessionKey.with_folder("tester@here", host.layout.sessions, host.now())
        key.grant(ORDINARY)
        yield Loop(Session(host, key=key), "none", said.append)


def typed(loop: Loop, keys: str) -> None:
    """Type keys at the real prompt, then leave."""
    with create_pipe_input() as pipe:
        pipe.send_text(f"{keys}\x04")
        loop.talk(prompt(loop.session.around, None, pipe, DummyOutput()))


def test_a_statement_over_several_lines_is_taken_when_it_is_whole(
    loop: Loop, said: list[str]
) -> None:
    typed(loop, 'access("sweep/*") | select(\rlr, step) | head(2)\r')
    (table,) = said
    assert table.splitlines()[0].split() == ["lr", "step"]
    assert table.splitlines()[-1] == "(2 rows)"


def test_mistakes_are_told_under_the_line_and_the_talk_goes_on(loop: Loop, said: list[str]) -> None:
    typed(loop, 'access("sweep/*") | filter(stepp > 3)\r1 + 1\r')
    assert said[0].startswith("error[P2-E0201]: there is no column stepp here\n --> input:1:28")
    assert said[1] == "2"


def test_pictures_are_saved_named_and_can_be_made_a_script(
    loop: Loop, said: list[str], tmp_path: Path, root: Path
) -> None:
    loop.take('let runs = access("sweep/*")')
    loop.take("$runs | frame | line(x=step, y=reward, colour=lr)")
    assert Path(said[0]).is_file()
    loop.take(f":save {tmp_path / 'mine'}")
    script = tmp_path / "mine.p2"
    assert script.read_text() == (
        'p2 1\nlet runs = access("sweep/*")\n\n'
        "$runs | frame | line(x=step, y=reward, colour=lr) | plot | handoff\n"
    )
    loop.take(f":save {script}")
    assert said[-1].endswith("is there already and is kept; choose another name")
    loop.take(f":sign {script}")
    assert p2(root, "run", script).code == 0


def test_types_are_told_without_running(loop: Loop, said: list[str]) -> None:
    loop.take(':type access("sweep/*") | summary(by=lr, m = mean(reward))')
    assert said == ["table, at most 540 rows, 2 columns\nlr: number\nm: number"]
    loop.take(":type 10min")
    assert said[-1] == "number[s]"


def test_a_terminal_with_sixel_is_sent_what_the_child_drew(loop: Loop, said: list[str]) -> None:
    loop.pictures = "sixel"
    loop.take('access("sweep/*") | frame | line(x=step, y=reward, colour=lr)')
    picture, path = said
    assert picture.startswith("\x1bP0;1q")
    assert picture.endswith("\x1b\\\n")
    assert Path(path).suffix == ".png"
    assert [kept.suffix for kept in loop.artefacts] == [".png"]


def test_cost_and_plan_are_told_without_running(loop: Loop, said: list[str]) -> None:
    loop.take('let runs = access("sweep/*")')
    loop.take(":cost $runs | order(reward) | head(2)")
    head, *lines = said.pop().splitlines()
    assert head.split() == ["line", "step", "rows", "units", "work", "share", "memory"]
    assert [line.split()[1] for line in lines[:3]] == ["access", "order", "head"]
    assert lines[-1] == "the lines are those of the script that :save writes"
    loop.take(":plan $runs | head(2)")
    assert "= access@1" in said[0]
    assert "sinks" in said[0]
    assert loop.artefacts == []


def test_the_cost_of_the_last_input_needs_no_word(loop: Loop, said: list[str]) -> None:
    loop.take('access("sweep/*") | head(1)')
    for command in (":cost", ":plan"):
        loop.take(command)
        assert "head" in said[-1]


def test_the_cost_of_what_is_too_much_is_told_with_the_mistake(loop: Loop, said: list[str]) -> None:
    loop.take(':cost access("sweep/*") | kmeans(on=[step, reward], k=20000, iters=5000)')
    assert said[0].startswith("error[P2-E0301]")
    assert "kmeans" in said[1]
    loop.take(':plan access("sweep/*") | kmeans(on=[step, reward], k=20000, iters=5000)')
    assert said[2].startswith("error[P2-E0301]")
    assert len(said) == 3


def test_every_command_that_the_help_lists_is_there(loop: Loop, said: list[str]) -> None:
    for command in set(COMMANDS) - {":quit"}:
        loop.take(command)
    assert len(said) == len(COMMANDS) - 1


def test_what_is_declared_can_be_forgotten(loop: Loop, said: list[str]) -> None:
    loop.take("let n = 3")
    loop.take(":clear")
    loop.take("$n + 1")
    assert "P2-E0209" in said[-1]


@pytest.mark.parametrize(
    "text",
    [
        ":nope",
        ":save",
        ":sign",
        ":type",
        ":open",
        ":cost",
        ":plan",
        ":cost let n = 3",
        ":plan 1 +",
        ":sign nowhere.p2",
    ],
)
def test_wrong_commands_are_answered(loop: Loop, said: list[str], text: str) -> None:
    loop.take(text)
    assert len(said) == 1
    assert "Traceback" not in said[0]


def test_completion_knows_the_columns_of_what_was_declared(loop: Loop) -> None:
    loop.take('let runs = access("sweep/*")')
    completer = Statements(loop.session.around)

    def offered(text: str) -> list[str]:
        found = completer.get_completions(Document(text), CompleteEvent())
        return [completion.text for completion in found]

    assert "reward" in offered("$runs | filter(rew")
    assert "filter" in offered("$runs | fil")
    assert "filter" not in offered("$runs | frame | fil")
    assert offered(":ty") == [":type"]


def test_a_real_terminal_talks_and_control_c_stops_a_run(root: Path) -> None:
    with Terminal(root, "repl") as terminal:
        assert re.search(r"reads +every bundle", terminal.until("allow this?"))
        terminal.types("y\r")
        terminal.until("Ctrl-D leaves")
        terminal.until("p2>")
        terminal.types("sweep(a=1..300, b=1..300) | kmeans(on=[a, b], k=64, iters=280)\r")
        terminal.until("compute 0 pictures")
        terminal.types("\x03")
        terminal.until("stopped; nothing of this input is kept")
        terminal.until("p2>")
        terminal.types("2 * 21\r")
        terminal.until("42")
        terminal.until("p2>")
        terminal.types("\x04")
        assert terminal.process.wait(20) == 0


def test_without_a_terminal_the_repl_says_what_to_do(root: Path) -> None:
    finished = p2(root, "repl")
    assert finished.code == 2
    assert "P2-H0926" in finished.err


@pytest.mark.parametrize("path", ["~nobody-here/plot.p2", "a\0b.p2", "x" * 300])
def test_a_path_that_cannot_be_is_told_and_the_talk_goes_on(
    loop: Loop, said: list[str], path: str
) -> None:
    loop.take('loggy("hello")')
    said.clear()
    loop.take(f":sign {path}")
    loop.take(f":save {path}")
    assert len(said) == 2
    assert all("error[P2-" in text for text in said)
