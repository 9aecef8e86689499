"""OpenSSH's own programs for tests: ssh-keygen as the second verifier and signer, and a real ssh-agent."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest

from p2sign_samples import NAMESPACE, NOW

_ACCEPTED = re.compile(rb"^-----BEGIN SSH SIGNATURE-----$", re.MULTILINE)


def version_of_ssh() -> tuple[int, int]:
    """Ask ssh, the sibling of ssh-keygen, which prints no version."""
    if shutil.which("ssh-keygen") is None or shutil.which("ssh") is None:
        return (0, 0)
    told = subprocess.run(
        ["ssh", "-V"], capture_output=True, text=True, timeout=20, check=False
    ).stderr
    match = re.match(r"OpenSSH(?:_for_Windows)?_(\d+)\.(\d+)", told)
    return (int(match[1]), int(match[2])) if match else (0, 0)


needs_ssh_keygen = pytest.mark.skipif(
    version_of_ssh() < (9, 1), reason="OpenSSH's ssh-keygen 9.1 or newer is not installed"
)
needs_ssh_agent = pytest.mark.skipif(
    any(shutil.which(name) is None for name in ("ssh-agent", "ssh-add", "ssh-keygen")),
    reason="OpenSSH's ssh-agent and ssh-add are not installed",
)


def ssh_keygen(
    folder: Path, *words: str | Path, stdin: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    """Run ssh-keygen, which must succeed."""
    return _run(folder, "ssh-keygen", *words, stdin=stdin, check=True)


def ssh_keygen_accepts(
    folder: Path,
    sidecar: bytes,
    allowed_signers: bytes,
    principal: str = "alice@lab",
    revoked: bytes = b"",
    now: datetime = NOW,
) -> bool:
    """Ask `ssh-keygen -Y verify` about the first signature of a file, cut out as with awk and sed."""
    match = _ACCEPTED.search(sidecar)
    start = match.start() if match else len(sidecar)
    names = ("stmt.sig", "allowed_signers", "revoked_keys")
    for name, data in zip(names, (sidecar[start:], allowed_signers, revoked), strict=True):
        (folder / name).write_bytes(data)
    words = ["-Y", "verify", "-f", "allowed_signers", "-I", principal, "-n", NAMESPACE]
    words += ["-s", "stmt.sig", "-r", "revoked_keys", f"-Overify-time={now:%Y%m%d%H%M%SZ}"]
    told = _run(folder, "ssh-keygen", *words, stdin=sidecar[:start], check=False)
    return told.returncode == 0


@contextmanager
def ssh_agent(folder: Path) -> Iterator[dict[str, str]]:
    """Run an ssh-agent of one's own; gives the environment that names it."""
    address = folder / "agent"
    process = subprocess.Popen(
        ["ssh-agent", "-D", "-a", str(address)], stdout=subprocess.PIPE, env=_environment(folder)
    )
    try:
        assert process.stdout is not None
        process.stdout.readline()  # it tells its address once it listens
        yield {"SSH_AUTH_SOCK": str(address)}
    finally:
        process.terminate()
        process.communicate(timeout=20)


def ssh_add(
    folder: Path, agent: dict[str, str], *words: str | Path, **more: str
) -> subprocess.CompletedProcess[bytes]:
    """Run ssh-add, which must succeed."""
    return _run(folder, "ssh-add", *words, check=True, **agent, **more)


def _run(
    folder: Path, *words: str | Path, check: bool, stdin: bytes = b"", **more: str
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [str(word) for word in words],
        input=stdin,
        capture_output=True,
        cwd=folder,
        env=_environment(folder) | more,
        timeout=60,
        check=check,
    )


def _environment(folder: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC", "HOME": str(folder)}
