"""What one signed oneself runs in a root that was restored, where the private key is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from commandline import p2, p2_json

pytestmark = pytest.mark.process

SCRIPT = """p2 1
access("exp/run1") | frame(title="loss") | line(x=step, y=loss) | plot("loss") | handoff
"""


def test_own_scripts_run_and_a_new_key_finds_a_name(tmp_path: Path) -> None:
    root, back, script = tmp_path / "root", tmp_path / "back", tmp_path / "mine.p2"
    data = tmp_path / "exp" / "run1"
    data.mkdir(parents=True)
    (data / "log.csv").write_text("step,loss\n1,0.5\n2,0.25\n")
    script.write_text(SCRIPT)
    p2(root, "add", tmp_path / "exp")
    p2(root, "key", "new", "--no-passphrase")
    p2(root, "sign", script)
    p2(root, "backup", tmp_path / "copy")
    p2(back, "restore", tmp_path / "copy")
    p2_json(back, "run", script)
    made = p2_json(back, "key", "new", "--no-passphrase")
    assert Path(made["file"]).name == "sign_ed25519-2"
    assert p2_json(back, "sign", script)["fingerprint"] == made["fingerprint"]
    p2_json(back, "run", script)
