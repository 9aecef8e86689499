"""Libraries through the command line: signed, locked, used, and refused when anything is not as it was locked."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from commandline import Finished, p2, p2_json
from sweep_samples import LIBRARIES, SMOOTHED_SCRIPT, Workplace


def sign(place: Workplace, path: Path, *words: str | Path) -> None:
    p2_json(place.root, "sign", path, *words)


@pytest.fixture(scope="module")
def shelf(made: Workplace, tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    """Give a root with a sweep, three signed libraries beside a script, and two people's keys."""
    place = Workplace(tmp_path_factory.mktemp("shelf") / "place")
    shutil.copytree(made.folder, place.folder)
    alice = Path(
        p2_json(place.root, "key", "new", "--name", "alice@lab", "--no-passphrase")["file"]
    )
    shutil.copytree(LIBRARIES, place.folder / "libraries")
    for path in sorted((place.folder / "libraries").glob("*/*/*.p2")):
        sign(place, path, *(("--key", alice) if "alice" in path.parts else ()))
    place.script.write_text(SMOOTHED_SCRIPT)
    place.script.with_name(place.script.name + ".sig").unlink()
    return place


@pytest.fixture
def bench(shelf: Workplace, tmp_path: Path) -> Workplace:
    copied = tmp_path / "place"
    shutil.copytree(shelf.folder, copied)
    return Workplace(copied)


@pytest.fixture
def locked(bench: Workplace) -> Workplace:
    p2_json(bench.root, "lock", "add", bench.script)
    sign(bench, bench.script)
    return bench


def library(place: Workplace, name: str) -> Path:
    return place.folder / "libraries" / f"{name}.p2"


def refused(finished: Finished, code: str) -> str:
    assert finished.code != 0
    assert f"[{code}]" in finished.err, finished.err
    assert "help:" in finished.err
    return finished.err


@pytest.mark.process
def test_a_script_with_libraries_is_checked_locked_signed_and_run(bench: Workplace) -> None:
    checked = p2_json(bench.root, "check", bench.script)
    assert {d["code"] for d in checked["diagnostics"]} == {"P2-W0450"}
    refused(p2(bench.root, "sign", bench.script), "P2-E0219")
    made = p2_json(bench.root, "lock", "add", bench.script)
    assert [each["library"] for each in made["libraries"]] == [
        "alice/colours@0.4.1",
        "lab/smoothing@1.2.0",
        "lab/style@2.0.1",
        "p2/statistics@1.0.0",
    ]
    assert p2_json(bench.root, "check", bench.script)["diagnostics"] == []
    statement = p2_json(bench.root, "sign", bench.script)["statement"]
    assert statement.count("\nimport sha256:") == 4
    assert " p2/statistics/1.0.0\n" in statement
    record = p2_json(bench.root, "run", bench.script)
    assert record["ledger"]["smoothed"]["drawn"] > 0
    assert p2_json(bench.root, "lock", "verify", bench.script)["ok"]


def changed(place: Workplace) -> None:
    path = library(place, "lab/smoothing/1.2.0")
    path.write_text(path.read_text().replace("= 100", "= 101"))


def changed_and_signed(place: Workplace) -> None:
    changed(place)
    sign(place, library(place, "lab/smoothing/1.2.0"))


def unsigned(place: Workplace) -> None:
    library(place, "lab/smoothing/1.2.0").with_suffix(".p2.sig").unlink()


def gone(place: Workplace) -> None:
    library(place, "lab/style/2.0.1").unlink()


def another_signature(place: Workplace) -> None:
    """Put the library and the good signature of one in the place of another."""
    for end in ("", ".sig"):
        source = library(place, "lab/style/2.0.1")
        target = library(place, "lab/smoothing/1.2.0")
        shutil.copy(f"{source}{end}", f"{target}{end}")
    sign(place, library(place, "lab/style/2.0.1"))


def untrusted(place: Workplace) -> None:
    trust = place.root / "config" / "trust" / "allowed_signers"
    kept = [line for line in trust.read_text().splitlines() if not line.startswith("alice@lab")]
    trust.write_text("".join(f"{line}\n" for line in kept))


def revoked(place: Workplace) -> None:
    keys = place.root / "config" / "keys"
    line = next(p.read_text() for p in keys.glob("*.pub") if "alice@lab" in p.read_text())
    revoked_keys = place.root / "config" / "trust" / "revoked_keys"
    revoked_keys.write_text(line)


