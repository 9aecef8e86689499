"""Requests under kill -9, stopped processes, many at once, and a full disk: none lost, none done twice."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TextIO

import pytest

from datter_samples import begun, published_run
from plotter2.datter.bodies import Run
from plotter2.datter.requested import Asking
from plotter2.datter.store import Store

pytestmark = pytest.mark.process
HERE = Path(__file__).parent
CLIENTS, EACH, KILLS = 100, 50, 5


def started(script: str, *words: object) -> subprocess.Popen[str]:
    command = [sys.executable, str(HERE / script), *map(str, words)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def tell(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


@pytest.mark.slow
def test_killed_before_each_change_a_request_is_done_once_and_never_lost(tmp_path: Path) -> None:
    stride = int(os.environ.get("P2_KILL_STRIDE", "7"))
    seed = random.randrange(1_000)
    with started("killed_worker.py", tmp_path, seed, stride) as process:
        told, _ = process.communicate(timeout=600)
    found: dict[str, Any] = json.loads(told)
    assert found["broken"] == []
    assert found["points"] >= 40 // stride


def test_a_stopped_holder_cannot_publish_what_was_given_to_another(tmp_path: Path) -> None:
    with started("stopped_holder.py", tmp_path, 0.3) as holder:
        assert line_of(holder) == "begun"
        with Store.open(tmp_path) as store:
            assert store.requests.find("key").state == "leased"
        holder.send_signal(signal.SIGSTOP)
        time.sleep(0.4)
        with Store.open(tmp_path) as store:
            request = store.requests.find("key")
            assert (request.state, request.crashes) == ("queued", 1)
            with begun(store, key="key") as work:
                shown = published_run(store, work)
        holder.send_signal(signal.SIGCONT)
        tell(holder)
        assert line_of(holder) == "P2-D0887"
    with Store.open(tmp_path) as store:
        assert [path.name for path in store.layout.output.iterdir()] == [shown]
        assert [run.state for run in store.runs()] == ["done", "broken off"]
        assert list(store.layout.temp.iterdir()) == []


def test_a_killed_holder_is_known_at_once_and_the_third_time_its_request_is_dead(
    tmp_path: Path,
) -> None:
    for state in ("queued", "queued", "dead"):
        with started("stopped_holder.py", tmp_path, 3600) as holder:
            assert line_of(holder) == "begun"
            with Store.open(tmp_path) as store:
                assert store.requests.overdue() == ()
            holder.kill()
            holder.wait()
        with Store.open(tmp_path) as store:
            request = store.requests.find("key")
            assert request.state == state
            assert request.error is not None
            assert request.error.code == "P2-H0920"
    with Store.open(tmp_path) as store:
        assert [run.state for run in store.runs()] == ["broken off"] * 3
        assert store.requests.history(request.id)[-1].why.startswith("crash 3 of 3: ")


def test_processes_that_lease_at_once_never_get_the_same_request(tmp_path: Path) -> None:
    asked = [Asking("run", f"{n}", Run(script=f"{n}", sha256="")) for n in range(200)]
    with Store.open(tmp_path) as store:
        ids = [request.id for request in store.requests.ask_all(asked)]
    takers = [started("leasing_at_once.py", tmp_path) for _ in range(4)]
    for taker in takers:
        assert line_of(taker) == "ready"
    for taker in takers:
        tell(taker)
    taken = [taker.communicate(timeout=60)[0].split() for taker in takers]
    assert sorted(one for some in taken for one in some) == sorted(ids)
    assert all(some == sorted(some, key=ids.index) for some in taken)
    with Store.open(tmp_path) as store:
        assert store.requests.counts() == {"done": 200}


# ------------------------------------------------------------ load
class Load:
    """Clients that ask until they are told, and a server that is killed and started again meanwhile."""

    def __init__(self, root: Path) -> None:
        self.root, self.address = root, str(root / "socket")
        self.told: dict[str, str] = {}
        self.kills = 0
        self.server = started("asking_server.py", root, self.address)

    def ask(self, keys: list[str]) -> None:
        waiting = keys[::-1]
        while waiting:
            try:
                with socket.socket(socket.AF_UNIX) as client:
                    client.connect(self.address)
                    with client.makefile("r") as answers:
                        self.ask_here(client, answers, waiting)
            except OSError:
                time.sleep(0.02)

    def ask_here(self, client: socket.socket, answers: TextIO, waiting: list[str]) -> None:
        while waiting:
            client.sendall(f"{waiting[-1]}\n".encode())
            answer = answers.readline()
            if not answer:  # killed; the same key is asked again
                return
            self.told[waiting.pop()] = answer.strip()

    def kill_now_and_then(self, total: int) -> None:
        """Kill the server after each sixth of the answers, while clients wait."""
        while self.kills < KILLS:
            if len(self.told) < total * (self.kills + 1) // (KILLS + 1):
                time.sleep(0.002)
                continue
            self.end()
            self.kills += 1
            self.server = started("asking_server.py", self.root, self.address)

    def end(self) -> None:
        self.server.kill()
        self.server.communicate()


@pytest.mark.slow
def test_killed_again_and_again_under_load_no_request_is_lost_or_doubled(tmp_path: Path) -> None:
    load = Load(tmp_path)
    keys = [[f"{client}-{n}" for n in range(EACH)] for client in range(CLIENTS)]
    killer = threading.Thread(target=load.kill_now_and_then, args=(CLIENTS * EACH,))
    killer.start()
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(load.ask, keys))
    killer.join()
    load.end()
    with Store.open(tmp_path) as store:
        kept = {str(r.key): r.id for r in store.requests.listed(limit=-1)}
        store.check()
    assert load.kills == KILLS
    assert len(load.told) == CLIENTS * EACH
    assert kept == load.told
    assert len(set(kept.values())) == len(kept)
