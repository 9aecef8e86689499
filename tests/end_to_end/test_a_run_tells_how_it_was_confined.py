"""How a run was confined is in its record and in what people read; less than asked is refused, or own and loud."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from commandline import p2, p2_json
from plotter2.cli.confinement import confinement_text, level_cell
from plotter2.config.settings import settings
from plotter2.errors import HostError
from plotter2.host.host import Host
from plotter2.orchestrator import Orchestrator, OrchestratorSettings
from plotter2.runs.opening import open_script
from plotter2.sandbox.plan import SWITCHES

pytestmark = pytest.mark.process

SCRIPT = 'p2 1\naccess("exp") | frame | line(x=step, y=loss) | plot("loss") | handoff\n'


@pytest.fixture
def script(tmp_path: Path) -> Path:
    (tmp_path / "exp.csv").write_text("step,loss\n0,1.0\n1,0.5\n")
    p2_json(tmp_path / "root", "add", tmp_path / "exp.csv", "--name", "exp")
    p2_json(tmp_path / "root", "key", "new", "--name", "me@here", "--no-passphrase")
    script = tmp_path / "x.p2"
    script.write_text(SCRIPT)
    p2_json(tmp_path / "root", "sign", script)
    return script


@contextmanager
def host_without(script: Path, *layers: str) -> Iterator[Host]:
    """Give a host on a machine without some layers of the sandbox."""
    children = OrchestratorSettings(switched_off=layers)
    with Host(settings(script.parent / "root")) as host, Orchestrator(children) as orchestrator:
        vars(host)["orchestrator"] = orchestrator
        yield host


def test_the_level_stands_in_the_record_the_listing_and_the_answer(script: Path) -> None:
    root = script.parent / "root"
    record = p2_json(root, "run", script)
    assert record["sandbox_level"] in ("A", "B")
    assert isinstance(record["sandbox_missing"], dict)
    assert "unconfined" not in record
    (listed,) = p2_json(root, "runs")["runs"]
    assert listed["sandbox"] == {
        "level": record["sandbox_level"],
        "missing": record["sandbox_missing"],
        "unconfined": False,
    }
    shown = p2(root, "requests", "show", record["request"])
    assert f"sandbox level {record['sandbox_level']}" in shown.out


def test_each_missing_layer_is_in_the_record_with_its_reason(script: Path) -> None:
    with host_without(script, "namespaces", "mdwe") as host:
        record = host.run(open_script(script)).record
    assert record["sandbox_level"] == "B"
    assert {"empty_root", "pid_namespace", "network_namespace", "no_new_code"} <= set(
        record["sandbox_missing"]
    )
    assert set(record["sandbox_missing"].values()) == {"switched off"}
    text = confinement_text(record)
    assert text.startswith("sandbox level B\n  without ")
    assert "no new code" in text


@pytest.mark.parametrize("layers", [("landlock", "namespaces"), tuple(SWITCHES)])
def test_below_the_level_asked_for_nothing_runs_and_the_record_says_why(
    script: Path, layers: tuple[str, ...]
) -> None:
    with host_without(script, *layers) as host:
        with pytest.raises(HostError) as caught:
            host.run(open_script(script))
        (row,) = host.store.runs(1)
    assert caught.value.code == "P2-H0910"
    assert row.state == "failed"
    assert row.record["sandbox_level"] in ("C", "none")
    assert "landlock" in row.record["sandbox_missing"]


def test_an_own_script_runs_unconfined_when_that_is_said_and_its_record_says_so(
    script: Path,
) -> None:
    with host_without(script, *SWITCHES) as host:
        record = host.run(open_script(script), unconfined=True).record
    assert (record["sandbox_level"], record["unconfined"]) == ("none", True)
    assert level_cell(record) == "none, unconfined"
    assert "--unconfined" in confinement_text(record)
    assert "none, unconfined" in p2(script.parent / "root", "runs").out


def test_a_script_of_somebody_else_never_runs_unconfined(script: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    p2_json(other, "add", tmp_path / "exp.csv", "--name", "exp")
    p2_json(other, "key", "new", "--name", "you@there", "--no-passphrase")
    key = script.parent / "root/config/keys/sign_ed25519.pub"
    p2_json(other, "trust", "add", "me@here", key)
    assert p2_json(other, "run", script)["artefacts"]
    refused = p2(other, "run", script, "--unconfined", "--json")
    assert json.loads(refused.out)["error"]["code"] == "P2-H0931"
    assert "signed by me@here" in json.loads(refused.out)["error"]["message"]


def test_where_the_level_is_reached_the_option_changes_nothing_and_says_so(script: Path) -> None:
    done = p2(script.parent / "root", "run", script, "--unconfined")
    assert done.code == 0
    assert "changes nothing here" in done.err
    assert "ran with --unconfined" in done.out


def test_settings_cannot_ask_for_no_confinement_at_all(script: Path) -> None:
    root = script.parent / "root"
    (root / "config" / "plotter2.toml").write_text("[sandbox]\nminimum = 'none'\n")
    refused = p2(root, "run", script)
    assert refused.code == 2
    assert "P2-H0901" in refused.err


def test_a_stronger_level_can_be_asked_for(script: Path) -> None:
    root = script.parent / "root"
    (root / "config" / "plotter2.toml").write_text("[sandbox]\nminimum = 'A'\n")
    with host_without(script, "namespaces") as host, pytest.raises(HostError) as caught:
        host.run(open_script(script))
    assert caught.value.code == "P2-H0910"
    assert "empty root" in caught.value.message