def of_another_scope(place: Workplace) -> None:
    policy = place.root / "config" / "trust" / "policy.toml"
    policy.write_text('[scope.alice]\nsigners = ["bob@lab"]\n')


def retired(place: Workplace) -> None:
    p2_json(place.root, "revoke", "alice@lab", "--reason", "retired")


def lock_gone(place: Workplace) -> None:
    (place.folder / "p2.lock").unlink()


def lock_edited(place: Workplace) -> None:
    path = place.folder / "p2.lock"
    path.write_text(path.read_text().replace("from libraries", "from  libraries"))


def lock_of_another_signer(place: Workplace) -> None:
    path = place.folder / "p2.lock"
    path.write_text(path.read_text().replace("signer alice@lab", "signer carol@lab"))


@pytest.mark.parametrize(
    ("harm", "code"),
    [
        (changed, "P2-S0774"),
        (changed_and_signed, "P2-E0219"),
        (unsigned, "P2-S0701"),
        (gone, "P2-E0250"),
        (another_signature, "P2-S0773"),
        (untrusted, "P2-S0740"),
        (revoked, "P2-S0741"),
        (of_another_scope, "P2-S0822"),
        (retired, "P2-S0744"),
        (lock_gone, "P2-E0219"),
        (lock_edited, "P2-E0253"),
        (lock_of_another_signer, "P2-E0219"),
    ],
)
def test_a_run_refuses_what_is_not_as_it_was_locked(
    locked: Workplace, harm: Callable[[Workplace], None], code: str
) -> None:
    harm(locked)
    told = refused(p2(locked.root, "run", locked.script), code)
    assert "Traceback" not in told
    assert "the script" not in told or harm is gone, told


def test_a_lock_that_was_changed_with_the_library_is_refused_by_the_scripts_signature(
    locked: Workplace,
) -> None:
    changed_and_signed(locked)
    refused(p2(locked.root, "lock", "add", locked.script), "P2-E0254")
    finished = p2(locked.root, "lock", "update", locked.script)
    assert finished.code == 0
    assert "~ usual_half_life  changed" in finished.out
    assert "rights: none" in finished.out
    told = refused(p2(locked.root, "run", locked.script), "P2-S0779")
    assert "lab/smoothing/1.2.0" in told


@pytest.mark.process
def test_libraries_whose_signer_retired_are_used_on_where_they_were_used(locked: Workplace) -> None:
    p2_json(locked.root, "run", locked.script)
    time.sleep(1.1)  # times of keys are whole seconds
    retired(locked)
    assert p2_json(locked.root, "run", locked.script)["artefacts"]
    revoked(locked)
    refused(p2(locked.root, "run", locked.script), "P2-S0741")


def test_an_update_tells_what_came_went_and_changed(locked: Workplace) -> None:
    old = library(locked, "lab/smoothing/1.2.0")
    new = library(locked, "lab/smoothing/1.3.0")
    text = old.read_text().replace("def twice(", "def doubled(")
    new.write_text(text.replace("half_life: number = $usual_half_life", "half_life: number = 7"))
    sign(locked, new)
    locked.script.write_text(SMOOTHED_SCRIPT.replace("smoothing@1.2.0", "smoothing@1.3.0"))
    assert p2(locked.root, "lock", "verify", locked.script).code == 4
    (change,) = [
        each
        for each in p2_json(locked.root, "lock", "update", locked.script)["libraries"]
        if each["change"] == "changed"
    ]
    assert change["before"] == "lab/smoothing@1.2.0"
    assert (change["came"], change["went"], change["changed"]) == (["doubled"], ["twice"], ["ema"])
    assert "smoothing@1.2.0" not in (locked.folder / "p2.lock").read_text()


@pytest.mark.process
def test_an_inline_pin_stands_in_place_of_the_lock(bench: Workplace) -> None:
    style = p2_json(bench.root, "lock", "add", bench.script)
    digests = {each["library"]: each["sha256"] for each in style["libraries"]}
    (bench.folder / "p2.lock").unlink()
    pin = digests["alice/colours@0.4.1"][:12]
    bench.script.write_text(f"""p2 1
use "alice/colours@0.4.1" sha256 "{pin}" signer "alice@lab" as pal
access("sweep/*") | frame | line(x=step, y=loss, colour=lr) | pal.okabe_ito | plot | handoff
""")
    sign(bench, bench.script)
    assert p2_json(bench.root, "run", bench.script)["ledger"]["plot"]["drawn"] > 0


