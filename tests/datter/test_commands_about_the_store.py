"""`ls`, `tree`, `rename`, `archive`, `du`, `gc`, `fsck`, `scrub`, `quarantine` as a person types them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from commandline import p2, p2_json, p2_process
from datter_samples import add_run, add_sweep, curve
from plotter2.cli import tables
from plotter2.datter.collecting import object_files
from plotter2.datter.layout import Layout
from plotter2.datter.store import Store
from small_disks import only_read, small_disk


@pytest.fixture
def root(tmp_path: Path) -> Path:
    with Store.open(tmp_path / "root") as store:
        add_sweep(store, "exp", 3)
    return tmp_path / "root"


def listed(root: Path, *words: str) -> list[str]:
    return [bundle["name"] for bundle in p2_json(root, "ls", *words)["bundles"]]


def refusal(root: Path, *words: str) -> str:
    finished = p2(root, *words)
    assert finished.code in (1, 2)
    assert finished.out == ""
    assert "  = help: " in finished.err
    assert finished.err.count("error[") == 1
    return finished.err


def test_bundles_are_listed_by_name_param_and_date(root: Path) -> None:
    assert listed(root) == ["exp", "exp/run0", "exp/run1", "exp/run2"]
    assert listed(root, "exp/*", "--where", "lr > 0.15", "--where", "seed = 1") == ["exp/run1"]
    assert listed(root, "exp/run2") == ["exp/run2"]
    assert listed(root, "--since", "2999-01-01") == []
    assert "no bundle fulfils" in p2(root, "ls", "--since", "2999-01-01").out
    first = p2_json(root, "ls")["bundles"][1]
    assert (first["params"], first["rows"], first["state"]) == ({"lr": 0.1, "seed": 0}, 3, "active")
    lines = p2(root, "ls").out.splitlines()
    assert lines[0].split() == ["bundle", "rows", "tables", "added", "params", "id"]
    assert "lr=0.2 seed=1" in lines[3]


def test_bundles_are_shown_as_a_tree(root: Path) -> None:
    with Store.open(root) as store:
        add_run(store, "exp/run1/again")
    assert p2(root, "tree").out.splitlines() == [
        "exp",
        "├── run0  3 rows",
        "├── run1  3 rows",
        "│   └── again  3 rows",
        "└── run2  3 rows",
    ]
    (top,) = p2_json(root, "tree")["tree"]
    assert [branch["name"] for branch in top["below"]] == ["run0", "run1", "run2"]
    (again,) = top["below"][1]["below"]
    assert (again["path"], again["rows"]) == ("exp/run1/again", 3)
    assert again["id"] == p2_json(root, "show", "exp/run1/again")["id"]


def test_archiving_renaming_and_back(root: Path) -> None:
    assert p2_json(root, "rename", "exp", "old/exp")["renamed"] == 4
    assert "formerly: exp" in p2(root, "show", "exp").out
    said = p2(root, "archive", "old/exp/run0", "exp/run1").out
    assert said.startswith("2 bundles archived, the data is kept")
    assert listed(root) == ["old/exp", "old/exp/run2"]
    assert listed(root, "--archived") == ["old/exp/run0", "old/exp/run1"]
    (one,) = p2_json(root, "ls", "old/exp/run1", "--archived")["bundles"]
    assert p2_json(root, "show", one["id"])["state"] == "archived"
    assert "changed" in p2(root, "archive", "old/exp/run0").out
    assert p2(root, "archive", "--undo", "old").out == "2 bundles brought back\n"
    assert len(listed(root)) == 4


def test_output_that_is_archived_is_found_again_and_told(root: Path, tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_text("step,loss\n1,2\n2,3\n")
    p2_json(root, "add", tmp_path / "one.csv")
    p2_json(root, "archive", "one")
    said = p2(root, "add", tmp_path / "one.csv")
    assert said.code == 0
    assert "it is archived; bring it back with: plotter2 archive --undo one" in said.out
    p2_json(root, "archive", "one", "--undo")
    p2_json(root, "rename", "one", "first")
    said = p2(root, "add", tmp_path / "one.csv")
    assert "the name meant 'first' until now; from now on it means the new bundle" in said.out


def test_equal_columns_count_once(root: Path) -> None:
    with Store.open(root) as store:
        add_run(store, "twin", curve(shift=0.1))
    found = p2_json(root, "du")
    assert [use["name"] for use in found["bundles"]] == ["exp", "twin"]
    assert found["bundles"][1]["alone"] == 0 < found["bundles"][1]["bytes"]
    assert found["totals"]["all"] == sum(v for k, v in found["totals"].items() if k != "all")
    assert [use["name"] for use in p2_json(root, "du", "exp/*")["bundles"]] == [
        f"exp/run{n}" for n in range(3)
    ]


def test_a_damaged_object_is_found_set_aside_and_looked_after(root: Path) -> None:
    path = object_files(Layout(root))[0]
    whole = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(bytes([whole[0] ^ 1]) + whole[1:])
    assert p2(root, "fsck").code == 0
    found = p2(root, "scrub")
    assert found.code == 1
    assert f"damaged: {path}" in found.out
    assert p2(root, "scrub", "--set-aside").code == 1
    lost = p2(root, "fsck", "--json")
    assert lost.code == 1
    assert [problem["code"] for problem in lost.json["problems"]] == ["P2-D0816"]
    (item,) = p2_json(root, "quarantine", "ls")["items"]
    shown = p2(root, "quarantine", "show", item["id"]).out
    assert item["file"] in shown
    assert "P2-D0829" in refusal(root, "quarantine", "retry", item["id"])
    Path(item["file"]).chmod(0o644)
    Path(item["file"]).write_bytes(whole)
    assert p2(root, "quarantine", "retry", item["id"]).code == 0
    assert p2(root, "fsck").out == "1 change, 4 bundles, 4 objects of 125 B: all sound\n"
    assert "P2-D0861" in refusal(root, "quarantine", "drop", item["id"])


def test_garbage_is_told_and_removed_only_when_that_is_asked_for(root: Path) -> None:
    left = Layout(root).object_file("ab" * 32)
    left.parent.mkdir(exist_ok=True)
    left.write_bytes(b"left")
    assert p2(root, "gc").out == "nothing to remove; 1 younger than 24 h left alone\n"
    said = p2(root, "gc", "--older-than", "0").out
    assert said == "1 file that no bundle needs, 4 B, found; remove with: plotter2 gc --yes\n"
    assert left.exists()
    assert p2_json(root, "gc", "--older-than", "0", "--yes")["objects"] == ["ab" * 32]
    assert not left.exists()


def test_a_registry_is_made_anew_and_then_checked(root: Path) -> None:
    (root / "registry" / "registry.db").write_bytes(b"no database" * 999)
    assert "--rebuild" in p2(root, "fsck").out
    made = p2_json(root, "fsck", "--rebuild")
    nothing: dict[str, list[str]] = {"left_out": [], "renumbered": []}
    assert made["rebuilt"] == {"events": 1, "runs_kept": False, **nothing}
    (item,) = p2_json(root, "quarantine", "ls")["items"]
    assert item["kind"] == "registry"
    assert "P2-D0827" in refusal(root, "quarantine", "retry", item["id"])
    assert p2(root, "quarantine", "drop", item["id"]).code == 0


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["ls", "nobody"], "P2-D0810"),
        (["ls", "a b"], "P2-D0815"),
        (["ls", "--where", "lr"], "P2-D0826"),
        (["ls", "--since", "soon"], "P2-D0826"),
        (["tree", "nobody/*"], "P2-D0810"),
        (["rename", "exp", "A B"], "P2-D0815"),
        (["rename", "exp/run0", "exp/run1"], "P2-D0820"),
        (["rename", "nobody", "somebody"], "P2-D0810"),
        (["rename", "exp/*", "somebody"], "P2-D0810"),
        (["archive", "nobody"], "P2-D0810"),
        (["archive", "--undo", "exp"], "P2-D0825"),
        (["archive"], "P2-H0900"),
        (["du", "nobody"], "P2-D0810"),
        (["gc", "--older-than", "-1"], "P2-H0900"),
        (["scrub", "--part", "4/3"], "P2-H0900"),
        (["quarantine", "show", "../x"], "P2-D0861"),
    ],
)
def test_each_misuse_gets_one_message(root: Path, words: list[str], code: str) -> None:
    assert f"error[{code}]" in refusal(root, *words)


def test_a_terminal_gets_drawn_tables(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "shows_colours", lambda _: True)
    _, drawn = tables.drawn_table(["bundle", "rows"], [["exp\x1b[31m", "3"]], ["rows"])
    assert "─" in drawn
    assert "\x1b[31m" not in drawn
    branch = tables.Branch("exp", "", [tables.Branch("run0", "3 rows", [])])
    assert "run0" in tables.drawn_tree([branch])[1]


@pytest.mark.parametrize(("width", "gone"), [(60, ["params", "added"]), (80, ["params"])])
def test_a_narrow_window_gets_whole_names_and_ids_and_no_cut_column(
    monkeypatch: pytest.MonkeyPatch, width: int, gone: list[str]
) -> None:
    monkeypatch.setattr(tables, "shows_colours", lambda _: True)
    monkeypatch.setenv("COLUMNS", str(width))
    head = ["bundle", "rows", "added", "params", "id"]
    row = [
        "sweep/lr=0.001_seed=2",
        "75",
        "2026-11-24",
        "lr=0.001 " * 9,
        "01M86TRNSWPYQS6JJDY4GRPC0N",
    ]
    plain, drawn = tables.drawn_table(head, [row], ["rows"])
    for title, cell in zip(head, row, strict=True):
        assert (cell in drawn) == (title not in gone)
        assert cell in plain
    assert f"without {', '.join(sorted(gone, key=head.index))}" in drawn


def test_what_a_narrow_window_folds_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "shows_colours", lambda _: True)
    monkeypatch.setenv("COLUMNS", "60")
    row = ["71a7317bbc76cb70", "lines of sweep/steps.jsonl", "30 B", "line 37: it is no JSON"]
    _, drawn = tables.drawn_table(["id", "what", "size", "why"], [row], ["size"])
    assert row[0] in drawn
    assert "line 37: it" in drawn


def test_a_bundle_named_by_its_id_is_shown_as_by_its_name(root: Path) -> None:
    by_name = p2_json(root, "show", "exp")
    by_id = p2_json(root, "show", by_name["id"])
    assert by_name["children"]
    assert by_id["children"] == by_name["children"]
    assert by_id["name"] == "exp"
    p2(root, "rename", "exp", "other")
    p2(root, "rename", "other", "exp")
    assert p2_json(root, "show", "exp")["former_names"] == ["other"]


# ------------------------------------------------------------ a root that may only be read
@pytest.fixture
def read_only(root: Path, tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path, mib=8) as disk:
        shutil.copytree(root, disk / "root")
        only_read(disk)
        yield disk / "root"


def test_a_root_on_a_read_only_disk_can_be_looked_at(read_only: Path) -> None:
    assert len(listed(read_only)) == 4
    for words in (
        ["show"],
        ["show", "exp/*"],
        ["tree"],
        ["du"],
        ["fsck"],
        ["scrub"],
        ["gc"],
        ["quarantine", "ls"],
    ):
        assert p2(read_only, *words).code == 0, words
    for words in (
        ["rename", "exp", "x"],
        ["archive", "exp"],
        ["gc", "--yes"],
        ["fsck", "--rebuild"],
    ):
        assert "P2-D0802" in refusal(read_only, *words)


@pytest.mark.process
def test_a_listing_is_a_command_of_its_own(root: Path) -> None:
    finished = p2_process(root, "ls", "exp/*")
    assert (finished.code, finished.err, finished.out.count("\n")) == (0, "", 4)
