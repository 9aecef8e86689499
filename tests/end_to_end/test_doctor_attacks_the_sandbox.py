"""`plotter2 doctor --self-test`, as a person and as a program meet it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

from commandline import p2

pytestmark = pytest.mark.process

LEAST: Final = 60
CLASSES: Final = {
    "files",
    "metadata",
    "devices",
    "/proc",
    "network",
    "processes",
    "signals",
    "privileges",
    "memory",
    "new code",
}


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    said = p2(tmp_path_factory.mktemp("root"), "doctor", "--self-test", "--json")
    assert said.code == (0 if said.json["ok"] else 1)
    found: dict[str, Any] = said.json
    return found


def test_every_attempt_has_its_class_its_outcome_and_its_control(answer: dict[str, Any]) -> None:
    probes = answer["probes"]
    assert {probe["class"] for probe in probes} == CLASSES
    assert len([p for p in probes if p["stopped"] and p["control"]]) >= LEAST
    assert [probe["name"] for probe in probes if probe["verdict"] == "got through"] == []
    assert all(answer["needed"].values())


def test_the_level_its_layers_and_what_to_do_stand_beside_them(answer: dict[str, Any]) -> None:
    assert answer["level"] in ("A", "B")
    assert set(answer["missing"]) == {name for name, on in answer["layers"].items() if not on}
    assert all(isinstance(remedy, str) and remedy for remedy in answer["remedies"])
    assert {"kernel", "processor", "Landlock", "system calls", "namespaces", "fonts"} <= {
        check["check"] for check in answer["checks"]
    }
    assert "RestrictedPython" in answer["versions"]


def test_people_get_a_short_page(tmp_path: Path) -> None:
    said = p2(tmp_path, "doctor")
    lines = said.out.splitlines()
    assert lines[0].startswith("scripts can")
    assert {"machine", "sandbox", "libraries", "this root"} <= set(lines)
    assert len(lines) < 45
    assert "self-test" not in said.out
