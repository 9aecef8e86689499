"""A pack: made by one person, shown, opened and run by another; what it may not bring, and what is told of it."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from commandline import Finished, p2, p2_json
from p2sign import pack
from p2sign.keys import SigningKey
from p2sign.make import sign_statement
from p2sign.pack_gate import look_into
from p2sign.statement import digests
from plotter2.cli.main import main
from sweep_samples import LIBRARIES, MEAN_SCRIPT, SMOOTHED_SCRIPT, Workplace

pytestmark = pytest.mark.process

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def alice(made: Workplace, tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    """Give a place with two scripts, one of which uses libraries, a picture, and all of it in thermal.p2pack."""
    place = Workplace(tmp_path_factory.mktemp("alice") / "place")
    shutil.copytree(made.folder, place.folder)
    shutil.copytree(LIBRARIES, place.folder / "libraries")
    for path in sorted((place.folder / "libraries").glob("*/*/*.p2")):
        p2_json(place.root, "sign", path)
    smooth = place.folder / "smooth.p2"
    smooth.write_text(SMOOTHED_SCRIPT)
    p2_json(place.root, "lock", "add", smooth)
    p2_json(place.root, "sign", smooth)
    (drawn,) = p2_json(place.root, "run", place.script)["artefacts"]
    shutil.copy(drawn["path"], place.folder / "reward.png")
    words = ["--data", "sweep", "--picture", place.folder / "reward.png", "--name", "lab/thermal"]
    p2_json(place.root, "pack", "make", place.script, smooth, *words, "-o", packed(place))
    return place


def packed(place: Workplace) -> Path:
    return place.folder / "thermal.p2pack"


@pytest.fixture
def bob(alice: Workplace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workplace:
    """Give another person's place, and work in it; alice is trusted there."""
    place = Workplace(tmp_path / "bob")
    place.folder.mkdir()
    monkeypatch.chdir(place.folder)
    trusting(alice, place)
    return place


def trusting(whom: Workplace, place: Workplace) -> None:
    p2_json(place.root, "trust", "add", "tester@here", whom.root / "config/keys/sign_ed25519.pub")


def opened(place: Workplace, file: Path, *words: str | Path) -> Finished:
    return p2(place.root, "pack", "open", file, "--yes", "--json", *words)


def code_of(finished: Finished) -> str:
    assert finished.code == 4, finished.out + finished.err
    assert "Traceback" not in finished.out + finished.err
    problem = json.loads(finished.out)["error"]
    assert problem["help"]
    return str(problem["code"])


def insider(place: Workplace, changed: Mapping[str, bytes | None], to: Path, **terms: Any) -> Path:
    """Give the pack with other files, signed by whoever signed it: what a trusted packer can make."""
    content, _ = look_into(packed(place).read_bytes())
    files = {k: v for k, v in {**content.files, **changed}.items() if v is not None}
    key = SigningKey.load((place.root / "config/keys/sign_ed25519").read_bytes())
    signed = sign_statement(replace(content.terms, files=digests(files), **terms), key)
    to.write_bytes(pack.packed(signed, files))
    return to


# ------------------------------------------------------------------ the way that it is meant


def test_a_pack_is_opened_with_one_command_and_draws_the_same_picture(
    alice: Workplace, bob: Workplace
) -> None:
    told = json.loads(opened(bob, packed(alice)).out)
    assert told["run"] == ["thermal/mean.p2", "thermal/smooth.p2"]
    assert told["not_running"] == {}
    (drawn,) = p2_json(bob.root, "run", "thermal/mean.p2")["artefacts"]
    theirs = Image.open(alice.folder / "reward.png")
    assert Image.open(drawn["path"]).tobytes() == theirs.tobytes()
    assert p2_json(bob.root, "run", "thermal/smooth.p2")["artefacts"]
    files = [path for path in Path("thermal").rglob("*") if path.is_file()]
    content, _ = look_into(packed(alice).read_bytes())
    found = {path.relative_to("thermal").as_posix() for path in files}
    assert found == {*content.files, "p2.lock"}
    assert all(
        (Path("thermal") / path).read_bytes() == data for path, data in content.files.items()
    )
    assert all(path.stat().st_mode & 0o111 == 0 for path in files)


def test_showing_a_pack_tells_who_and_what_and_writes_nothing(
    alice: Workplace, bob: Workplace, tmp_path: Path
) -> None:
    p2_json(bob.root, "ls")
    before = set(tmp_path.rglob("*"))
    told = p2(bob.root, "pack", "show", packed(alice)).out
    assert "lab/thermal serial 1, packed by tester@here (SHA256:" in told
    assert "may: read bundle:sweep/*; write output:reward" in told
    assert told.count("would run here") == 2
    assert "data sweep.p2b" in told
    assert "picture reward.png" in told
    data = p2_json(bob.root, "pack", "show", packed(alice))
    assert [each["path"] for each in data["scripts"]] == ["mean.p2", "smooth.p2"]
    assert data["data"][0]["bundle"] == "sweep"
    assert set(tmp_path.rglob("*")) == before


