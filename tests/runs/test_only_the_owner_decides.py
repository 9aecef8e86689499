"""Settings and trust that others can change do not count; odd files there are refused with one clear message."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from commandline import Finished, p2, p2_json
from p2lang.semantics.needs import DEFAULT_LIMITS, Need
from plotter2.config.ownership import open_to_others
from plotter2.config.settings import Settings, settings
from plotter2.errors import HostError
from plotter2.runs.compiling import script_limits

SCRIPT = 'p2 1\naccess("exp") | frame | line(x=step, y=loss) | plot("loss") | handoff\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with a key in `root` and a script that is signed by hand, without any data."""
    p2_json(tmp_path / "root", "key", "new", "--name", "tester@here", "--no-passphrase")
    return tmp_path


def said(finished: Finished, exit_code: int, code: str) -> None:
    assert (finished.code, code in finished.err) == (exit_code, True), finished.err
    assert "help:" in finished.err
    assert "Traceback" not in finished.err


def test_a_closed_folder_closes_what_is_in_it(folder: Path) -> None:
    root = folder / "root"
    (root / "config" / "trust" / "allowed_signers").chmod(0o666)
    assert open_to_others(root, ("config", "trust", "allowed_signers")) is None
    (root / "config").chmod(0o755)
    (root / "config" / "trust").chmod(0o755)
    loose = open_to_others(root, ("config", "trust", "allowed_signers"))
    assert loose == root / "config" / "trust" / "allowed_signers"
    loose.chmod(0o644)
    assert open_to_others(root, ("config", "trust", "allowed_signers")) is None


@pytest.mark.parametrize("name", ["config", "config/trust", "config/trust/allowed_signers"])
def test_trust_that_others_can_change_is_refused(folder: Path, name: str) -> None:
    for part in ("config", "config/trust"):
        (folder / "root" / part).chmod(0o755)
    place = folder / "root" / name
    place.chmod(place.stat().st_mode | 0o020)
    # The folder of the settings is read before trust is.
    code, exit_code = ("P2-H0901", 2) if name == "config" else ("P2-S0793", 4)
    said(p2(folder / "root", "trust", "list"), exit_code, code)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_trust_of_somebody_else_is_refused(folder: Path) -> None:
    for part in ("config", "config/trust"):
        (folder / "root" / part).chmod(0o755)
    os.chown(folder / "root" / "config" / "trust", 12345, 12345)
    said(p2(folder / "root", "trust", "list"), 4, "P2-S0793")


@pytest.mark.parametrize("name", ["allowed_signers", "revoked_keys", "revoked_scripts"])
def test_a_trust_file_that_is_no_plain_file_is_refused(folder: Path, name: str) -> None:
    (folder / "x.p2").write_text(SCRIPT)
    path = folder / "root" / "config" / "trust" / name
    elsewhere = folder / "elsewhere"
    elsewhere.write_text("")
    makers = (path.mkdir, lambda: os.mkfifo(path), lambda: path.symlink_to(elsewhere))
    for make in makers:
        path.rename(folder / "kept") if path.exists() else None
        make()
        said(p2(folder / "root", "verify", folder / "x.p2"), 4, "P2-E0012")
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()


def test_settings_are_a_small_plain_file(folder: Path) -> None:
    path = folder / "root" / "config" / "plotter2.toml"
    os.mkfifo(path)
    said(p2(folder / "root", "show"), 2, "P2-H0901")
    path.unlink()
    path.mkdir()
    said(p2(folder / "root", "show"), 2, "P2-H0901")
    path.rmdir()
    path.write_text("#" * 70_000)
    said(p2(folder / "root", "show"), 2, "P2-H0901")


@pytest.mark.parametrize("line", ["wall_ms = -5", "output_mib = 0", "work = 0", "cpu_ms = 1e3"])
def test_limits_that_cannot_be_are_refused_at_once(folder: Path, line: str) -> None:
    path = folder / "root" / "config" / "plotter2.toml"
    path.write_text(f"[limits]\n{line}\n")
    said(p2(folder / "root", "show"), 2, "P2-H0901")


def test_settings_that_others_can_change_do_not_count(folder: Path) -> None:
    (folder / "root" / "config").chmod(0o755)
    path = folder / "root" / "config" / "plotter2.toml"
    path.write_text("[sandbox]\nminimum = 'C'\n")
    path.chmod(0o666)
    said(p2(folder / "root", "show"), 2, "P2-H0901")


@pytest.mark.process
def test_a_revoked_script_does_not_run(folder: Path) -> None:
    root, script = folder / "root", folder / "x.p2"
    (folder / "exp.csv").write_text("step,loss\n0,1.0\n1,0.5\n")
    p2_json(root, "add", folder / "exp.csv", "--name", "exp")
    script.write_text(SCRIPT)
    p2_json(root, "sign", script)
    assert p2_json(root, "verify", script)["ok"]
    digest = hashlib.sha256(script.read_bytes()).hexdigest()
    (root / "config" / "trust" / "revoked_scripts").write_text(f"{digest}  x.p2\n")
    finished = p2(root, "run", script)
    said(finished, 4, "P2-S07")
    assert "E_SCRIPT_REVOKED" in finished.err


@pytest.mark.parametrize("length", [252, 256, 300])
def test_names_that_are_too_long_for_the_disk_are_refused(folder: Path, length: int) -> None:
    script = folder / ("a" * (length - 3) + ".p2")
    if length <= 255:
        script.write_text(SCRIPT)
    finished = p2(folder / "root", "run", script)
    assert finished.code in (3, 4)
    said(finished, finished.code, "P2-E0014")


# ---- what scripts may need ------------------------------------------------------------------------


def configured(root: Path, text: str) -> Settings:
    """Give the settings of a root with that file."""
    file = root / "config" / "plotter2.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.parent.chmod(0o700)
    file.write_text(text)
    file.chmod(0o600)
    return settings(root)


def test_a_signer_may_be_allowed_more_work_than_others(tmp_path: Path) -> None:
    found = configured(tmp_path, '[signers."ann@lab"]\nwork = 20_000_000_000\n')
    assert found.limits_of([]).work == found.limits_of(["bob@lab"]).work == 5_000_000_000
    assert found.limits_of(["ann@lab"]).work == 20_000_000_000
    assert found.limits_of(["bob@lab", "ann@lab"]).work == 20_000_000_000


def test_a_signer_may_be_allowed_less(tmp_path: Path) -> None:
    found = configured(tmp_path, '[signers."new@lab"]\nwork = 1_000_000\n')
    assert found.limits_of(["new@lab"]).work == 1_000_000


def test_nobody_is_allowed_more_than_the_most(tmp_path: Path) -> None:
    with pytest.raises(HostError) as caught:
        configured(tmp_path, '[signers."ann@lab"]\nwork = 20_000_000_001\n')
    assert caught.value.code == "P2-H0901"
    assert "signers" in caught.value.help


def test_limits_of_the_configuration_are_the_compilers(tmp_path: Path) -> None:
    text = "[limits]\nwork = 9\ntables_mib = 2\nrows = 3\npanels = 4\npixels = 5\nframes = 6\n"
    limits = script_limits(configured(tmp_path, text).limits)
    assert limits.need == Need(9, 2 * 2**20, 3, 4, 5, 6)
    assert script_limits(settings(tmp_path / "none").limits).need == DEFAULT_LIMITS
