"""Every bad input: one clear message with code and remedy, the right exit code, nothing half-written, no traceback."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from commandline import Finished, p2, p2_json, p2_process
from sweep_samples import Workplace

pytestmark = pytest.mark.process


def mended(finished: Finished, exit_code: int, *words: str) -> None:
    """Check one clear message: exit code, a code, the words, a remedy, and no traceback."""
    assert finished.code == exit_code, finished.out + finished.err
    assert "error[P2-" in finished.err
    assert finished.err.count("error[P2-") == 1, finished.err
    for word in words:
        assert word in finished.err, finished.err
    assert "help:" in finished.err
    assert "Traceback" not in finished.err + finished.out
    assert finished.out == ""


def files_under(folder: Path) -> set[str]:
    return {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}


# ---- scripts ----------------------------------------------------------------------------------


def test_a_missing_script(place: Workplace) -> None:
    mended(p2(place.root, "run", place.folder / "no.p2"), 2, "no.p2")


def test_a_missing_path_to_add(place: Workplace) -> None:
    mended(p2(place.root, "add", place.folder / "nothing"), 2, "nothing")


def test_an_unknown_bundle_is_answered_with_the_nearest_name(place: Workplace) -> None:
    mended(p2(place.root, "show", "swep"), 1, "swep", "sweep")
    script = place.folder / "unknown.p2"
    script.write_text('p2 1\naccess("swep/*") | frame | plot | handoff\n')
    finished = p2(place.root, "sign", script)
    assert finished.code == 3
    assert "P2-E0218" in finished.err


def test_a_misspelt_column_is_answered_with_the_nearest_name(place: Workplace) -> None:
    place.script.write_text(place.script.read_text().replace("mean(reward)", "mean(rewrd)"))
    finished = p2(place.root, "sign", place.script)
    assert finished.code == 3
    assert "P2-E0201" in finished.err
    assert "did you mean" in finished.err
    answer = p2(place.root, "check", place.script, "--json")
    assert answer.code == 3
    (diagnostic,) = (d for d in answer.json["diagnostics"] if d["severity"] == "error")
    assert diagnostic["span"]["text"] == "rewrd"
    assert set(diagnostic) >= {
        "code", "severity", "message", "span", "help", "note", "related", "fix",
    }  # fmt: skip


def test_a_script_over_256_kib(place: Workplace) -> None:
    place.script.write_text("# " + "x" * 300_000)
    mended(p2(place.root, "run", place.script), 3, "P2-E0001", "256 KiB")


def test_hidden_characters(place: Workplace) -> None:
    place.script.write_text(place.script.read_text() + "# \u202e harmless\n")
    finished = p2(place.root, "sign", place.script)
    assert finished.code == 3
    assert "P2-E0002" in finished.err
    assert "U+202E" in finished.err
    assert "\u202e" not in finished.err


def test_nesting_that_is_too_deep(place: Workplace) -> None:
    place.script.write_text("p2 1\nlet a = " + "(" * 500 + "1" + ")" * 500 + "\n")
    finished = p2(place.root, "sign", place.script)
    assert finished.code == 3
    assert "error[P2-E00" in finished.err


def test_a_script_that_is_not_text(place: Workplace) -> None:
    place.script.write_bytes(b"p2 1\n\xff\xfe\x00")
    finished = p2(place.root, "sign", place.script)
    assert finished.code == 3
    assert "error[P2-E00" in finished.err


def test_a_script_behind_a_link_or_a_folder_or_a_pipe(place: Workplace) -> None:
    link, pipe = place.folder / "link.p2", place.folder / "pipe.p2"
    link.symlink_to(place.script)
    os.mkfifo(pipe)
    for path in (link, pipe, place.folder):
        finished = p2(place.root, "run", path)
        assert finished.code == 2, finished.err
        assert "error[P2-E001" in finished.err


def test_schemas_that_are_not_schemas(place: Workplace) -> None:
    schemas = place.folder / "schemas.json"
    schemas.write_text('{"a": {"rows": 1, "cols": {"x": "strnig"}}}')
    mended(p2(place.root, "check", place.script, "--schemas", schemas), 2, "strnig", "P2-E0016")


# ---- data -------------------------------------------------------------------------------------

BAD_DATA = {
    "ragged.csv": (b"a,b\n1,2\n3,4,5\n", "3"),
    "binary.csv": (bytes(range(256)) * 40, "binary"),
    "empty.csv": (b"", "empty"),
    "no_rows.csv": (b"a,b\n", "no rows"),
    "broken.jsonl": (b'{"a": 1}\n{"a": \n{"a": \n', "2"),
    "twice.csv": (b"a,a\n1,2\n", "a"),
}


@pytest.mark.parametrize("name", BAD_DATA)
def test_malformed_data_is_refused_and_nothing_is_stored(place: Workplace, name: str) -> None:
    content, word = BAD_DATA[name]
    folder = place.folder / "bad"
    folder.mkdir()
    (folder / name).write_bytes(content)
    before = files_under(place.root / "source")
    mended(p2(place.root, "add", folder), 1, word)
    assert files_under(place.root / "source") == before
    assert not list((place.root / "temp").rglob("*"))


def test_nan_and_infinity_tokens_are_read_and_reported(place: Workplace) -> None:
    folder = place.folder / "tokens"
    folder.mkdir()
    (folder / "log.jsonl").write_text('{"step": 0, "loss": NaN}\n{"step": 1, "loss": Infinity}\n')
    finished = p2(place.root, "add", folder)
    assert finished.code == 0, finished.err
    assert "has 1 NaN" in finished.out
    assert "has 1 Infinity" in finished.out
    assert "2 rows" in finished.out


def test_a_torn_last_line_is_left_out_and_reported(place: Workplace) -> None:
    folder = place.folder / "torn"
    folder.mkdir()
    (folder / "log.jsonl").write_text('{"step": 0, "loss": 1}\n{"step": 1, "lo')
    finished = p2(place.root, "add", folder)
    assert finished.code == 0, finished.err
    assert "1 row:" in finished.out
    assert "bytes" in finished.out


# ---- disks ------------------------------------------------------------------------------------


def test_a_root_that_cannot_be_written(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    mended(p2(blocked, "show"), 1, "P2-D08", "--root")
    mended(p2(Path("/proc/plotter2"), "show"), 1, "P2-D08")


@pytest.fixture
def small_disk(tmp_path: Path) -> Path:
    folder = tmp_path / "disk"
    folder.mkdir()
    options = ["-o", "size=24m", "-t", "tmpfs", "tmpfs", str(folder)]
    mounted = subprocess.run(["mount", *options], capture_output=True, check=False)
    if mounted.returncode != 0:
        pytest.skip("only root can mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=False)


@pytest.mark.parametrize("room", [16, 80], ids=["at the start", "while publishing"])
def test_a_full_disk_leaves_no_picture_and_says_so(
    place: Workplace, small_disk: Path, room: int
) -> None:
    root = small_disk / "root"
    p2_json(root, "add", place.folder / "runs" / "sweep")
    p2_json(root, "trust", "add", "tester@here", place.root / "config/keys/sign_ed25519.pub")
    free = os.statvfs(small_disk)
    with (small_disk / "ballast").open("wb") as ballast:
        ballast.write(b"\0" * (free.f_bavail * free.f_frsize - room * 1024))
    finished = p2_process(root, "run", place.script)
    mended(finished, 1, "disk is full")
    assert not list((root / "output").rglob("*.png"))
    (small_disk / "ballast").unlink()
    assert p2_json(root, "run", place.script)["artefacts"]


def test_an_output_folder_that_cannot_be_made_is_told_before_anything_runs(
    place: Workplace,
) -> None:
    blocked = place.folder / "blocked"
    blocked.write_text("")
    mended(p2(place.root, "run", place.script, "-o", blocked), 1, "P2-E0018", "blocked")
    assert not list((place.root / "output").rglob("reward.png"))


def test_a_picture_that_cannot_be_copied_stays_where_the_run_put_it(place: Workplace) -> None:
    in_the_way = place.folder / "out" / "reward.png"
    in_the_way.mkdir(parents=True)
    finished = p2(place.root, "run", place.script, "-o", in_the_way.parent)
    mended(finished, 1, "P2-E0018", "reward.png", "the run itself succeeded")
    (picture,) = (place.root / "output").rglob("reward.png")
    assert str(picture.parent) in finished.err


# ---- words on the command line ----------------------------------------------------------------


def test_words_that_are_no_command_or_option(place: Workplace) -> None:
    for words in (["runn"], ["run"], ["run", "--colour"], ["show", "a", "b"]):
        mended(p2(place.root, *words), 2, "P2-H0900")
    answer = p2(place.root, "runn", "--json")
    assert answer.code == 2
    assert answer.json["error"]["code"] == "P2-H0900"


def test_usage_is_told_in_the_form_of_all_messages(place: Workplace) -> None:
    assert "no such option '--nam'; did you mean '--name'?" in p2(place.root, "add", "--nam").err
    assert "missing argument 'BUNDLE'\n" in p2(place.root, "new").err


def test_shared_options_before_the_command_are_told_where_they_stand(place: Workplace) -> None:
    for option in ("--root", "--json", "--debug"):
        finished = p2(place.root, option, "show")
        shown = finished.json["error"]["help"] if option == "--json" else finished.err
        assert f"plotter2 show {option}" in shown
        assert finished.code == 2


def test_fmt_does_not_both_rewrite_and_only_tell(place: Workplace) -> None:
    mended(p2(place.root, "fmt", "-w", "--check", place.script), 2, "--write", "--check")


def test_a_starter_script_needs_a_folder_and_a_name(place: Workplace) -> None:
    before = files_under(place.folder)
    target = place.folder / "missing" / "x.p2"
    mended(p2(place.root, "new", "sweep", "-o", target), 2, "P2-E0017", "no folder", "missing")
    mended(
        p2(place.root, "new", "sweep", "-o", place.folder, "--force"), 2, "P2-E0017", "is a folder"
    )
    assert files_under(place.folder) == before


def test_fmt_leaves_the_rights_of_a_file_as_they_are(place: Workplace) -> None:
    script = place.folder / "private.p2"
    script.write_text('p2 1\naccess("sweep/*")|frame|plot|handoff\n')
    script.chmod(0o600)
    assert p2(place.root, "fmt", "-w", script).code == 0
    assert script.stat().st_mode & 0o777 == 0o600


def test_the_name_that_new_chooses_can_be_signed(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place.folder)
    (child, *_) = p2_json(place.root, "show", "sweep")["children"]
    assert "=" in child["name"]
    written = p2_json(place.root, "new", child["name"])["script"]
    assert p2(place.root, "sign", written).code == 0


def test_new_prints_the_script_instead_of_writing_it(place: Workplace) -> None:
    before = files_under(place.folder)
    assert p2(place.root, "new", "sweep", "-o", "-").out.startswith("p2 1\n")
    assert files_under(place.folder) == before


# ---- bundles that are no one table ------------------------------------------------------------


def test_a_script_that_reads_an_enclosing_bundle_is_told_the_place_and_the_selector(
    place: Workplace,
) -> None:
    script = place.folder / "enclosing.p2"
    script.write_text('p2 1\naccess("sweep") | frame | plot | handoff\n')
    answer = p2(place.root, "check", script, "--json")
    assert answer.code == 3
    (diagnostic,) = answer.json["diagnostics"]
    assert diagnostic["code"] == "P2-E0218"
    assert diagnostic["span"]["text"] == '"sweep"'
    assert '"sweep/*"' in diagnostic["help"]


def test_a_misspelt_bundle_keeps_its_star(place: Workplace) -> None:
    script = place.folder / "misspelt.p2"
    script.write_text('p2 1\naccess("sweeep/*") | frame | plot | handoff\n')
    (diagnostic,) = p2(place.root, "check", script, "--json").json["diagnostics"]
    assert diagnostic["help"] == 'did you mean "sweep/*"?'


def test_tables_that_lie_deeper_are_told_with_their_selector(place: Workplace) -> None:
    for name in ("r1", "r2"):
        run = place.folder / "outer" / "inner" / name
        run.mkdir(parents=True)
        (run / "log.csv").write_text("step,loss\n0,1.5\n1,0.5\n")
    added = p2(place.root, "add", place.folder / "outer")
    assert "'outer/inner/*'" in added.out
    mended(p2(place.root, "new", "outer"), 1, "P2-D0818", "'outer/inner/*'")


def test_several_bundles_are_shown_without_the_id_of_one(place: Workplace) -> None:
    answer = p2_json(place.root, "show", "sweep/*")
    assert answer["id"] is None
    assert answer["params"] == {}
    assert len(answer["children"]) > 1


def test_a_wrong_configuration_is_named(place: Workplace) -> None:
    (place.root / "config" / "plotter2.toml").write_text("[sandbox]\nminimum = 'Z'\n")
    mended(p2(place.root, "show"), 2, "P2-H0901", "plotter2.toml")
    told = p2(place.root, "show").err
    for section in ("sandbox", "limits", "host", 'signers."name@place"', "cache", "files"):
        assert f"[{section}] with " in told


def test_debug_shows_the_traceback_and_the_message(place: Workplace) -> None:
    finished = p2(place.root, "show", "nothing", "--debug")
    assert "Traceback" in finished.err
    assert "error[P2-D08" in finished.err


def test_a_run_longer_than_its_limit_ends_with_124(place: Workplace) -> None:
    (place.root / "config" / "plotter2.toml").write_text("[limits]\nwall_ms = 1\n")
    finished = p2(place.root, "run", place.script)
    mended(finished, 124, "P2-H09")


def test_a_picture_from_elsewhere_has_no_provenance(place: Workplace) -> None:
    other = place.folder / "other.svg"
    other.write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    mended(p2(place.root, "why", other), 1, "P2-D0890")


def test_fmt_check_says_in_json_what_the_exit_code_says(place: Workplace) -> None:
    script = place.folder / "loose.p2"
    script.write_text('p2 1\naccess("sweep/*")|frame|plot|handoff\n')
    answer = p2(place.root, "fmt", "--check", script, "--json")
    assert (answer.code, answer.json["ok"], answer.json["changed"]) == (3, False, True)
    assert p2(place.root, "fmt", "-w", script).code == 0
    answer = p2(place.root, "fmt", "--check", script, "--json")
    assert (answer.code, answer.json["ok"], answer.json["changed"]) == (0, True, False)