def test_a_stranger_sees_what_is_in_it_and_how_to_trust_but_opens_nothing(
    alice: Workplace, tmp_path: Path
) -> None:
    root = tmp_path / "root"
    shown = p2(root, "pack", "show", packed(alice))
    assert shown.code == 4
    assert "whom nobody here knows" in shown.out
    assert "plotter2 trust add" in shown.out
    assert code_of(opened(Workplace(tmp_path), packed(alice), "--into", tmp_path / "x")) == (
        "P2-S0740"
    )
    assert not (tmp_path / "x").exists()


def test_without_a_terminal_nobody_opens_what_nobody_saw(alice: Workplace, bob: Workplace) -> None:
    assert code_of(p2(bob.root, "pack", "open", packed(alice), "--json")) == "P2-S0886"
    assert not Path("thermal").exists()


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_nothing_is_written_over(alice: Workplace, bob: Workplace, kind: str) -> None:
    target = Path("thermal")
    if kind == "link":
        target.symlink_to("/nonexistent")
    elif kind == "file":
        target.write_text("mine")
    else:
        target.mkdir()
    refused = opened(bob, packed(alice))
    assert (refused.code, refused.json["error"]["code"]) == (2, "P2-S0884")
    assert "--into" in refused.json["error"]["help"]
    assert p2_json(bob.root, "ls")["bundles"] == []
    assert json.loads(opened(bob, packed(alice), "--into", "other").out)["folder"] == "other"


def test_the_same_pack_opens_again_and_its_data_are_there_already(
    alice: Workplace, bob: Workplace
) -> None:
    first = json.loads(opened(bob, packed(alice)).out)
    again = json.loads(opened(bob, packed(alice), "--into", "again").out)
    assert {each["outcome"] for each in first["added"]} == {"added"}
    assert {each["outcome"] for each in again["added"]} == {"already there"}


def test_a_bundle_of_the_same_name_is_told_before_anything_is_opened(
    alice: Workplace, bob: Workplace
) -> None:
    assert "of this name is here" not in p2(bob.root, "pack", "show", packed(alice)).out
    assert opened(bob, packed(alice)).code == 0
    assert "of this name is here" in p2(bob.root, "pack", "show", packed(alice)).out


def test_a_name_with_escapes_does_not_reach_the_terminal(alice: Workplace, bob: Workplace) -> None:
    odd = Path("x\x1b[2J\nwould run here.p2pack")
    shutil.copy(packed(alice), odd)
    good = p2(bob.root, "pack", "show", odd).out
    odd.write_bytes(b"x")
    bad = p2(bob.root, "pack", "show", odd).err
    assert "\x1b" not in good + bad
    assert good.count("\n  would run here\n") == 2
    assert "\nwould run here" not in good + bad


def test_opening_is_an_entry_of_the_log_and_so_is_a_refusal(
    alice: Workplace, bob: Workplace, tmp_path: Path
) -> None:
    opened(bob, packed(alice))
    bad = tmp_path / "bad.p2pack"
    bad.write_bytes(packed(alice).read_bytes() + b"x")
    assert code_of(opened(bob, bad)) == "P2-S0874"
    logged = p2_json(bob.root, "log", "show")["entries"]
    made, refused = (each["entry"] for each in logged[-2:])
    assert made["event"] == "pack-open"
    assert (refused["event"], refused["code"]) == ("refused", "P2-S0874")
    assert (refused["cause"], refused["file"]) == ("E_PACK_END", str(bad))


