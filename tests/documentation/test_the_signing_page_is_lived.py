"""The five minutes of docs/signing.md, run as they stand there by two people; and its table names every refusal."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from commandline import Finished, p2
from p2sign.causes import CAUSES

PAGE = (Path(__file__).parents[2] / "docs" / "signing.md").read_text()
STORY = PAGE.partition("## Five minutes\n")[2].partition("\n## ")[0]
SCRIPT = (
    'p2 1\naccess("loss") | frame(title="loss") | line(x=step, y=loss) | plot("loss") | handoff\n'
)


def steps() -> list[tuple[str, list[str]]]:
    """Give each command with the lines that the page shows below it."""
    found: list[tuple[str, list[str]]] = []
    for line in re.findall(r"(?m)^    (.+)", STORY):
        if line.startswith(("alice$ ", "bob$ ")):
            found.append((line, []))
        else:
            found[-1][1].append(line)
    return found


@pytest.mark.process
def test_the_five_minutes_are_what_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("loss.csv").write_text("step,loss\n1,0.9\n2,0.6\n3,0.5\n")
    Path("loss.p2").write_text(SCRIPT)
    for command, shown in steps():
        finished = done(tmp_path, command)
        refused = any(line.startswith("error[P2-S") for line in shown)
        assert finished.code == (4 if refused else 0), command + finished.out + finished.err
        for line in shown:
            pattern = ".*".join(map(re.escape, line.split("…")))
            assert re.search(f"(?m)^{pattern}", finished.out + finished.err), (command, line)


def done(folder: Path, command: str) -> Finished:
    who, _, words = command.partition("$ ")
    if words.startswith("plotter2 "):
        return p2(folder / who, *shlex.split(words)[1:])
    assert words == "echo '# a change' >> loss.p2"
    with Path("loss.p2").open("a") as script:
        script.write("# a change\n")
    return Finished(0, "", "")


def test_every_refusal_stands_in_the_table() -> None:
    table = PAGE.partition("## What a refusal means\n")[2]
    named = [n for row in re.findall(r"(?m)^\| (E_.+?) \|", table) for n in row.split(", ")]
    whole = {name for name in named if not name.endswith("…")}
    begun = tuple(name.removesuffix("…") for name in named if name.endswith("…"))
    lacking = [name for name in CAUSES if name not in whole and not name.startswith(begun)]
    assert not lacking
    assert all(name in CAUSES for name in whole)
    assert all(any(name.startswith(each) for name in CAUSES) for each in begun)
