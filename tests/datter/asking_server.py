"""A process for the load test of the journal: takes requests from many clients and commits what waits together.

A client sends a key a line and is answered with the id of the request, once that is durable.
"""

from __future__ import annotations

import queue
import socket
import sys
import threading
from pathlib import Path

from plotter2.datter.bodies import Run
from plotter2.datter.requested import Asking
from plotter2.datter.store import Store

MOST_TOGETHER = 256
Waiting = tuple[str, socket.socket]


def main() -> None:
    root, address = sys.argv[1:]
    Path(address).unlink(missing_ok=True)
    waiting: queue.Queue[Waiting] = queue.Queue()
    with Store.open(root) as store, socket.socket(socket.AF_UNIX) as server:
        server.bind(address)
        server.listen(256)
        threading.Thread(target=accept, args=(server, waiting), daemon=True).start()
        while True:
            commit(store, waiting)


def accept(server: socket.socket, waiting: queue.Queue[Waiting]) -> None:
    while True:
        client, _ = server.accept()
        threading.Thread(target=listen, args=(client, waiting), daemon=True).start()


def listen(client: socket.socket, waiting: queue.Queue[Waiting]) -> None:
    with client, client.makefile("r") as lines:
        for line in lines:
            waiting.put((line.strip(), client))


def commit(store: Store, waiting: queue.Queue[Waiting]) -> None:
    together = [waiting.get()]
    while len(together) < MOST_TOGETHER and not waiting.empty():
        together.append(waiting.get())
    asked = [Asking("run", "x.p2", Run(script="x.p2", sha256=""), key) for key, _ in together]
    for request, (_, client) in zip(store.requests.ask_all(asked), together, strict=True):
        client.sendall(f"{request.id}\n".encode())


if __name__ == "__main__":
    main()
