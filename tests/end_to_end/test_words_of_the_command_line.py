"""What the command line says to somebody who types it wrong, or for the first time."""

from __future__ import annotations

import shutil
from pathlib import Path

import click
import pytest

from commandline import Finished, p2, p2_json
from plotter2.cli.main import COMMANDS, GROUPS, main, plotter2


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Give what a wrong line is answered with."""
    assert main(words) == 2
    return capsys.readouterr().err


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("stored")
    folder = place / "My Data"
    folder.mkdir()
    (folder / "t.csv").write_text("a,b\n1,2\n")
    assert p2(place / "root", "add", folder).code == 0
    return place / "root"


@pytest.fixture
def root(stored: Path, tmp_path: Path) -> Path:
    return shutil.copytree(stored, tmp_path / "root")


def test_runs_that_are_no_one_table_are_stored_and_shown_with_the_reason(tmp_path: Path) -> None:
    for name, value in (("a", "1.5"), ("b", "yes")):
        (tmp_path / "exp" / name).mkdir(parents=True)
        (tmp_path / "exp" / name / "t.csv").write_text(f"x\n{value}\n")
    added = p2(tmp_path / "root", "add", tmp_path / "exp")
    assert (added.code, added.out.splitlines()[-1]) == (0, "3 added")
    assert 'access("exp/*") gives no rows: the types of column' in added.out
    assert p2(tmp_path / "root", "show", "exp").code == 0
    assert "P2-D0814" in p2(tmp_path / "root", "show", "exp/*").err


def test_help_lists_every_command_in_one_group_in_lines_of_eighty(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["--help"]) == 0
    told = capsys.readouterr().out
    assert max(map(len, told.splitlines())) <= 80
    for heading, group in GROUPS.items():
        assert f"{heading}:" in told
        for name, (_, about) in group.items():
            assert any(
                line.split() == [name, *about.split()] for line in told.splitlines() if line
            ), name
    assert len(COMMANDS) == sum(map(len, GROUPS.values()))


def test_help_of_a_family_tells_whole_sentences(capsys: pytest.CaptureFixture[str]) -> None:
    for name in COMMANDS:
        family = plotter2.get_command(click.Context(plotter2), name)
        if isinstance(family, click.Group):
            assert main([name, "-h"]) == 0
            assert "..." not in capsys.readouterr().out.partition("Commands:")[2], name


def test_a_missing_argument_is_answered_with_the_whole_command(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert "write: plotter2 rename OLD NEW; more: plotter2 rename --help" in said(
        capsys, "rename", "one"
    )
    assert "write: plotter2 why PICTURE;" in said(capsys, "why", "a.png", "b.png")


def test_options_of_programs_are_told_in_words_of_people(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert "'soon' is not a number\n" in said(capsys, "gc", "--older-than", "soon")
    assert "missing option '--as'; choose from package, csv," in said(capsys, "export", "x")
    assert "plotter2 ls --root DIR\n" in said(capsys, "--root", "x", "ls")
    assert "plotter2 relay push --root DIR\n" in said(capsys, "relay", "--root", "x", "push")


def test_an_unknown_command_of_a_family_is_answered_with_those_there_are(
    capsys: pytest.CaptureFixture[str], root: Path
) -> None:
    told = said(capsys, "relay", "ls")
    assert "there is no command `ls` in `plotter2 relay`, which has `add`, `push`" in told
    assert p2(root, "key", "ls").out == p2(root, "key", "list").out
    assert p2(root, "quarantine", "list").code == 0


def test_capitals_are_answered_with_the_name_that_is_meant(root: Path) -> None:
    refused = p2(root, "show", "My Data")
    assert "did you mean 'my-data'?" in refused.err
    assert p2(root, "show", "my-data").code == 0


def test_a_bundle_is_shown_by_the_name_that_it_has_now(root: Path) -> None:
    assert p2(root, "rename", "my-data", "plants").code == 0
    shown = p2_json(root, "show", "my-data")
    assert (shown["name"], shown["selector"]) == ("plants", "plants")
    assert shown["former_names"] == ["my-data"]
    assert "note: 'my-data' is a former name" in p2(root, "show", "my-data").out
    assert p2(root, "rename", "plants", "my-data").code == 0
    assert p2_json(root, "show", "my-data")["former_names"] == ["plants"]


@pytest.mark.parametrize(
    "words", [["fsck"], ["scrub"], ["gc"], ["backup", "copy"], ["relay", "push"]]
)
def test_of_a_root_that_is_not_there_nothing_is_called_sound(
    tmp_path: Path, words: list[str]
) -> None:
    missing = tmp_path / "rooot"
    refused = p2(missing, *(tmp_path / word if word == "copy" else word for word in words))
    assert refused.code == 1
    assert f"there is no root {missing}" in refused.err
    assert not missing.exists()


def test_a_path_is_told_without_detours(root: Path) -> None:
    (root.parent / "here").mkdir()
    detour = root.parent / "here" / ".." / root.name
    assert p2_json(detour, "inbox", "status")["inbox"] == str(root / "inbox")


def test_an_inbox_that_an_older_root_lacks_is_told_with_what_makes_it(root: Path) -> None:
    (root / "inbox").rmdir()
    assert "not there yet; plotter2 inbox watch --once makes it" in p2(root, "inbox", "status").out
    assert p2(root, "inbox", "watch", "--once").code == 0
    assert (root / "inbox").is_dir()
    assert "not there yet" not in p2(root, "inbox", "status").out


def test_restoring_into_another_root_names_the_way_out(root: Path, tmp_path: Path) -> None:
    copy, other = tmp_path / "copy", tmp_path / "other"
    assert p2(root, "backup", copy).code == 0
    (tmp_path / "u.csv").write_text("c\n3\n")
    assert p2(other, "add", tmp_path / "u.csv").code == 0
    refused = p2(other, "restore", copy)
    assert "another one: it has 1 change, and the copy knows none of them" in refused.err
    assert p2(tmp_path / "new", "restore", copy).code == 0


def test_an_export_over_a_folder_is_told_as_such(root: Path, tmp_path: Path) -> None:
    full = tmp_path / "full"
    full.mkdir()
    refused = p2(root, "export", "my-data", "--as", "csv", "-o", full)
    assert f"there is something at {full} already, and it is kept" in refused.err
    lacking = p2(root, "export", "my-data", "--as", "csv", "-o", tmp_path / "no" / "x")
    assert f"make the folder first: mkdir -p {tmp_path / 'no'}" in lacking.err


def test_a_key_used_for_something_else_is_told_by_what_differs(root: Path, tmp_path: Path) -> None:
    (tmp_path / "u.csv").write_text("c\n3\n")
    (tmp_path / "v.csv").write_text("d\n4\n")
    assert p2(root, "add", tmp_path / "u.csv", "--key", "k").code == 0
    refused = p2(root, "add", tmp_path / "v.csv", "--key", "k").err
    assert f"asked then: add, paths {tmp_path / 'u.csv'}\n" in refused
    assert f"asked now: add, paths {tmp_path / 'v.csv'}\n" in refused


def test_words_in_the_wrong_order_are_put_right(root: Path, tmp_path: Path) -> None:
    script = tmp_path / "links.p2"
    script.write_text('p2 1\nlink m: table{a: int} -> "t" via | select(a)\n')
    turned: Finished = p2(root, "attach", script, "my-data")
    assert f"the bundle stands before it: plotter2 attach my-data {script}" in turned.err
    assert "there is no bundle 'nope'" in p2(root, "attach", "nope", script).err
    assert "plotter2 tasks my-data lists them" in p2(root, "run", "my-data").err


def test_a_check_of_a_bare_manifest_says_what_it_did_not_look_at(tmp_path: Path) -> None:
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "t.csv").write_text("a,b\n1,2\n")
    (folder / "manifest.json").write_text(
        '{"manifest_version":1,"date":"2026-11-24","time":"13:05:00","user":"ada","meta":{},'
        '"name":"t","contains":["t.csv"]}'
    )
    bare = p2(tmp_path / "root", "manifest", "check", folder / "manifest.json").out
    assert "its files were not looked at" in bare
    assert "1 file, 8 B, all there" in p2(tmp_path / "root", "manifest", "check", folder).out
    assert "not looked at" not in p2(tmp_path / "root", "manifest", "check", folder).out


def test_a_second_key_says_which_one_signs(tmp_path: Path) -> None:
    assert "first key" not in p2(tmp_path / "root", "key", "new", "--no-passphrase").out
    told = p2(tmp_path / "root", "key", "new", "--no-passphrase").out
    assert f"signed with your first key, {tmp_path / 'root/config/keys/sign_ed25519'};" in told


def test_what_cannot_be_attached_is_not_signed_first(root: Path, tmp_path: Path) -> None:
    script = tmp_path / "shows.p2"
    script.write_text('p2 1\naccess("t") | show\n')
    assert "P2-D0872" in p2(root, "attach", "my-data", script, "--yes").err
    assert not script.with_name("shows.p2.sig").exists()
    assert p2_json(root, "key", "list")["keys"] == []


def test_what_is_told_of_a_damaged_object_mends_it(root: Path, tmp_path: Path) -> None:
    assert p2(root, "backup", tmp_path / "copy").code == 0
    stored = next(path for path in (root / "source" / "objects").rglob("*") if path.is_file())
    stored.chmod(0o600)
    stored.write_bytes(stored.read_bytes() + b"x")
    for words in (["fsck"], ["scrub"]):
        found = p2(root, *words)
        assert found.code == 1
        assert "plotter2 restore COPY" in found.out
        assert "plotter2 scrub --set-aside" in found.out
    assert "my-data holds it\n" in p2(root, "scrub").out
    assert p2(root, "restore", tmp_path / "copy").code == 0
    assert p2(root, "fsck", "--deep").code == 0


@pytest.mark.parametrize("what", ["commits", "bundle.json"])
def test_a_damaged_description_is_mended_as_the_message_says(
    root: Path, tmp_path: Path, what: str
) -> None:
    assert p2(root, "rename", "my-data", "plants").code == 0
    assert p2(root, "backup", tmp_path / "copy").code == 0
    (hurt, *_) = [
        path
        for path in (root / "source").rglob("*")
        if path.is_file() and what in (path.name, path.parent.name)
    ]
    hurt.chmod(0o600)
    hurt.write_bytes(b"{}")
    found = p2(root, "fsck")
    assert found.code == 1
    assert "plotter2 restore COPY" in found.out + found.err
    assert p2(root, "restore", tmp_path / "copy").code == 0
    assert p2(root, "fsck", "--deep").code == 0
