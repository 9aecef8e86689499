"""A program signs, called as git calls `gpg.ssh.program`: PROG -Y sign -n NAMESPACE -f KEYFILE FILE."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from p2sign.sshsig import MAX_ARMOUR
from p2sign.uses import Kind
from plotter2.errors import Refused
from plotter2.host import codes
from plotter2.printable import one_line
from plotter2.runs.opening import FileRefused, read_once

_MESSAGE = "statement"
_TOLD = 300


@dataclass(frozen=True, slots=True)
class SignerProgram:
    """A program that signs with the key of `key_file`, which may be a public one; it has `wait_s` seconds."""

    program: str
    key_file: Path
    wait_s: float

    def armour(self, message: bytes, namespace: str) -> bytes:
        """Have the program sign; gives what it wrote, which nobody has checked yet. Raises Refused P2-S0810..0812."""
        with tempfile.TemporaryDirectory(prefix="plotter2-sign-") as folder:
            file = Path(folder) / _MESSAGE
            file.write_bytes(message)
            told = self._call(namespace, file)
            try:
                return read_once(file.with_name(f"{_MESSAGE}.sig"), MAX_ARMOUR, "signature")
            except FileRefused as error:
                raise self._failed(f"it wrote no signature ({error.message})", told) from None

    def _call(self, namespace: str, file: Path) -> str:
        words = [self.program, "-Y", "sign", "-n", namespace, "-f", str(self.key_file.absolute())]
        # In a terminal the program talks to the person; else what it says goes into the message.
        talks = os.isatty(2)
        try:
            running = subprocess.Popen(  # noqa: S603 - the person names the program that signs
                [*words, str(file)],
                stdin=None if talks else subprocess.DEVNULL,
                stdout=2 if talks else subprocess.DEVNULL,
                stderr=None if talks else subprocess.PIPE,
                process_group=None if talks else 0,
            )
        except OSError as error:
            raise Refused(
                codes.NO_PROGRAM,
                f"the signer program cannot be started: {error.strerror}",
                self.program,
                "name a program as git's gpg.ssh.program: ssh-keygen, op-ssh-sign",
            ) from None
        with running:
            try:
                _, told = running.communicate(timeout=self.wait_s)
            except subprocess.TimeoutExpired:
                _end(running, group=not talks)
                raise Refused(
                    codes.PROGRAM_SLOW,
                    f"the signer program did not sign within {self.wait_s:g} s",
                    self.program,
                    "answer what it asks, and sign again; wait_s in [signing] of config/plotter2.toml gives you longer",
                ) from None
        said = one_line((told or b"").decode("utf-8", "replace").strip()[-_TOLD:], _TOLD)
        if running.returncode != 0:
            raise self._failed(f"it ended with the code {running.returncode}", said)
        return said

    def _failed(self, why: str, told: str) -> Refused:
        return Refused(
            codes.PROGRAM_FAILED,
            f"the signer program did not sign: {why}",
            self.program,
            f"try it alone: {self.program} -Y sign -n {Kind.SCRIPT.namespace} -f {self.key_file} FILE",
            note=told,
        )


def _end(running: subprocess.Popen[bytes], *, group: bool) -> None:
    if group:
        os.killpg(running.pid, signal.SIGKILL)
    running.kill()
