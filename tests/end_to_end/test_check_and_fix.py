"""`check`: several scripts at once, without a store when schemas are given, and `--fix`, which mends the file whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from commandline import Finished, p2

SCHEMAS = {
    "runs/*": {
        "rows": 1000,
        "cols": {"run": "string", "lr": "number", "step": "int", "loss": "number?"},
    }
}
GOOD = 'p2 1\naccess("runs/*") | frame | line(x=step, y=loss) | plot | handoff\n'
BAD = 'access("runs/*") | filter(lr = 0.1 && step > 3) | frame | line(x=Step, y=loss, hue=lr) | plot | handoff\n'
KEYS = {"code", "severity", "message", "span", "label", "help", "note", "related", "fix", "script"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "schemas.json").write_text(json.dumps(SCHEMAS))
    (tmp_path / "good.p2").write_text(GOOD)
    (tmp_path / "bad.p2").write_text(BAD)
    return tmp_path


def check(folder: Path, *words: str) -> Finished:
    named = [str(folder / word) if word.endswith(".p2") else word for word in words]
    return p2(folder / "root", "check", *named, "--schemas", str(folder / "schemas.json"))


def test_with_schemas_neither_a_store_nor_a_root_is_needed_or_made(folder: Path) -> None:
    assert check(folder, "good.p2").code == 0
    assert not (folder / "root").exists()


def test_several_scripts_are_checked_in_one_call_and_one_mistake_decides(folder: Path) -> None:
    answer = check(folder, "good.p2", "bad.p2", "--json")
    assert answer.code == 3
    assert answer.json["ok"] is False
    assert {d["script"] for d in answer.json["diagnostics"]} == {str(folder / "bad.p2")}
    assert f"{folder / 'good.p2'}: nothing is wrong" in check(folder, "good.p2", "bad.p2").out


def test_the_keys_of_the_json_answer_are_the_documented_ones(folder: Path) -> None:
    answer = check(folder, "bad.p2", "--json").json
    assert set(answer) == {"ok", "diagnostics"}
    assert all(set(d) == KEYS for d in answer["diagnostics"])
    page = (Path(__file__).parents[2] / "docs" / "reference" / "check.md").read_text()
    for key in {*KEYS, "fixes", "old", "new", "end_line", "end_column"}:
        assert f"`{key}`" in page, key


def test_fix_mends_until_nothing_is_left_and_says_what_it_did(folder: Path) -> None:
    answer = check(folder, "bad.p2", "--fix")
    assert answer.code == 0, answer.out
    text = (folder / "bad.p2").read_text()
    assert text == (
        'p2 1\naccess("runs/*") | filter(lr == 0.1 and step > 3) | frame'
        " | line(x=step, y=loss, colour=lr) | plot | handoff\n"
    )
    assert "`&&` is now `and` (P2-E0110)" in answer.out
    assert "`hue` is now `colour` (P2-E0205)" in answer.out
    assert "5 fixes" in answer.out


def test_fixes_are_in_the_json_answer_too(folder: Path) -> None:
    fixes = check(folder, "bad.p2", "--fix", "--json").json["fixes"]
    assert {"code": "P2-E0205", "old": "hue", "new": "colour"}.items() <= fixes[-1].items()


def test_a_script_without_mistakes_is_not_rewritten(folder: Path) -> None:
    before = (folder / "good.p2").stat()
    assert check(folder, "good.p2", "--fix").code == 0
    after = (folder / "good.p2").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_what_cannot_be_mended_stays_and_is_told(folder: Path) -> None:
    (folder / "odd.p2").write_text('p2 1\naccess("runs/*") | frobnicate | handoff\n')
    answer = check(folder, "odd.p2", "--fix")
    assert answer.code == 3
    assert "P2-E0202" in answer.out
    assert "fixes" not in check(folder, "odd.p2", "--fix", "--json").json


def test_a_lint_is_not_silenced_by_fix(folder: Path) -> None:
    (folder / "lint.p2").write_text(GOOD + "let unused = 3\n")
    assert "P2-W0401" in check(folder, "lint.p2", "--fix").out
    assert "_unused" not in (folder / "lint.p2").read_text()


def test_a_link_is_refused_and_what_it_points_to_is_left(folder: Path) -> None:
    (folder / "link.p2").symlink_to(folder / "bad.p2")
    answer = check(folder, "link.p2", "--fix")
    assert answer.code == 2
    assert "P2-E0012" in answer.err
    assert (folder / "bad.p2").read_text() == BAD


def test_the_file_keeps_its_mode(folder: Path) -> None:
    (folder / "bad.p2").chmod(0o640)
    check(folder, "bad.p2", "--fix")
    assert (folder / "bad.p2").stat().st_mode & 0o777 == 0o640
