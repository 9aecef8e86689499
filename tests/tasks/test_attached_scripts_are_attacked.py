"""What is attached and cannot be trusted: not even its text is read, and what was damaged can be mended."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from commandline import p2, p2_json
from declared_samples import LINK, TASKS, World, opened
from plotter2.tasks.listing import tasks_of
from plotter2.tasks.parts import text_of


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path) as world:
        yield world


def test_a_script_that_does_not_count_is_not_even_parsed(world: World) -> None:
    world.attach("experiment2", "story.p2", TASKS)
    world.attach("experiment2/experiment2a", "matrix.p2", LINK)
    world.host.keyring.trust_file.write_bytes(b"")
    text_of.cache_clear()
    tasks = tasks_of(world.declarations, world.bundle("experiment2/experiment2a"))
    assert text_of.cache_info().misses == 0
    told = {each.task.name: each.reasons[0].code for each in tasks.not_applicable}
    assert told == {"plot_matrix": "P2-S0740", "sum_matrix": "P2-S0740"}


def test_the_policy_counts_for_what_is_attached_too(world: World) -> None:
    world.attach("experiment2", "story.p2", TASKS)
    world.attach("experiment2/experiment2a", "matrix.p2", LINK)
    world.host.keyring.policy_file.write_text("[scope.own]\nsigners = ['nobody@there']\n")
    tasks = tasks_of(world.declarations, world.bundle("experiment2/experiment2a"))
    told = {each.task.name: each.reasons[0].code for each in tasks.not_applicable}
    assert told == {"plot_matrix": "P2-S0822", "sum_matrix": "P2-S0822"}


def test_attaching_a_script_again_mends_its_damaged_object(world: World) -> None:
    world.attach("experiment2", "story.p2", TASKS)
    store = world.host.store
    path = store.layout.object_file(sha256(TASKS.encode()).hexdigest())
    path.write_bytes(TASKS.replace("sum(value)", "max(value)").encode())
    bundle = world.bundle("experiment2")
    reason = tasks_of(world.declarations, bundle).not_applicable[0].reasons[0]
    assert reason.code == "P2-D0816"
    assert reason.message.startswith("story.p2, attached to experiment2, cannot be read")
    assert reason.help.endswith("plotter2 attach experiment2 story.p2")
    world.attach("experiment2", "story.p2", TASKS)
    assert tasks_of(world.declarations, bundle).own
    assert path.read_bytes() == TASKS.encode()


def test_a_script_that_counts_nowhere_is_refused_once_for_all_bundles(world: World) -> None:
    signed = world.signed("experiment2/experiment2a", "matrix.p2", LINK)
    root = world.host.settings.root
    signed.path.write_text(LINK + "\n")
    refused = p2(root, "attach", "experiment2/*", signed.path)
    assert refused.code == 4
    assert refused.err.count("error[") == 1
    signed.path.write_text(LINK)
    assert not p2(root, "attach", "experiment2/*", signed.path, "--json").json["ok"]
    assert len(p2_json(root, "links", "experiment2/experiment2a")["links"]) == 1


def test_no_name_hides_what_a_person_is_asked_to_sign(world: World) -> None:
    path = world.script("matrix\x07\n  reads nothing.p2", LINK)
    told = p2(world.host.settings.root, "attach", "experiment2/experiment2a", path, "-y")
    assert told.code == 4
    assert "\x07" not in told.err
    assert told.err.splitlines()[1] == "  links    matrix (table)"


def test_a_link_has_one_mode(world: World) -> None:
    path = world.script("matrix.p2", LINK)
    words = ("attach", "experiment2/experiment2a", path, "-y")
    both = p2(world.host.settings.root, *words, "--mutable", "matrix", "--constant", "matrix")
    assert both.code == 2
    assert "cannot be both" in both.err
