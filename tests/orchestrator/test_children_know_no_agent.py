"""The processes that read data and run scripts do not know where the ssh-agent is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from confined_children import attackers

pytestmark = pytest.mark.process


def environments_below(pid: int) -> list[bytes]:
    """Give the environment of each process that this one started, and of those that they started."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in map(int, (task / "children").read_text().split()):
            found += [Path(f"/proc/{child}/environ").read_bytes(), *environments_below(child)]
    return found


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="there is no /proc")
def test_no_child_is_told_the_address_of_the_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", "/run/the-agent")
    monkeypatch.setenv("SSH_ASKPASS", "/run/ask")
    with attackers() as children:
        assert (
            children.answer("answer = sorted(n for n in os.environ if n.startswith('SSH'))") == []
        )
        environments = environments_below(os.getpid())
    assert environments
    assert not [told for told in environments if b"SSH_A" in told]
