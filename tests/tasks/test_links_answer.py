"""Who answers for a table: the nearest link of its name, and only while it keeps what it promised."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from datter_samples import add_run
from declared_samples import LINK, MATRIX, TASKS, World, opened
from p2lang.types import ColumnType
from plotter2.config.settings import settings
from plotter2.datter import durable
from plotter2.datter.registry import Registry
from plotter2.datter.store import Store
from plotter2.errors import DataError, Plotter2Error
from plotter2.host.host import Host
from plotter2.runs.mistakes import CheckFailed
from plotter2.runs.opening import open_script
from plotter2.tasks.answering import answer
from plotter2.tasks.declaring import Modes
from plotter2.tasks.linking import links_of
from plotter2.tasks.model import Answer, Answered, Head, Unanswered

NUMBERS = (
    ("row", ColumnType("int")),
    ("col", ColumnType("int")),
    ("value", ColumnType("number")),
)
QUESTION = Head("matrix", NUMBERS)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path) as found:
        yield found


def asked(world: World, bundle: str, head: Head = QUESTION) -> Answer:
    return answer(world.declarations, world.bundle(bundle), head)


def reason(found: Answer) -> str:
    assert isinstance(found, Unanswered), found
    return f"{found.reason.code} {found.reason.message}"


# ---- who answers -----------------------------------------------------------------------------------


def test_a_bundle_answers_with_its_own_table_translated(world: World) -> None:
    world.attach("experiment2/experiment2a", "matrix.p2", LINK)
    found = asked(world, "experiment2/experiment2a")
    assert isinstance(found, Answered)
    bundle = world.bundle("experiment2/experiment2a")
    assert found.bundle == bundle
    assert found.selector == f"{bundle.id}/weights"
    assert found.selectors == {"weights.csv": found.selector}
    assert found.rows == 3
    assert found.link.via == "| rename(value = w)"
    assert [node.op for node in found.translation.module.nodes] == [
        "access@1",
        "rename@1",
        "link@1",
    ]


def test_the_nearest_bundle_above_answers_for_one_without_a_link(world: World) -> None:
    world.attach("experiment2/experiment2a", "matrix.p2", LINK)
    found = asked(world, "experiment2/experiment2a/revision1")
    assert isinstance(found, Answered)
    assert found.bundle.name == "experiment2/experiment2a"
    assert reason(asked(world, "experiment2/experiment2b")).startswith(
        "P2-D0877 experiment2/experiment2b has no link matrix, nor does any bundle above it"
    )


def test_an_impostor_hides_no_link_further_up_and_is_told(world: World) -> None:
    world.attach("experiment2", "runs.p2", LINK.replace("weights.csv", "experiment2b/weights"))
    bare = 'p2 1\nlink matrix: table{row: int, col: int} -> "weights"\n'
    world.attach("experiment2/impostor", "bare.p2", bare)
    assert isinstance(asked(world, "experiment2"), Answered)
    assert reason(asked(world, "experiment2/impostor")) == (
        "P2-D0878 the link matrix of experiment2/impostor gives another type:"
        " the column value is missing (it has row, col)"
    )


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (ColumnType("string"), "value is number[s], asked for is string"),
        (ColumnType("int"), "value is number[s], asked for is int"),
        (ColumnType("number", unit="nat"), "value has the unit [s], asked for is [nat]"),
    ],
)
def test_another_type_or_unit_is_told(world: World, wanted: ColumnType, said: str) -> None:
    add_run(
        world.host.store, "timed", {"value": ("number", [1.0])}, stream="t", units={"value": "s"}
    )
    world.attach("timed", "t.p2", 'p2 1\nlink time: table{value: number[s]} -> "t"\n')
    assert said in reason(asked(world, "timed", Head("time", (("value", wanted),))))


def test_what_may_be_empty_does_not_answer_for_what_may_not(world: World) -> None:
    world.attach("experiment2", "n.p2", 'p2 1\nlink n: table{run: int?} -> "runs"\n')
    found = asked(world, "experiment2", Head("n", (("run", ColumnType("int")),)))
    assert "run may be missing in some rows" in reason(found)


# ---- what a source means ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bundle", "source"),
    [
        ("experiment2/experiment2a", "weights"),
        ("experiment2/experiment2a", "Weights.CSV"),
        ("experiment2", "experiment2a/weights.csv"),
        ("experiment2", "experiment2b"),
        ("experiment2/experiment2a", "revision1/weights"),
        ("experiment2/experiment2a", "experiment2/experiment2b/weights"),
    ],
)
def test_a_source_is_looked_up_in_the_bundle_first_and_then_from_the_root(
    world: World, bundle: str, source: str
) -> None:
    world.attach(bundle, "matrix.p2", LINK.replace("weights.csv", source))
    assert isinstance(asked(world, bundle), Answered)


def test_what_is_below_the_bundle_comes_before_what_has_the_same_name_at_the_root(
    world: World,
) -> None:
    add_run(world.host.store, "experiment2b", {"other": ("int", [1])}, stream="weights")
    world.attach("experiment2", "matrix.p2", LINK.replace("weights.csv", "experiment2b/weights"))
    found = asked(world, "experiment2")
    assert isinstance(found, Answered)
    assert found.selector == "experiment2/experiment2b/weights"


def test_a_source_that_is_nowhere_is_refused_when_it_is_declared(world: World) -> None:
    with pytest.raises(CheckFailed) as caught:
        world.attach("experiment2", "matrix.p2", LINK)
    assert caught.value.code == "P2-E0218"
    assert "is no table of" in caught.value.message
    assert '"experiment2" has the tables runs' in caught.value.help


def test_a_misspelt_source_is_answered_with_the_table_that_is_meant(world: World) -> None:
    with pytest.raises(CheckFailed) as caught:
        world.attach("experiment2/experiment2a", "m.p2", LINK.replace("weights", "wieghts"))
    assert caught.value.help.startswith('did you mean "weights"?')


# ---- what is fixed since a link was declared -------------------------------------------------------


def again(world: World, rows: int, kind: str = "number") -> None:
    values = [1.0] * rows if kind == "number" else ["a"] * rows
    columns = {"row": ("int", [0] * rows), "col": ("int", [1] * rows), "w": (kind, values)}
    add_run(world.host.store, "experiment2/experiment2b", columns, stream="weights")


def test_a_later_attempt_keeps_the_links_of_an_earlier_one(world: World) -> None:
    world.attach("experiment2/experiment2b", "matrix.p2", LINK)
    again(world, 3)
    found = asked(world, "experiment2/experiment2b")
    assert isinstance(found, Answered)
    assert found.bundle.attempt == 2
    assert found.selector == f"{world.bundle('experiment2/experiment2b').id}/weights"


def test_a_constant_link_answers_only_with_as_many_rows_as_it_was_declared_with(
    world: World,
) -> None:
    world.attach("experiment2/experiment2b", "matrix.p2", LINK)
    again(world, 7)
    told = reason(asked(world, "experiment2/experiment2b"))
    assert told.startswith("P2-D0879")
    assert "it had 3 rows and has 7" in told
    found = asked(world, "experiment2/experiment2b")
    assert isinstance(found, Unanswered)
    assert "or --mutable matrix if rows may vary" in found.reason.help


def test_the_rows_of_a_mutable_link_may_vary_and_its_types_may_not(world: World) -> None:
    world.attach("experiment2/experiment2b", "matrix.p2", LINK, Modes(mutable=("matrix",)))
    again(world, 7)
    assert isinstance(asked(world, "experiment2/experiment2b"), Answered)
    again(world, 7, "string")
    assert "matrix of experiment2/experiment2b holds no longer" in reason(
        asked(world, "experiment2/experiment2b")
    )


def test_a_link_declared_anew_keeps_its_mode_and_takes_the_new_rows(world: World) -> None:
    world.attach("experiment2/experiment2b", "matrix.p2", LINK)
    again(world, 7)
    assert world.attach("experiment2/experiment2b", "matrix.p2", LINK).outcome == "replaced"
    found = asked(world, "experiment2/experiment2b")
    assert isinstance(found, Answered)
    assert found.link.mode == "constant"


def test_a_link_over_several_bundles_is_mutable_and_sees_those_that_come(world: World) -> None:
    text = 'p2 1\nlink every: table{bundle: string, w: number?} -> "experiment2/*/weights"\n'
    world.attach("experiment2", "every.p2", text)
    head = Head("every", (("w", ColumnType("number", nullable=True)),))
    add_run(world.host.store, "experiment2/experiment2c", MATRIX, stream="weights")
    found = asked(world, "experiment2", head)
    assert isinstance(found, Answered)
    assert found.link.mode == "mutable"
    assert found.rows == 3 + 3 + 3 + 2


# ---- sources that go away --------------------------------------------------------------------------


def test_a_source_that_was_archived_answers_no_more_until_it_is_back(world: World) -> None:
    world.attach("experiment2", "matrix.p2", LINK.replace("weights.csv", "experiment2b/weights"))
    world.host.store.archive("experiment2/experiment2b")
    told = reason(asked(world, "experiment2"))
    assert "the link matrix of experiment2 holds no longer" in told
    assert "archived" in told
    world.host.store.archive("experiment2/experiment2b", undo=True)
    assert isinstance(asked(world, "experiment2"), Answered)


def test_a_link_does_not_hang_on_what_else_its_script_reads(world: World) -> None:
    text = (
        'p2 1\nlet far = access("experiment2/experiment2b")\nlet least = 0\n'
        'link far_rows: table{row: int} -> "experiment2/experiment2b"\n'
        'link matrix: table{row: int, col: int, value: number} -> "weights"'
        " via | filter(row >= $least) | rename(value = w)\n"
        'task look { $far | frame | histogram(x=row) | plot("l") | handoff }\n'
    )
    world.attach("experiment2/experiment2a", "both.p2", text)
    world.host.store.archive("experiment2/experiment2b")
    assert isinstance(asked(world, "experiment2/experiment2a"), Answered)
    head = Head("far_rows", (("row", ColumnType("int")),))
    assert "archived" in reason(asked(world, "experiment2/experiment2a", head))


def test_a_source_that_was_renamed_is_found_until_its_old_name_means_another(world: World) -> None:
    world.attach("experiment2", "matrix.p2", LINK.replace("weights.csv", "experiment2b/weights"))
    world.host.store.rename("experiment2/experiment2b", "experiment2/moved")
    assert isinstance(asked(world, "experiment2"), Answered)
    add_run(world.host.store, "experiment2/experiment2b", MATRIX, stream="weights")
    told = reason(asked(world, "experiment2"))
    assert "it meant experiment2/moved and means experiment2/experiment2b" in told


def test_a_renamed_bundle_keeps_its_links(world: World) -> None:
    world.attach("experiment2/experiment2b", "matrix.p2", LINK)
    world.host.store.rename("experiment2", "study")
    assert isinstance(asked(world, "study/experiment2b"), Answered)


def test_a_damaged_script_answers_nothing_and_says_why(world: World) -> None:
    world.attach("experiment2/experiment2b", "matrix.p2", LINK)
    store: Store = world.host.store
    (attachment,) = store.attachments(world.bundle("experiment2/experiment2b"))
    path = store.layout.object_file(attachment.kept.script.digest)
    path.chmod(0o600)
    durable.replace(path, LINK.replace("value", "other").encode())
    assert reason(asked(world, "experiment2/experiment2b")).startswith("P2-D0816")


# ---- trust -----------------------------------------------------------------------------------------


def test_a_script_that_was_revoked_later_answers_nothing(world: World) -> None:
    done = world.attach("experiment2/experiment2b", "matrix.p2", LINK)
    assert isinstance(asked(world, "experiment2/experiment2b"), Answered)
    world.host.keyring.revoked_scripts_file.write_text(
        f"{sha256_of(done.examined.script.script)}\n", encoding="ascii"
    )
    told = reason(asked(world, "experiment2/experiment2b"))
    assert told.startswith("P2-S07")
    assert "matrix.p2, attached to experiment2/experiment2b, does not count" in told


def test_a_signer_who_is_trusted_no_more_answers_for_nothing(world: World) -> None:
    world.attach("experiment2/experiment2b", "matrix.p2", LINK)
    world.host.keyring.trust_file.write_bytes(b"")
    assert reason(asked(world, "experiment2/experiment2b")).startswith("P2-S07")
    (state,) = links_of(world.declarations, world.bundle("experiment2/experiment2b"))
    assert str(state.link.head) == str(QUESTION)
    assert state.as_json()["holds"] is False


def test_an_unsigned_script_is_not_attached(world: World) -> None:
    script = open_script(world.script("matrix.p2", LINK))
    with pytest.raises(Plotter2Error) as caught:
        world.host.attach("experiment2/experiment2b", [script])
    assert caught.value.code == "P2-S0701"
    assert world.host.store.attachments(world.bundle("experiment2/experiment2b")) == ()


def test_a_newer_version_attached_elsewhere_leaves_an_older_one_in_force(world: World) -> None:
    world.attach("experiment2/experiment2a", "matrix.p2", LINK)
    world.attach("experiment2/experiment2b", "matrix.p2", LINK + "\n")
    assert isinstance(asked(world, "experiment2/experiment2a"), Answered)


def test_a_signature_that_expired_counts_no_more(tmp_path: Path) -> None:
    with opened(tmp_path) as world:
        world.attach("experiment2/experiment2b", "matrix.p2", LINK)
    later = datetime.now(UTC) + timedelta(days=400)
    with Host(settings(tmp_path / "root"), lambda: later) as host:
        old = World(host, tmp_path)
        assert reason(asked(old, "experiment2/experiment2b")).startswith("P2-S07")


@pytest.mark.parametrize(
    "change",
    [
        {"head": (("row", "int"), ("col", "int"), ("value", "number?"))},
        {"source": "experiment2/experiment2a"},
    ],
)
def test_what_the_store_says_of_a_link_counts_only_with_what_was_signed(
    world: World, change: dict[str, Any]
) -> None:
    done = world.attach("experiment2/experiment2b", "matrix.p2", LINK)
    script = done.examined.script
    claimed = msgspec.structs.replace(script.links["matrix"], **change)
    world.host.store.attach(
        "experiment2/experiment2b", [replace(script, links={"matrix": claimed})]
    )
    head = Head("matrix", (("row", ColumnType("int")),))
    told = reason(asked(world, "experiment2/experiment2b", head))
    assert "does not declare the link matrix as it was taken down" in told


def test_a_script_that_is_older_than_what_ran_is_not_attached_but_stays_where_it_is(
    world: World,
) -> None:
    first = world.signed("experiment2/experiment2a", "matrix.p2", LINK)
    world.host.attach("experiment2/experiment2a", [first])
    registry = Registry.open(world.host.store.layout.registry / "registry.db")
    registry.runs.see_serial("own/matrix", 2)
    registry.close()
    assert isinstance(asked(world, "experiment2/experiment2a"), Answered)
    (again,) = world.host.attach("experiment2/experiment2a", [first])
    assert again.outcome == "already attached"
    with pytest.raises(Plotter2Error) as caught:
        world.host.attach("experiment2/experiment2b", [first])
    assert caught.value.code.startswith("P2-S07")


# ---- what cannot be declared -----------------------------------------------------------------------


def refused(world: World, bundle: str, name: str, text: str) -> DataError:
    script = world.signed(bundle, name, text)
    with pytest.raises(DataError) as caught:
        world.host.attach(bundle, [script])
    return caught.value


def told_when_signed(world: World, bundle: str, text: str) -> DataError:
    with pytest.raises(DataError) as caught:
        world.signed(bundle, "linked.p2", text)
    return caught.value


def test_a_link_to_a_link_of_another_bundle_is_refused(world: World) -> None:
    world.attach("experiment2/experiment2b", "matrix.p2", LINK)
    text = 'p2 1\nlink matrix: table{row: int} -> "experiment2b/matrix"\n'
    error = told_when_signed(world, "experiment2", text)
    assert error.code == "P2-D0875"
    assert "leads to the link matrix of experiment2/experiment2b" in error.message


def test_a_link_to_another_link_of_the_script_is_refused(world: World) -> None:
    text = LINK + 'link again: table{row: int} -> "matrix"\n'
    assert told_when_signed(world, "experiment2/experiment2b", text).code == "P2-D0875"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            'p2 1\nlink a: table{row: int} -> "b"\nlink b: table{row: int} -> "a"\n',
            "experiment2/a -> experiment2/b -> experiment2/a",
        ),
        (
            'p2 1\nlink a: table{row: int} -> "experiment2/a"\n',
            "experiment2/a -> experiment2/a",
        ),
    ],
)
def test_links_that_loop_are_refused_with_the_loop(world: World, text: str, shown: str) -> None:
    error = told_when_signed(world, "experiment2", text)
    assert error.code == "P2-D0874"
    assert error.message.endswith(f"in a circle: {shown}")


def test_a_script_that_declares_nothing_is_refused_with_what_to_do(world: World) -> None:
    text = 'p2 1\naccess("runs") | frame | histogram(x=run) | plot("r") | handoff\n'
    error = refused(world, "experiment2", "plain.p2", text)
    assert error.code == "P2-D0872"
    assert "task name { ... }" in error.help


def test_two_scripts_of_a_bundle_do_not_declare_the_same_link(world: World) -> None:
    world.attach("experiment2/experiment2b", "matrix.p2", LINK)
    error = refused(world, "experiment2/experiment2b", "again.p2", LINK)
    assert error.code == "P2-D0873"
    assert error.message.startswith("again.p2 and matrix.p2 both declare the link matrix")


def test_two_scripts_that_are_attached_together_do_not_either(world: World) -> None:
    scripts = [world.signed("experiment2", name, TASKS) for name in ("a.p2", "b.p2")]
    with pytest.raises(DataError) as caught:
        world.host.attach("experiment2", scripts)
    assert "both declare the task plot_matrix" in caught.value.message
    assert world.host.store.attachments(world.bundle("experiment2")) == ()


def test_a_mode_for_a_link_that_is_not_declared_is_refused(world: World) -> None:
    with pytest.raises(DataError) as caught:
        world.attach("experiment2/experiment2b", "m.p2", LINK, Modes(mutable=("matirx",)))
    assert caught.value.code == "P2-D0876"
    assert caught.value.help == "it declares matrix"


def test_nothing_is_attached_to_an_archived_bundle(world: World) -> None:
    script = world.signed("experiment2/experiment2b", "matrix.p2", LINK)
    row = world.bundle("experiment2/experiment2b")
    world.host.store.archive("experiment2/experiment2b")
    for path in ("experiment2/experiment2b", row.id):
        with pytest.raises(DataError) as caught:
            world.host.attach(path, [script])
        assert caught.value.code == "P2-D0824"


def test_what_is_attached_to_several_is_refused(world: World) -> None:
    script = world.signed("experiment2", "t.p2", TASKS)
    with pytest.raises(DataError) as caught:
        world.host.attach("experiment2/*", [script])
    assert caught.value.code == "P2-D0815"


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