def test_a_library_is_found_beside_the_script_then_in_the_settings_folder_then_in_the_root(
    locked: Workplace, tmp_path: Path
) -> None:
    def moved(target: Path) -> None:
        (locked.folder / "libraries").rename(target)

    elsewhere = tmp_path / "elsewhere"
    moved(elsewhere)
    refused(
        p2(locked.root, "verify", locked.script) and p2(locked.root, "run", locked.script),
        "P2-E0250",
    )
    (locked.root / "config" / "plotter2.toml").write_text(
        f'[libraries]\nfolders = ["{elsewhere}"]\n'
    )
    assert p2_json(locked.root, "check", locked.script)["diagnostics"] == []
    (locked.root / "config" / "plotter2.toml").unlink()
    elsewhere.rename(locked.root / "libraries")
    assert p2_json(locked.root, "check", locked.script)["diagnostics"] == []


def test_nobody_else_can_offer_a_library_of_plotter2s_own_scope(bench: Workplace) -> None:
    fake = library(bench, "p2/statistics/9.0.0")
    fake.parent.mkdir(parents=True)
    fake.write_text("p2 1\ndef mean_t95(x: column[number], by: columns) = | head(1)\n")
    sign(bench, fake)
    bench.script.write_text(SMOOTHED_SCRIPT.replace("p2/statistics@1.0.0", "p2/statistics@9.0.0"))
    checked = p2(bench.root, "check", bench.script)
    assert "[P2-E0250]" in checked.out
    assert "versions here: 1.0.0" in checked.out


def test_a_library_does_not_run(bench: Workplace) -> None:
    refused(p2(bench.root, "run", library(bench, "lab/style/2.0.1")), "P2-E0256")


def test_a_library_with_an_effect_is_not_signed(bench: Workplace) -> None:
    path = library(bench, "lab/shown/1.0.0")
    path.parent.mkdir(parents=True)
    path.write_text('p2 1\ndef shown() = | plot("a")\n')
    told = refused(p2(bench.root, "sign", path), "P2-E0251")
    assert "`plot` has no place in a library" in told


def test_where_nothing_is_used_there_is_nothing_to_lock(bench: Workplace) -> None:
    bench.script.write_text(
        'p2 1\naccess("sweep/*") | frame | line(x=step, y=loss) | plot | handoff\n'
    )
    refused(p2(bench.root, "lock", "add", bench.script), "P2-E0255")


def folder_there(path: Path) -> None:
    path.mkdir()


def link_there(path: Path) -> None:
    path.symlink_to("/etc/hostname")


def too_much_there(path: Path) -> None:
    path.write_bytes(b"#" * 300_000)


def no_text_there(path: Path) -> None:
    path.write_bytes(b"p2 1\n\xff\xfe")


def pipe_there(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("put", "code"),
    [
        (folder_there, "P2-E0012"),
        (link_there, "P2-E0012"),
        (pipe_there, "P2-E0012"),
        (too_much_there, "P2-E0001"),
        (no_text_there, "P2-E0003"),
    ],
)
def test_what_lies_in_the_place_of_a_library_and_is_none_is_refused_by_name(
    bench: Workplace, put: Callable[[Path], None], code: str
) -> None:
    path = library(bench, "lab/odd/1.0.0")
    path.parent.mkdir(parents=True)
    put(path)
    bench.script.write_text(SMOOTHED_SCRIPT.replace("lab/smoothing@1.2.0", "lab/odd@1.0.0"))
    told = refused(p2(bench.root, "lock", "add", bench.script), code)
    assert str(path) in told
    assert "the library" in told


def test_libraries_are_known_where_schemas_stand_in_for_a_store(tmp_path: Path) -> None:
    script, schemas = tmp_path / "a.p2", tmp_path / "schemas.json"
    schemas.write_text('{"runs": {"rows": 10, "cols": {"lr": "number", "loss": "number"}}}')
    script.write_text("""p2 1
use "p2/statistics@1.0.0" as stats
access("runs") | stats.mean_se(loss, by=[lr]) | frame | line(x=lr, y=mid) | plot | handoff
""")
    root = tmp_path / "root"
    checked = p2_json(root, "check", script, "--schemas", schemas)
    assert [d["code"] for d in checked["diagnostics"]] == ["P2-W0450"]
    assert not root.exists()
