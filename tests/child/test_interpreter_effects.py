"""What a run sends and hands out, and what it keeps back, seen through a fake channel."""

from __future__ import annotations

import polars as pl
import pytest

from plotter2.child.placing import PlacedError
from plotter2.child.program import run_program
from plotter2.errors import ExitCode, RunError
from plotter2.renderkit import provenance
from plotter2.wire.messages import Note, Progress, RowsCounted
from running_programs import (
    FakeChannel,
    Part,
    compiled,
    job,
    run_script,
    schema_of_parts,
    sealed_job,
)

ROWS = pl.DataFrame(
    {"step": [0, 1, 2, 3], "reward": [0.0, 1.0, None, 4.0], "kind": ["a", "b", "a", "b"]}
)
TABLES = {"run": [Part(ROWS)]}
PLOT = 'p2 1 access("run") | frame | line(x=step, y=reward) | plot("reward") | handoff'


def test_each_format_is_handed_out_with_provenance() -> None:
    channel = run_script(PLOT, TABLES, ("png", "svg", "pdf"))
    assert [(name, kind) for name, kind, _ in channel.blobs] == [
        ("reward", "png"), ("reward", "svg"), ("reward", "pdf"),
    ]  # fmt: skip
    for kind in ("png", "svg", "pdf"):
        inside = provenance.read(channel.picture("reward", kind))
        assert inside is not None
        assert inside["ledger"]["read"] == 4
        assert inside["versions"]["polars"] == pl.__version__


def test_the_same_program_on_the_same_data_gives_the_same_bytes() -> None:
    first, second = (run_script(PLOT, TABLES, ("png", "svg")) for _ in range(2))
    for kind in ("png", "svg"):
        assert first.picture("reward", kind) == second.picture("reward", kind)


def test_rows_are_accounted_for() -> None:
    channel = run_script(
        'p2 1 access("run") | filter(step > 0) | frame | line(x=step, y=reward) | plot("reward") | handoff',
        TABLES,
    )
    plot = channel.ledger("reward")
    assert {k: plot[k] for k in ("read", "filtered", "rows", "null", "decimated", "drawn")} == {
        "read": 4, "filtered": 1, "rows": 3, "null": 1, "decimated": 0, "drawn": 2,
    }  # fmt: skip
    assert [(n["op"], n["in"], n["out"]) for n in plot["operations"]] == [
        ("access@1", [4], 4), ("filter@1", [4], 3),
    ]  # fmt: skip
    (counted,) = (m for m in channel.messages if isinstance(m, RowsCounted))
    assert (counted.plot, counted.read, counted.filtered, counted.drawn) == ("reward", 4, 1, 2)


def test_progress_and_timings_are_told() -> None:
    channel = run_script(PLOT, TABLES)
    stages = {m.stage for m in channel.messages if isinstance(m, Progress)}
    assert stages == {"read", "compute", "draw reward"}
    assert {"verify", "read", "compute", "view", "compose", "draw png"} <= set(channel.timings_ms)
    assert all(ms >= 0 for ms in channel.timings_ms.values())


def test_what_is_imposed_and_does_not_hold_ends_the_run_in_the_scripts_words() -> None:
    text = f'{PLOT} let t = access("run") impose rows($t) > 99 else "too few rows"'
    with pytest.raises(PlacedError) as refused:
        run_script(text, TABLES)
    assert refused.value.code == "P2-R0601"
    assert refused.value.message == "too few rows"
    assert refused.value.span is not None
    start, end = refused.value.span
    assert text[start:end].startswith("impose")


def test_nothing_is_handed_out_before_everything_went_well() -> None:
    text = f'{PLOT} let t = access("run") impose rows($t) > 99 else "too few rows"'
    found = compiled(text, {"run": schema_of_parts(TABLES["run"])})
    assert found.module is not None
    channel = FakeChannel()
    schemas = {path: schema.as_json() for path, schema in found.schemas.items()}
    with (
        sealed_job(found.module.encode().decode(), schemas, TABLES) as fds,
        pytest.raises(RunError, match="too few rows"),
    ):
        run_program(job(), fds, channel)
    assert channel.blobs == []


def test_an_imposed_missing_value_does_not_hold() -> None:
    text = f"{PLOT} impose 0 / 0 > 1"
    with pytest.raises(RunError, match="a condition that the script imposes does not hold"):
        run_script(text, TABLES)


def test_giving_up_hands_out_nothing_and_is_no_failure() -> None:
    channel = run_script(f'{PLOT} giveup("not today")', TABLES)
    assert channel.blobs == []
    assert channel.notes == ["the script stopped: not today; nothing is written"]


