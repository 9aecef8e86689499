"""The main job, from a recorded sweep to a picture that knows where it came from."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

import plotter2
from commandline import p2, p2_json
from plotter2.errors import Refused, RunError
from sweep_samples import Workplace

pytestmark = pytest.mark.process


def test_run_json_has_the_promised_keys_and_the_pictures_are_there(place: Workplace) -> None:
    record = p2_json(place.root, "run", place.script)
    assert {
        "run",
        "script",
        "signers",
        "sandbox_level",
        "artefacts",
        "ledger",
        "timings_ms",
    } <= set(record)
    (artefact,) = record["artefacts"]
    content = Path(artefact["path"]).read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    assert hashlib.sha256(content).hexdigest() == artefact["sha256"]
    assert artefact["kind"] == "png"
    assert record["signers"] == ["tester@here"]


def test_the_ledger_accounts_for_every_row(place: Workplace) -> None:
    ledger = p2_json(place.root, "run", place.script)["ledger"]["reward"]
    assert ledger["read"] == 9 * 60
    assert ledger["filtered"] == 9 * 10


def test_the_same_script_and_data_give_the_same_bytes(place: Workplace) -> None:
    formats = ["-f", "png", "-f", "svg", "-f", "pdf"]
    first = p2_json(place.root, "run", place.script, *formats)["artefacts"]
    second = p2_json(place.root, "run", place.script, *formats)["artefacts"]
    assert [a["sha256"] for a in first] == [a["sha256"] for a in second]
    assert [a["kind"] for a in first] == ["png", "svg", "pdf"]


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_why_tells_script_signer_data_and_rows_of_a_picture(place: Workplace, kind: str) -> None:
    (artefact,) = p2_json(place.root, "run", place.script, "-f", kind)["artefacts"]
    found = p2_json(place.root, "why", artefact["path"])["provenance"]
    assert found["script"]["sha256"] == hashlib.sha256(place.script.read_bytes()).hexdigest()
    assert found["signers"][0]["principal"] == "tester@here"
    assert len(found["bundles"]) == 9
    assert found["ledger"]["read"] == 540
    assert {"python", "matplotlib", "numpy", "polars", "scipy"} <= set(found["versions"])
    text = p2(place.root, "why", artefact["path"]).out
    assert "tester@here" in text
    assert "540" in text


def test_output_option_copies_the_pictures(place: Workplace, tmp_path: Path) -> None:
    record = p2_json(place.root, "run", place.script, "-o", tmp_path / "out")
    assert [a["path"] for a in record["artefacts"]] == [str(tmp_path / "out" / "reward.png")]
    assert (tmp_path / "out" / "reward.png").exists()


def test_the_starter_script_of_a_sweep_checks_signs_and_runs(place: Workplace) -> None:
    script = place.folder / "starter.p2"
    p2_json(place.root, "new", "sweep", "-o", script)
    assert p2_json(place.root, "check", script) == {"ok": True, "diagnostics": []}
    assert p2_json(place.root, "fmt", script, "--check")["changed"] is False
    p2_json(place.root, "sign", script)
    record = p2_json(place.root, "run", script)
    assert record["artefacts"]


def test_a_param_can_be_set_for_one_run(place: Workplace) -> None:
    script = place.folder / "cut.p2"
    text = place.script.read_text().replace(
        "p2 1\n", "p2 1\nparam cut: int = 50 where $cut in 1..60\n"
    )
    script.write_text(text.replace("step < 50", "step < $cut"))
    p2_json(place.root, "sign", script)
    record = p2_json(place.root, "run", script, "-p", "cut=20")
    assert record["params"] == {"cut": 20}
    assert record["ledger"]["reward"]["filtered"] == 9 * 40
    refused = p2(place.root, "run", script, "-p", "cut=1000", "--json")
    assert refused.code == 2
    assert "cut" in refused.json["error"]["message"]


def test_the_python_library_runs_a_script(place: Workplace) -> None:
    with plotter2.open(place.root) as library:
        result = library.run(place.script, formats=["svg"])
    assert result.artefacts[0].path.read_bytes().startswith(b"<?xml")
    assert result.record["sandbox_level"] in ("A", "B")


def test_the_python_library_signs_with_any_key_and_tells_who_signed(place: Workplace) -> None:
    with plotter2.open(place.root) as library:
        own = library.new_key("second@here")
        copy = place.folder / "copy.p2"
        copy.write_bytes(place.script.read_bytes())
        library.sign(copy, name="own/copy", key=own.path)
        (signer,) = library.verify(copy).signers
        assert signer.principal == "second@here"
        with pytest.raises(Refused):
            library.sign(copy, key="agent:nobody has it")


@pytest.mark.parametrize("formats", [["jpg"], ["png", "jpg"]])
def test_the_python_library_refuses_file_formats_that_are_not_drawn(
    place: Workplace, formats: list[Any]
) -> None:
    with plotter2.open(place.root) as library, pytest.raises(RunError) as caught:
        library.run(place.script, formats=formats)
    assert caught.value.code == "P2-R0621"
    assert "png, svg, pdf" in caught.value.help


def test_one_bundle_is_drawn_by_its_own_name(place: Workplace) -> None:
    child = p2_json(place.root, "show", "sweep")["children"][0]["name"]
    script = place.folder / "one.p2"
    script.write_text(
        f'p2 1\naccess("{child}") | frame | line(x=step, y=reward) | plot("one") | handoff\n'
    )
    p2_json(place.root, "sign", script)
    assert p2_json(place.root, "run", script)["ledger"]["one"]["drawn"] == 60


def test_a_run_record_tells_what_the_child_used_and_how_many_layers_were_drawn(
    place: Workplace,
) -> None:
    record = p2_json(place.root, "run", place.script)
    assert record["usage"]["cpu_ms"] > 0
    assert record["usage"]["peak_rss_mib"] > 0
    assert record["ledger"]["reward"]["layers"] == 2
    assert "drawn in 2 layers" in p2(place.root, "run", place.script).out


def test_doctor_tells_what_became_of_a_registry_that_cannot_be_read(place: Workplace) -> None:
    p2_json(place.root, "run", place.script)
    whole = p2(place.root, "doctor", "--rebuild")
    assert "run records kept" in whole.out
    registry = place.root / "registry" / "registry.db"
    registry.write_bytes(b"not a database" * 1000)
    broken = p2(place.root, "show")
    assert broken.code == 1
    assert "plotter2 doctor --rebuild" in broken.err
    mended = p2(place.root, "doctor", "--rebuild")
    assert "it is kept as" in mended.out
    assert p2_json(place.root, "run", place.script)["artefacts"]
