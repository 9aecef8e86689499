"""What a plan promises: the level follows from the layers, and the report tells what was tried."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from plotter2.config.levels import Level, reaches
from plotter2.sandbox import landlock
from plotter2.sandbox.check import Check
from plotter2.sandbox.plan import SWITCHES, Plan, make_plan
from plotter2.sandbox.report import layer_checks, remedies, report
from plotter2.sandbox.seccomp import Filter
from plotter2.sandbox.trial import tried

FULL = Plan(
    filter=Filter(b"", ()),
    rights=landlock.Rights(7, 0xFFFF, 3, 3),
    world="made as user",
    user_namespace=True,
    own_processes=True,
    mdwe=True,
    drops_ids=False,
    reads_folders=True,
    folders={},
    canary="",
)
OLD = landlock.Rights(3, 0x7FFF)
NONE = landlock.Rights(0)


@pytest.mark.parametrize(
    ("plan", "level"),
    [
        (FULL, "A"),
        (replace(FULL, mdwe=False), "A"),
        (replace(FULL, world="not made", user_namespace=False), "B"),
        (replace(FULL, user_namespace=False), "B"),
        (replace(FULL, own_processes=False), "B"),
        (replace(FULL, rights=OLD), "B"),
        (replace(FULL, rights=NONE), "C"),
        (replace(FULL, rights=NONE, world="not made"), "C"),
        (replace(FULL, filter=None), "none"),
    ],
)
def test_the_level_follows_from_the_layers(plan: Plan, level: Level) -> None:
    assert plan.level == level


def test_each_layer_of_a_plan_is_named_and_a_missing_one_is_false() -> None:
    assert all(FULL.layers.values())
    bare = replace(FULL, filter=None, rights=OLD, world="not made", mdwe=False)
    off = {name for name, on in bare.layers.items() if not on}
    assert off >= {"system_call_filter", "landlock_network", "landlock_scope", "empty_root"}
    assert "landlock" not in off


def test_levels_are_ordered() -> None:
    order: list[Level] = ["A", "B", "C", "none"]
    for stronger, level in enumerate(order):
        for weaker, minimum in enumerate(order):
            assert reaches(level, minimum) == (stronger <= weaker)


@pytest.mark.process
def test_switching_a_layer_off_lowers_the_plan_and_says_so() -> None:
    before = make_plan()
    for switch in SWITCHES:
        plan = make_plan(switched_off={switch})
        assert plan.reasons[switch] == "switched off"
        assert reaches(before.level, plan.level)
        assert sum(plan.layers.values()) < sum(before.layers.values())


@pytest.mark.process
def test_a_trial_leaves_nothing_behind_and_tells_its_reason() -> None:
    def refuse() -> None:
        raise PermissionError(1, "the moon is full")

    before = sorted(Path("/proc/self/fd").iterdir())
    assert tried(lambda: None) == ""
    assert tried(refuse) == "the moon is full"
    assert tried(lambda: os._exit(3)) == "the trial ended with 3"
    assert tried(lambda: sys.exit("out")) != ""
    assert sorted(Path("/proc/self/fd").iterdir()) == before


@pytest.mark.process
def test_rights_of_landlock_are_all_that_the_kernel_knows() -> None:
    rights = landlock.rights()
    if not rights.version:
        pytest.skip("this kernel has no Landlock")
    assert rights.files & 0x1FFF == 0x1FFF
    with pytest.raises(OSError, match="landlock"):
        os.close(landlock.create(replace(rights, files=rights.files << 1 | 1).attribute()))


@pytest.mark.process
def test_a_folder_nobody_may_enter_is_noticed(tmp_path: Path) -> None:
    inner = tmp_path / "home" / "data"
    inner.mkdir(parents=True)
    (inner / "file").touch()
    inner.parent.chmod(0o700)
    plan = make_plan([str(inner)], {"namespaces"})
    for descriptor in plan.folders.values():
        os.close(descriptor)
    assert plan.reads_folders is (os.geteuid() != 0)


@pytest.mark.process
def test_the_report_names_every_check_with_its_consequence() -> None:
    checks = report()
    assert {"kernel", "Landlock", "system calls", "namespaces", "user"} <= {c.check for c in checks}
    for check in checks:
        assert set(check.as_json()) >= {"check", "ok", "detail", "consequence", "remedy"}
        assert check.detail
        assert check.ok or (check.consequence and (check.remedy or check.check == "cgroup"))


@pytest.mark.process
def test_each_missing_layer_is_told_with_its_reason_and_with_what_to_do() -> None:
    before = make_plan()
    for switch in SWITCHES:
        plan = make_plan(switched_off={switch})
        lost = set(plan.missing) - set(before.missing)
        assert lost
        assert {plan.missing[layer] for layer in lost} == {"switched off"}
        assert set(plan.missing) == {layer for layer, on in plan.layers.items() if not on}
        assert remedies(layer_checks(plan), plan.level)


def test_an_older_landlock_is_told_by_its_version() -> None:
    plan = replace(FULL, rights=OLD)
    assert plan.missing["landlock_network"] == "the kernel's Landlock is version 3, not 4"
    assert set(plan.missing) == {"landlock_network", "landlock_scope"}


def test_the_next_level_comes_first_among_the_remedies() -> None:
    user = Check("user", False, "root", remedy="run plotter2 as an ordinary user")
    landlock_off = Check("Landlock", False, "off", group="sandbox", remedy="switch it on")
    assert remedies([user, landlock_off], "C")[0] == "switch it on"
    assert remedies([user], "A") == ["run plotter2 as an ordinary user"]