def test_a_logged_line_is_a_note() -> None:
    text = f'p2 1 let t = access("run") loggy(f"{{rows($t)}} rows, {{distinct($t.kind)}} kinds") {PLOT[5:]}'
    channel = run_script(text, TABLES)
    (note,) = (m for m in channel.messages if isinstance(m, Note))
    assert (note.level, note.text) == ("info", "4 rows, 2 kinds")


GUARDED = """p2 1
param many: bool = false
when $many { access("run") | frame | line(x=step, y=reward) | plot("many") | handoff }
otherwise { access("run") | frame | point(x=step, y=reward) | plot("few") | handoff }
"""


@pytest.mark.parametrize(("many", "name"), [(False, "few"), (True, "many")])
def test_only_the_branch_that_holds_is_carried_out(many: bool, name: str) -> None:
    channel = run_script(GUARDED, TABLES, many=many)
    assert [n for n, _, _ in channel.blobs] == [name]


def test_a_branch_that_does_not_hold_is_not_computed() -> None:
    text = """p2 1
let t = access("run")
when rows($t) > 100 { $t | cast(kind="int") | frame | line(x=step, y=kind) | plot("bad") | handoff }
$t | frame | line(x=step, y=reward) | plot("good") | handoff
"""
    assert [n for n, _, _ in run_script(text, TABLES).blobs] == ["good"]


LEAST = """p2 1
param least: int = 0 where $least in 0..9
access("run") | filter(step >= $least) | frame | line(x=step, y=reward) | plot | handoff
"""


def test_a_parameter_changes_what_is_computed() -> None:
    assert run_script(LEAST, TABLES).ledger()["rows"] == 4
    assert run_script(LEAST, TABLES, least=2).ledger()["rows"] == 2


@pytest.mark.parametrize(
    ("given", "code"), [({"least": 99}, "P2-E0217"), ({"most": 1}, "P2-E0231")]
)
def test_a_parameter_that_does_not_fit_is_refused(given: dict[str, int], code: str) -> None:
    with pytest.raises(RunError) as refused:
        run_script(LEAST, TABLES, **given)
    assert refused.value.code == code
    assert refused.value.exit_code is ExitCode.USAGE


def test_a_shared_table_is_computed_once() -> None:
    text = """p2 1
let t = access("run") | derive(twice = reward * 2)
$t | frame | line(x=step, y=twice) | plot("a") | handoff
$t | frame | point(x=step, y=twice) | plot("b") | handoff
"""
    channel = run_script(text, TABLES)
    first, second = (m for m in channel.messages if isinstance(m, RowsCounted))
    assert (first.plot, second.plot) == ("a", "b")
    assert first.nodes == second.nodes
    assert [n["op"] for n in channel.ledger("a")["operations"]] == ["access@1", "derive@1"]


def test_a_damaged_module_is_refused_by_the_verifier() -> None:
    found = compiled(PLOT, {"run": schema_of_parts(TABLES["run"])})
    assert found.module is not None
    module = found.module.encode().decode().replace("reward", "rewarp", 1)
    schemas = {path: schema.as_json() for path, schema in found.schemas.items()}
    with sealed_job(module, schemas, TABLES) as fds, pytest.raises(RunError) as refused:
        run_program(job(), fds, FakeChannel())
    assert refused.value.code.startswith("P2-V05")
    assert refused.value.exit_code is ExitCode.REFUSED


FAILING = {
    'cast(kind="int")': "P2-R0611",
    "derive(kind = (step + 4_000_000_000) * (step + 4_000_000_000))": "P2-R0610",
    'derive(kind = format(reward, "!"))': "P2-R0612",
    'derive(kind = format(reward, "d"))': "P2-R0612",
    "kmeans(on=[step], k=9) | derive(kind = cluster)": "P2-R0613",
}


@pytest.mark.parametrize("steps", FAILING)
@pytest.mark.parametrize("after", ["", " | derive(more = 1) | select(step, kind, more)"])
def test_what_the_data_do_not_allow_has_a_code_and_names_the_guilty_step(
    steps: str, after: str
) -> None:
    text = f'p2 1 access("run") | {steps}{after} | frame | point(x=step, y=kind) | plot | handoff'
    with pytest.raises(PlacedError) as refused:
        run_script(text, TABLES)
    guilty = steps.partition(" | ")[0]
    assert refused.value.code == FAILING[steps]
    assert refused.value.where == guilty.partition("(")[0]
    assert refused.value.help
    assert refused.value.span is not None
    start, end = refused.value.span
    assert text[start:end].startswith(refused.value.where)


def test_a_bundle_that_was_not_handed_over_is_told() -> None:
    with pytest.raises(PlacedError) as refused:
        run_script(PLOT, {"other": TABLES["run"]}, schemas={"run": schema_of_parts(TABLES["run"])})
    assert refused.value.code == "P2-R0605"
