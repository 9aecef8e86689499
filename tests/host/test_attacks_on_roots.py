"""Every attack on a root is refused with its code and exit code; the same without the attack passes."""

from __future__ import annotations

from pathlib import Path

import pytest

from attacked_places import Place, copied, entries_of, made_place, run, told, verify
from root_attacks import ATTACKS, CONTROLS, RootAttack, RootControl

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return made_place(tmp_path_factory.mktemp("good"))


@pytest.fixture
def place(good: Place, tmp_path: Path) -> Place:
    return copied(good, tmp_path / "place")


@pytest.mark.parametrize("attack", ATTACKS, ids=[attack.name for attack in ATTACKS])
def test_the_attack_is_refused_with_its_code(attack: RootAttack, place: Place) -> None:
    attack.prepared(place)
    finished = attack.door(place)
    assert (attack.refused in finished.err + finished.out, finished.code) == (
        True,
        attack.exit_code,
    ), (attack.refused, finished)
    assert not told(finished)


@pytest.mark.parametrize("control", CONTROLS, ids=[control.name for control in CONTROLS])
def test_the_same_without_the_attack_passes(control: RootControl, place: Place) -> None:
    control.prepared(place)
    finished = control.door(place)
    assert finished.code == 0, finished
    assert not told(finished)


def test_a_refused_run_is_an_entry_of_the_log(place: Place) -> None:
    place.sidecar.unlink()
    assert run(place).code == 4
    (entry,) = entries_of(place, "refused")
    assert (entry["code"], entry["cause"], entry["rc"]) == ("P2-S0701", "E_UNSIGNED", 4)


def test_looking_raises_no_floor_and_writes_nothing(place: Place) -> None:
    place.signed(serial=place.terms.serial + 5)
    before = {path: path.stat().st_mtime_ns for path in place.root.rglob("*") if path.is_file()}
    assert verify(place).code == 0
    place.signed(serial=place.terms.serial - 5)
    assert verify(place).code == 0
    after = {path: path.stat().st_mtime_ns for path in place.root.rglob("*") if path.is_file()}
    assert {path.name for path in before.keys() ^ after.keys()} <= {
        "registry.db-wal",
        "registry.db-shm",
    }
