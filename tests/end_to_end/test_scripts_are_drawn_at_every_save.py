"""`plotter2 dev` at a real terminal: saves of all kinds are drawn, and what wants more than was allowed asks."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from commandline import p2, p2_json
from plotter2.config.settings import settings
from plotter2.host.host import Host
from sweep_samples import MEAN_SCRIPT, Workplace
from terminals import Terminal

pytestmark = pytest.mark.process

PICTURE = "reward.png"


@pytest.fixture
def script(place: Workplace) -> Path:
    path = place.folder / "mine.p2"
    path.write_text(MEAN_SCRIPT)
    return path


@pytest.fixture
def pictures(place: Workplace) -> Path:
    return place.folder / "pictures"


@pytest.fixture
def terminal(place: Workplace, script: Path, pictures: Path) -> Iterator[Terminal]:
    """A session that has drawn the first version."""
    with Terminal(place.root, "dev", script, "-o", pictures, "--no-open") as terminal:
        terminal.until("allow this?")
        terminal.types("y\n")
        terminal.until("drawn in")
        yield terminal


def record(place: Workplace, script: Path) -> dict[str, Any]:
    (told,) = p2_json(place.root, "runs", script)["runs"]
    with Host(settings(place.root)) as host:
        run = host.store.run(told["run"])
    assert run is not None
    return run.record


def titled(title: str) -> str:
    return MEAN_SCRIPT.replace('title="Reward"', f'title="{title}"')


def renamed(script: Path, text: str) -> None:
    new = script.with_name(script.name + ".new")
    new.write_text(text)
    new.rename(script)


def rewritten(script: Path, text: str) -> None:
    with script.open("w") as file:  # truncated first
        time.sleep(0.05)
        file.write(text[:100])
        file.flush()
        file.write(text[100:])


def as_vim(script: Path, text: str) -> None:
    """Try whether the folder can be written, move the old file away, write a new one, drop the old one."""
    probe, backup = script.with_name("4913"), script.with_name(script.name + "~")
    probe.touch()
    probe.unlink()
    script.rename(backup)
    script.write_text(text)
    backup.unlink()


def left(terminal: Terminal, answer: str = "n") -> None:
    terminal.types("\x03")
    terminal.until("sign ")
    terminal.until("[y/N]")
    terminal.types(f"{answer}\n")


def test_what_is_allowed_is_shown_once_and_nothing_is_written_beside_the_script(
    place: Workplace, script: Path, pictures: Path
) -> None:
    with Terminal(place.root, "dev", script, "-o", pictures, "--no-open") as terminal:
        shown = terminal.until("allow this?")
        assert re.search(r"reads +sweep/\*\n", shown)
        assert re.search(r"draws +reward\n", shown)
        assert "costs" in shown
        assert not pictures.exists()
        terminal.types("y\n")
        terminal.until("drawn in")
        assert str(pictures / PICTURE) in terminal.until(".png") + ".png"
        left(terminal)
        assert terminal.ends() == 0
    assert not script.with_name("mine.p2.sig").exists()
    assert p2(place.root, "run", script).code == 4


def test_a_no_at_the_beginning_runs_nothing(place: Workplace, script: Path, pictures: Path) -> None:
    with Terminal(place.root, "dev", script, "-o", pictures, "--no-open") as terminal:
        terminal.until("allow this?")
        terminal.types("n\n")
        assert terminal.ends() == 0
    assert not pictures.exists()


@pytest.mark.parametrize("save", [renamed, rewritten, as_vim])
def test_saves_of_all_editors_are_drawn(
    terminal: Terminal, script: Path, pictures: Path, save: object
) -> None:
    assert callable(save)
    before = (pictures / PICTURE).read_bytes()
    save(script, titled("Another"))
    terminal.until("drawn in")
    assert (pictures / PICTURE).read_bytes() != before


def test_of_a_burst_of_saves_the_newest_is_drawn_last(
    terminal: Terminal, place: Workplace, script: Path, pictures: Path
) -> None:
    for number in range(20):
        renamed(script, titled(f"Version {number}"))
        time.sleep(0.01)
    sessions = place.root / "log" / "sessions"
    end = time.monotonic() + 30
    while not any("Version 19" in p.read_text() for p in sessions.glob("*/*.p2")):
        assert time.monotonic() < end
        terminal.until("drawn in")
    kept = sorted(sessions.glob("*/*.p2"))
    assert "Version 19" in kept[-1].read_text()
    assert len(kept) < 20


def test_mistakes_are_shown_as_check_shows_them_and_the_session_goes_on(
    terminal: Terminal, place: Workplace, script: Path, pictures: Path
) -> None:
    before = (pictures / PICTURE).read_bytes()
    renamed(script, MEAN_SCRIPT.replace("step < 50", "stepp < 50"))
    terminal.until("not drawn\n")
    shown = terminal.until("1 error")
    told = p2(place.root, "check", script)
    assert shown.strip() in told.out
    assert (pictures / PICTURE).read_bytes() == before
    renamed(script, MEAN_SCRIPT)
    terminal.until("drawn in")


def test_a_version_that_wants_more_asks_and_a_no_keeps_the_picture(
    terminal: Terminal, script: Path, pictures: Path
) -> None:
    more = MEAN_SCRIPT + 'access("sweep/*") | head(3) | export("first.csv")\n'
    before = (pictures / PICTURE).stat().st_ino
    renamed(script, more)
    assert re.search(r"hands out +first.csv", terminal.until("allow this as well?"))
    terminal.types("n\n")
    terminal.until("not drawn")
    assert (pictures / PICTURE).stat().st_ino == before
    renamed(script, more + "# again\n")
    terminal.until("allow this as well?")
    terminal.types("y\n")
    terminal.until("drawn in")
    assert (pictures / "first.csv").is_file()
    renamed(script, more + "# and again\n")
    assert "allow" not in terminal.until("drawn in")


def test_a_run_that_takes_long_is_left_for_the_newest_save(
    terminal: Terminal, script: Path, pictures: Path
) -> None:
    slow = "\nsweep(a=1..300, b=1..300) | kmeans(on=[a, b], k=64, iters=280) | show\n"
    renamed(script, MEAN_SCRIPT + slow)
    time.sleep(1.5)
    renamed(script, titled("After"))
    terminal.until("left, for a newer version came")
    terminal.until("drawn in")


def test_a_picture_of_a_session_is_explained_and_made_again(
    terminal: Terminal, place: Workplace, pictures: Path
) -> None:
    told = p2(place.root, "why", pictures / PICTURE).out
    assert re.search(
        r"signed by +session-[0-9a-f]{8}@\S+ \(SHA256:.*\), a session of tester@here", told
    )
    assert record(place, place.folder / "mine.p2")["session_of"] == "tester@here"
    (kept,) = (place.root / "log" / "sessions").glob("*/0001.p2")
    p2_json(place.root, "run", kept, "--yes")


def test_leaving_offers_to_sign_what_was_drawn(
    terminal: Terminal, place: Workplace, script: Path
) -> None:
    left(terminal, "y")
    terminal.until("signed as tester@here")
    assert terminal.ends() == 0
    assert p2(place.root, "run", script).code == 0


def test_the_first_picture_is_opened_once_with_the_desktops_program(
    place: Workplace, script: Path, pictures: Path, tmp_path: Path
) -> None:
    opened = tmp_path / "opened"
    opener = tmp_path / "xdg-open"
    opener.write_text(f'#!/bin/sh\necho "$1" >> {opened}\n')
    opener.chmod(0o755)
    path = f"{tmp_path}:{Path(shutil.which('sh') or '/bin/sh').parent}"
    with Terminal(place.root, "dev", script, "-o", pictures, DISPLAY=":99", PATH=path) as terminal:
        terminal.until("allow this?")
        terminal.types("y\n")
        terminal.until("drawn in")
        renamed(script, titled("Another"))
        terminal.until("drawn in")
        left(terminal)
        terminal.ends()
    assert opened.read_text() == f"{pictures / PICTURE}\n"


def test_without_a_terminal_dev_says_what_to_do(place: Workplace, script: Path) -> None:
    finished = p2(place.root, "dev", script)
    assert finished.code == 2
    assert "P2-S0892" in finished.err


def test_params_and_formats_are_those_of_run(
    place: Workplace, script: Path, pictures: Path
) -> None:
    script.write_text(
        MEAN_SCRIPT.replace("p2 1\n", "p2 1\nparam most: int = 50\n").replace(
            "step < 50", "step < $most"
        )
    )
    words = ("dev", script, "-o", pictures, "--no-open", "-p", "most=20", "-f", "svg")
    with Terminal(place.root, *words) as terminal:
        terminal.until("allow this?")
        terminal.types("y\n")
        terminal.until("drawn in")
    assert record(place, script)["params"] == {"most": 20}
    assert [path.name for path in pictures.iterdir()] == ["reward.svg"]
