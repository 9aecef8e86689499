"""What the pages show is what the program does."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from commandline import p2
from plotter2.cli.main import COMMANDS
from plotter2.manifest import mistakes

PROJECT = Path(__file__).parents[2]
SCHEMAS = PROJECT / "tests" / "p2lang" / "scripts" / "example_schemas.json"


def blocks(page: str) -> list[str]:
    """Give the scripts on a page: fenced or indented blocks that start with the edition line."""
    text = (PROJECT / page).read_text()
    fenced = re.findall(r"```\n(p2 1\n.*?)```", text, re.DOTALL)
    indented = re.findall(r"(?:^|\n)    (p2 1\n(?:    .*\n|\n)*)", text)
    return [*fenced, *(re.sub(r"(?m)^    ", "", block) for block in indented)]


@pytest.mark.parametrize("script", blocks("docs/language.md"))
def test_the_scripts_on_the_language_page_are_right(tmp_path: Path, script: str) -> None:
    path = tmp_path / "page.p2"
    path.write_text(script)
    finished = p2(tmp_path / "root", "check", path, "--schemas", SCHEMAS, "--json")
    assert finished.json["ok"]
    assert {d["code"] for d in finished.json["diagnostics"]} <= {"P2-W0450"}  # no lock beside it


def test_the_answer_on_the_language_page_is_what_check_prints(tmp_path: Path) -> None:
    page = (PROJECT / "docs" / "language.md").read_text()
    shown = re.search(r"(?m)(^    error\[.*\n(?:    .*\n)+)", page)
    assert shown is not None
    lines = [line.removeprefix("    ") for line in shown[1].splitlines()]
    (script,) = (line.partition("| ")[2] for line in lines if line.startswith("1 |"))
    path = tmp_path / "plot.p2"
    path.write_text(script)
    said = p2(tmp_path / "root", "check", path, "--schemas", SCHEMAS)
    said_lines = said.out.replace(str(tmp_path) + "/", "").splitlines()
    start = said_lines.index(lines[0])
    assert said_lines[start : start + len(lines)] == lines


def test_the_script_in_the_readme_is_right(tmp_path: Path) -> None:
    (script,) = blocks("README.md")
    path, schemas = tmp_path / "page.p2", tmp_path / "schemas.json"
    path.write_text(script)
    columns = {"lr": "number", "step": "int", "accuracy": "number"}
    schemas.write_text(json.dumps({"digits-sweep/*": {"rows": 7500, "cols": columns}}))
    finished = p2(tmp_path / "root", "check", path, "--schemas", schemas, "--json")
    assert finished.json == {"ok": True, "diagnostics": []}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_the_guide(command: str) -> None:
    assert f"plotter2 {command}" in (PROJECT / "docs" / "guide.md").read_text()


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    page = (PROJECT / "docs" / "dependencies.md").read_text()
    for requirement in project["dependencies"]:
        name = re.split(r"[<>=]", requirement)[0]
        assert re.search(rf"(?m)^\| {name} \|", page), name


def test_every_package_stands_in_the_architecture() -> None:
    page = (PROJECT / "ARCHITECTURE.md").read_text()
    for folder in (PROJECT / "plotter2").iterdir():
        if (folder / "__init__.py").exists():
            assert f"| `plotter2.{folder.name}`" in page, folder.name


def test_the_words_of_the_glossary_stand_in_order_and_once() -> None:
    page = (PROJECT / "docs" / "glossary.md").read_text()
    words = [word.lower() for word in re.findall(r"(?m)^\| \*\*(.+?)\*\*", page)]
    assert words == sorted(words)
    assert len(words) == len(set(words))


def test_relative_links_lead_somewhere() -> None:
    for page in [*PROJECT.glob("*.md"), *(PROJECT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_manifest_in_the_guide_is_sound() -> None:
    page = (PROJECT / "docs" / "guide.md").read_text()
    shown = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    assert shown
    assert [mistakes(manifest.encode(), "guide") for manifest in shown] == [()] * len(shown)