def test_the_family_has_three_verbs_and_every_other_word_is_a_path(
    alice: Workplace, bob: Workplace, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep = alice.folder / "runs" / "sweep"
    assert p2_json(bob.root, "pack", sweep, "-o", "one.p2b")["path"] == "one.p2b"
    assert p2_json(bob.root, "pack", "-o", "two.p2b", sweep)["path"] == "two.p2b"
    shutil.copytree(sweep, "make")
    assert p2_json(bob.root, "pack", "./make", "-o", "three.p2b")["path"] == "three.p2b"
    assert main(["pack", "--help"]) == 0
    assert "./make" in capsys.readouterr().out


# ------------------------------------------------------------------ making


def test_an_unsigned_script_and_a_changed_one_are_not_packed(
    alice: Workplace, tmp_path: Path
) -> None:
    unsigned = tmp_path / "x.p2"
    unsigned.write_text(MEAN_SCRIPT)
    make = ["pack", "make", unsigned, "-o", tmp_path / "x.p2pack", "--json"]
    assert code_of(p2(alice.root, *make)) == "P2-S0701"
    shutil.copy(alice.script, unsigned)
    shutil.copy(f"{alice.script}.sig", f"{unsigned}.sig")
    assert code_of(p2(alice.root, *make)) == "P2-S0773"
    assert not (tmp_path / "x.p2pack").exists()


def test_a_pack_is_not_written_over_and_a_new_one_has_a_higher_serial(
    alice: Workplace, tmp_path: Path
) -> None:
    to = tmp_path / "second.p2pack"
    words = ["pack", "make", alice.script, "-o", to, "--name", "lab/counted"]
    assert "serial 1\n" in p2_json(alice.root, *words)["statement"]
    assert p2(alice.root, *words).code == 2
    to.unlink()
    assert "serial 2\n" in p2_json(alice.root, *words)["statement"]


def test_pictures_of_one_name_get_numbers_and_odd_names_are_made_plain(
    alice: Workplace, tmp_path: Path
) -> None:
    words: list[str | Path] = []
    for name in ("a/loss.png", "b/LOSS.png", "c/\N{WARNING SIGN} \x1b[31m.png"):
        path = tmp_path / name
        path.parent.mkdir()
        path.write_bytes(b"anything")
        words += ["--picture", path]
    made = p2_json(alice.root, "pack", "make", alice.script, *words, "-o", tmp_path / "x.p2pack")
    lines = [line for line in made["statement"].splitlines() if "(pictures/" in line]
    paths = [line.split("(")[1].split(")")[0] for line in lines]
    assert paths == ["pictures/31m.png", "pictures/LOSS-2.png", "pictures/loss.png"]


def test_a_data_package_with_scripts_of_its_own_is_not_packed(
    alice: Workplace, tmp_path: Path
) -> None:
    data = tmp_path / "sweep.p2b"
    sweep = alice.folder / "runs" / "sweep"
    p2_json(alice.root, "pack", sweep, "--plot", alice.script, "-o", data)
    made = p2(
        alice.root, "pack", "make", alice.script, "--data", data, "-o", tmp_path / "x", "--json"
    )
    assert code_of(made) == "P2-S0883"


# ------------------------------------------------------------------ insiders


def test_a_script_of_a_stranger_is_opened_shown_as_such_and_does_not_run(
    alice: Workplace, bob: Workplace, tmp_path: Path
) -> None:
    content, _ = look_into(packed(alice).read_bytes())
    stranger = SigningKey.generate()
    mean = next(each for each in content.scripts if each.path == "mean.p2")
    changed = {"mean.p2.sig": sign_statement(mean.terms, stranger)}
    told = json.loads(opened(bob, insider(alice, changed, tmp_path / "x.p2pack")).out)
    assert told["run"] == ["thermal/smooth.p2"]
    assert told["not_running"]["mean.p2"]["code"] == "P2-S0740"
    assert "plotter2 trust add" in told["not_running"]["mean.p2"]["help"]
    assert code_of(p2(bob.root, "run", "thermal/mean.p2", "--json")) == "P2-S0740"


def test_a_script_with_a_library_of_a_stranger_does_not_run_until_he_is_trusted(
    alice: Workplace, bob: Workplace, tmp_path: Path
) -> None:
    content, _ = look_into(packed(alice).read_bytes())
    stranger = SigningKey.generate()
    library = next(each for each in content.libraries if "smoothing" in each.path)
    changed = {f"{library.path}.sig": sign_statement(library.terms, stranger)}
    told = json.loads(opened(bob, insider(alice, changed, tmp_path / "x.p2pack")).out)
    assert told["run"] == ["thermal/mean.p2"]
    assert told["not_running"]["smooth.p2"]["code"] == "P2-S0740"
    public = tmp_path / "stranger.pub"
    public.write_text(stranger.public.line("") + "\n")
    p2_json(bob.root, "trust", "add", "carol@lab", public)
    p2_json(bob.root, "lock", "add", "thermal/smooth.p2")
    assert p2_json(bob.root, "run", "thermal/smooth.p2")["artefacts"]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"mean.p2.sig": None}, "P2-S0878"),
        ({"mean.p2": b"p2 1\n"}, "P2-S0774"),
        ({"libraries/lab/smoothing/1.2.0.p2": b"p2 1\n"}, "P2-S0774"),
        ({"data/sweep.p2b": b"P2B 1 0000000002\n{}"}, "P2-D089"),
        ({"run.sh": b"rm -rf ~"}, "P2-S0877"),
    ],
)
def test_a_trusted_packer_cannot_bring_what_does_not_belong_together(
    alice: Workplace,
    bob: Workplace,
    tmp_path: Path,
    changed: Mapping[str, bytes | None],
    code: str,
) -> None:
    refused = opened(bob, insider(alice, changed, tmp_path / "x.p2pack"))
    assert refused.code != 0
    assert refused.json["error"]["code"].startswith(code)
    assert not Path("thermal").exists()
    assert p2_json(bob.root, "ls")["bundles"] == []


