"""`attach`, `detach`, `links`, `tasks`, `check --at`, `sign --at` as a person types them, and from Python."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import plotter2
from commandline import p2, p2_json
from declared_samples import LINK, TASKS, opened
from plotter2.api.library import Library
from plotter2.datter.store import Store
from plotter2.runs.opening import open_script
from plotter2.tasks.linking import links_of
from plotter2.tasks.model import Answered

BARE = 'p2 1\nlink matrix: table{row: int, col: int} -> "weights"\n'


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    with opened(tmp_path) as world:
        world.script("story.p2", TASKS)
        world.script("matrix.p2", LINK)
        world.script("bare.p2", BARE)
        yield tmp_path / "root"


def script(root: Path, name: str) -> Path:
    return root.parent / "scripts" / name


def attached(root: Path, bundle: str, name: str) -> None:
    p2_json(root, "attach", bundle, script(root, name), "-y")


@pytest.fixture
def story(root: Path) -> Path:
    attached(root, "experiment2", "story.p2")
    attached(root, "experiment2/experiment2a", "matrix.p2")
    attached(root, "experiment2/experiment2b", "matrix.p2")
    attached(root, "experiment2/impostor", "bare.p2")
    return root


def test_a_script_is_checked_and_signed_as_if_it_were_attached(root: Path) -> None:
    path = script(root, "matrix.p2")
    alone = p2(root, "check", path)
    assert alone.code == 3
    assert f"plotter2 check {path} --at BUNDLE" in alone.out
    assert p2(root, "check", path, "--at", "experiment2/experiment2a").code == 0
    assert p2(root, "sign", path).code == 3
    assert p2(root, "sign", path, "--at", "experiment2/experiment2a").code == 0
    refused = p2(root, "check", path, "--at", "experiment2/impostor")
    assert refused.code == 3
    assert "there is no column w here" in refused.out
    both = p2(root, "check", path, "--at", "experiment2", "--schemas", "x.json")
    assert both.code == 2


def test_attaching_tells_what_is_declared_and_that_it_is_there_already(root: Path) -> None:
    path = script(root, "story.p2")
    refused = p2(root, "attach", "experiment2", path)
    assert refused.code == 4
    assert "--at experiment2" in refused.err
    p2_json(root, "sign", path, "--at", "experiment2")
    done = p2(root, "attach", "experiment2", path)
    assert done.out.splitlines() == [
        "story.p2 attached to experiment2: tasks plot_matrix, sum_matrix",
        "where its tasks can run: plotter2 tasks experiment2",
    ]
    again = p2(root, "attach", "experiment2", path)
    assert "attached to experiment2 already; nothing changed" in again.out
    told = p2_json(root, "attach", "experiment2", path)
    assert told["attached"] == [
        {
            "script": "story.p2",
            "outcome": "already attached",
            "links": [],
            "tasks": ["plot_matrix", "sum_matrix"],
            "notes": [],
        }
    ]


def test_what_stands_outside_of_tasks_is_noted(root: Path) -> None:
    path = script(root, "story.p2")
    more = 'access("runs") | frame | histogram(x=run) | plot("r") | handoff\n'
    path.write_text(TASKS + more, encoding="utf-8")
    done = p2(root, "attach", "experiment2", path, "-y")
    assert "note: what stands outside of its tasks is not run here" in done.out


def test_a_script_that_is_taken_away_is_gone_and_can_be_attached_again(story: Path) -> None:
    done = p2(story, "detach", "experiment2/experiment2a", "matrix")
    assert "is attached to experiment2/experiment2a no more" in done.out
    again = p2(story, "detach", "experiment2/experiment2a", "matrix")
    assert again.code == 1
    assert "P2-D0870" in again.err
    attached(story, "experiment2/experiment2a", "matrix.p2")
    shown = p2_json(story, "show", "experiment2/experiment2a")
    assert [(each["name"], each["links"]) for each in shown["attached"]] == [
        ("matrix.p2", ["matrix"])
    ]
    assert "attached: matrix.p2 (links matrix)" in p2(story, "show", "experiment2/experiment2a").out


def test_a_link_is_attached_to_each_bundle_of_a_selector_where_it_holds(root: Path) -> None:
    done = p2(root, "attach", "experiment2/*", script(root, "matrix.p2"), "-y")
    assert done.code == 3
    assert done.out.splitlines() == [
        "matrix.p2 attached to experiment2/experiment2a: link matrix",
        "matrix.p2 attached to experiment2/experiment2b: link matrix",
        "not to experiment2/impostor: there is no column w here [P2-E0201]",
    ]
    again = p2(root, "attach", "experiment2/*", script(root, "matrix.p2"), "--json")
    outcomes = [[s["outcome"] for s in each["attached"]] for each in again.json["bundles"]]
    assert outcomes == [["already attached"], ["already attached"], []]


def test_links_are_listed_with_what_they_read_and_what_does_not_hold(story: Path) -> None:
    lines = p2(story, "links", "experiment2/experiment2a/revision1").out.splitlines()
    assert lines[0].split() == ["link", "of", "mode", "from", "why"]
    assert "experiment2/experiment2a  constant" in lines[1]
    with Store.open(story) as store:
        store.archive("experiment2/experiment2a")
        store.archive("experiment2/experiment2a/revision1", undo=True)
    told = p2_json(story, "links", "experiment2/experiment2a/revision1")
    (link,) = told["links"]
    assert link["holds"] is False
    assert link["reason"]["code"] == "P2-D0824"
    text = p2(story, "links", "experiment2/experiment2a/revision1").out
    assert "archive --undo experiment2/experiment2a" in text
    assert "has no links" in p2(story, "links", "experiment2").out


def test_tasks_are_listed_with_where_they_run_and_each_reason_once(story: Path) -> None:
    text = p2(story, "tasks", "experiment2").out
    first, second = (line for line in text.splitlines() if "pipeline" in line or "config" in line)
    assert "below" in second
    assert "2 below" in second
    assert "itself" in first
    assert "plot_matrix not on experiment2/impostor" in text
    assert text.count("P2-D0878") == 1
    told = p2_json(story, "tasks", "experiment2/experiment2b")
    assert [task["name"] for task in told["inherited"]] == ["plot_matrix", "sum_matrix"]
    assert told["inherited"][0]["runs_on"] == ["experiment2/experiment2b"]
    answer = told["inherited"][0]["answers"]["matrix"]
    assert answer["answered_by"]["name"] == "experiment2/experiment2b"
    lonely = p2_json(story, "tasks", "experiment2/impostor")
    assert [task["name"] for task in lonely["not_applicable"]] == ["plot_matrix"]
    assert lonely["not_applicable"][0]["reasons"][0]["code"] == "P2-D0878"


def test_an_unsigned_script_is_signed_at_the_first_bundle_that_it_fits(root: Path) -> None:
    path = script(root, "matrix.p2")
    found = p2(root, "attach", "experiment2/**", path, "-y")
    assert "matrix.p2 attached to experiment2/experiment2b: link matrix" in found.out
    assert "not to experiment2/impostor" in found.out
    nowhere = p2(root, "attach", "experiment2/impostor/**", path, "-y")
    assert nowhere.code != 0


def test_what_is_shown_before_signing_stands_in_columns(root: Path) -> None:
    shown = p2(root, "attach", "experiment2", script(root, "story.p2"), "-y").err.splitlines()
    columns = {re.match(r"  \w+ +", line).end() for line in shown if line.startswith("  ")}  # type: ignore[union-attr]
    assert len(columns) == 1


def test_the_remedy_for_many_bundles_is_told_once(root: Path) -> None:
    attached(root, "experiment2", "story.p2")
    told = p2(root, "tasks", "experiment2").out
    assert told.count("plot_matrix not on experiment2/") >= 3
    assert told.count("declare one in a script: link matrix") == 1


@pytest.mark.parametrize("words", [("links", "experiment2/*"), ("tasks", "experiment2/*")])
def test_one_bundle_is_asked_at_a_time(story: Path, words: tuple[str, ...]) -> None:
    refused = p2(story, *words)
    assert refused.code == 1
    assert "name one of them, for example 'experiment2/experiment2a'" in refused.err


def test_python_does_the_same(root: Path) -> None:
    with plotter2.open(root) as library:
        for bundle, name in (
            ("experiment2", "story.p2"),
            ("experiment2/experiment2a", "matrix.p2"),
        ):
            library.sign(script(root, name), at=bundle)
            (done,) = library.attach(bundle, script(root, name), mutable=())
            assert done.outcome == "attached"
        tasks = library.tasks("experiment2/experiment2a")
        assert [each.task.name for each in tasks.inherited] == ["plot_matrix", "sum_matrix"]
        (link,) = library.links("experiment2/experiment2a")
        assert link.as_json()["rows"] == 3
        each = library.attach_each("experiment2/*", script(root, "matrix.p2"))
        assert [bool(found.refused) for found in each] == [False, False, True]
        library.detach("experiment2/experiment2a", "matrix")
        assert library.links("experiment2/experiment2a") == ()


def test_a_script_keeps_its_libraries_as_they_were_signed(tmp_path: Path) -> None:
    text = 'p2 1\nuse "p2/statistics@1.0.0" as stats\n' + LINK.removeprefix("p2 1\n")
    with opened(tmp_path) as world:
        path = world.script("matrix.p2", text)
        world.host.lock([path], "add")
        world.host.sign(open_script(path), bundle="experiment2/experiment2a")
        world.host.attach("experiment2/experiment2a", [open_script(path)])
        path.with_name("p2.lock").unlink()
        (found,) = links_of(world.declarations, world.bundle("experiment2/experiment2a"))
        assert isinstance(found.answer, Answered), found.answer.reason
        assert list(found.answer.translation.module.libs) == ["p2/statistics@1.0.0"]


@pytest.mark.process
def test_output_that_breaks_a_link_is_told_when_it_is_added(tmp_path: Path) -> None:
    folder, path = tmp_path / "run", tmp_path / "matrix.p2"
    folder.mkdir()
    path.write_text(LINK)

    def added(library: Library, rows: int) -> str:
        lines = ["row,col,w", *(f"0,{n},{n}.5" for n in range(rows))]
        (folder / "weights.csv").write_text("\n".join(lines) + "\n")
        (bundle,) = library.add(folder).bundles
        return "; ".join(bundle.notes)

    with plotter2.open(tmp_path / "root") as library:
        assert added(library, 2) == ""
        library.new_key("ada@lab")
        library.sign(path, at="run")
        library.attach("run", path)
        told = added(library, 3)
        assert "changed since the link matrix of run was declared: it had 2 rows and has 3" in told
        assert "plotter2 attach run matrix.p2, or --mutable matrix if rows may vary" in told
        library.attach("run", path, mutable=["matrix"])
        assert added(library, 4) == ""


def test_a_library_is_not_attached(tmp_path: Path) -> None:
    with opened(tmp_path) as world:
        folder = world.folder / "libraries" / "lab" / "tools"
        folder.mkdir(parents=True)
        path = folder / "1.0.0.p2"
        path.write_text("p2 1\nlet a = 1\n")
        refused = p2(tmp_path / "root", "attach", "experiment2", path, "-y")
        assert refused.code == 2
        assert "P2-E0256" in refused.err
        assert sorted(each.name for each in folder.iterdir()) == ["1.0.0.p2"]
