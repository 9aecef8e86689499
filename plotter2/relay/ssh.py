"""plotter2 on another machine, over ssh. Host keys are checked by ssh itself, and nothing here turns that off."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO

from plotter2.errors import DataError
from plotter2.printable import printable
from plotter2.relay.addresses import Address
from plotter2.relay.codes import CUT
from plotter2.relay.framing import Frames

_OPTIONS = (
    "-oBatchMode=yes",
    "-oStrictHostKeyChecking=yes",
    "-oConnectTimeout=15",
    "-oServerAliveInterval=15",
    "-oServerAliveCountMax=4",
)
"""They come first: what ssh is told first counts, whatever its settings say."""
_END_S = 10.0
_TOLD = 500


@contextmanager
def far_plotter2(
    address: Address, verb: str, environment: Mapping[str, str] | None = None
) -> Iterator[Frames]:
    """Start `plotter2 relay VERB FOLDER` on another machine and talk with it during the block.

    `PLOTTER2_SSH` may name another ssh with options of its own (`ssh -F file`). Raises DataError (P2-D0916).
    """
    words = shlex.split((environment or os.environ).get("PLOTTER2_SSH", "ssh"))
    port = [f"-p{address.port}"] if address.port else []
    far = shlex.join(["plotter2", "relay", verb, "--", address.path])
    host = address.host.replace("[", "").replace("]", "")
    command = [words[0], *_OPTIONS, *words[1:], *port, "--", host, far]
    with tempfile.TemporaryFile() as said:
        try:
            process = subprocess.Popen(  # noqa: S603 - the owner's ssh, and no shell on this side
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said
            )
        except OSError as error:
            raise _failed(address, f"{words[0]}: {error.strerror}") from None
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield Frames(process.stdout.fileno(), process.stdin.fileno())
        except DataError as error:
            if error.code != CUT:
                raise
            _end(process)
            raise _failed(address, _last_of(said) or error.message) from None
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    try:
        process.wait(_END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()


def _last_of(said: IO[bytes]) -> str:
    said.seek(0)
    lines = said.read()[-_TOLD:].decode("utf-8", "replace").strip().splitlines()
    return "; ".join(printable(line.strip()) for line in lines[-3:])


def _failed(address: Address, why: str) -> DataError:
    return DataError(
        CUT,
        f"the connection to {address.host} failed: {why}",
        where=address.text,
        help="this must work without a question: ssh "
        + (f"-p {address.port} " if address.port else "")
        + f"{address.host} plotter2 --version",
    )