def test_an_older_pack_of_the_same_name_is_refused_after_a_newer_one(
    alice: Workplace, bob: Workplace, tmp_path: Path
) -> None:
    newer = insider(alice, {}, tmp_path / "newer.p2pack", serial=2)
    assert opened(bob, newer, "--into", "newer").code == 0
    older = opened(bob, packed(alice))
    assert code_of(older) == "P2-S0880"
    assert older.json["name"] == "E_PACK_SERIAL"
    p2_json(bob.root, "trust", "reset-floor", "pack:lab/thermal")
    assert opened(bob, packed(alice)).code == 0


def test_data_that_were_damaged_inside_their_package_store_nothing(
    alice: Workplace, bob: Workplace, tmp_path: Path
) -> None:
    content, _ = look_into(packed(alice).read_bytes())
    data = bytearray(content.files["data/sweep.p2b"])
    data[len(data) // 2] ^= 1
    refused = opened(bob, insider(alice, {"data/sweep.p2b": bytes(data)}, tmp_path / "x.p2pack"))
    assert refused.json["error"]["code"] == "P2-D0897"
    assert p2_json(bob.root, "ls")["bundles"] == []


# ------------------------------------------------------------------ kill -9


def names() -> list[str]:
    return [path.name for path in Path().iterdir()]


@pytest.mark.slow
def test_killed_at_any_step_there_is_no_folder_or_the_whole_and_opening_again_ends_well(
    alice: Workplace, bob: Workplace
) -> None:
    content, _ = look_into(packed(alice).read_bytes())
    killer = [sys.executable, str(HERE / "killed_opener.py"), bob.root, packed(alice)]
    steps = int(subprocess.run([*killer, "0"], check=True, capture_output=True, text=True).stdout)
    assert steps > 20
    shutil.rmtree("thermal")
    shutil.rmtree(bob.root)
    trusting(alice, bob)
    shutil.copytree(bob.root, "../fresh")
    seen: set[bool] = set()
    for step in range(1, steps + 1, max(1, steps // 6)):
        shutil.rmtree(bob.root)
        shutil.copytree("../fresh", bob.root)
        done = subprocess.run([*killer, str(step)], check=False, capture_output=True)
        assert done.returncode == -signal.SIGKILL, done.stderr
        visible = [each for each in names() if not each.startswith(".") and each != "root"]
        seen.add("thermal" in visible)
        if "thermal" in visible:
            files = content.files.items()
            assert all((Path("thermal") / path).read_bytes() == data for path, data in files)
            shutil.rmtree("thermal")
        else:
            assert visible == []
        assert p2_json(bob.root, "fsck")["ok"]
    assert seen >= {False}
    assert json.loads(opened(bob, packed(alice)).out)["run"]
    assert [each for each in names() if each.startswith(".")] == []


# The two lines stand in section 7 of signing/FORMAT.md.
STOCK = r"""length=$(sed -n '2{s/^sig //p;q}' "$1")
tail -n +3 "$1" | head -c "$length" > kit.sig
awk '/^-----BEGIN SSH SIGNATURE-----$/{exit}1' kit.sig > stmt
sed -n '/^-----BEGIN/,$p' kit.sig > stmt.sig
ssh-keygen -Y verify -f "$2" -I tester@here -n plotter2-pack@v1 -s stmt.sig < stmt
cd "$3" && sha256sum -c < ../stmt
"""


@pytest.mark.skipif(
    any(shutil.which(tool) is None for tool in ("ssh-keygen", "awk", "sha256sum")),
    reason="the stock tools are not all installed",
)
def test_a_pack_is_checked_with_stock_tools(alice: Workplace, bob: Workplace) -> None:
    assert opened(bob, packed(alice), "--into", "kit").code == 0
    trust = bob.root / "config" / "trust" / "allowed_signers"
    words = ["sh", "-e", "-c", STOCK, "sh", packed(alice), trust, "kit"]
    ran = subprocess.run(words, cwd=bob.folder, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert 'Good "plotter2-pack@v1" signature for tester@here' in ran.stdout
    assert "mean.p2: OK" in ran.stdout
