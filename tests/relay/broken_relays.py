"""A process for the tests of relays: a push ends at every step of it, and what was acknowledged is looked for.

Kinds: `push` (pusher and receiver are one process, killed before its n-th change of the disk), `receiver` (a process of
its own, killed so), `pusher` (killed so, while the receiver lives), `cut` (the connection ends before the n-th frame
to the receiver), `answers` (before the n-th frame back). After each, everything that the pushing root holds for
acknowledged must be whole there, and the next push must bring the rest. What broke a promise is printed as JSON.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "staging"))

from killed_stager import die_before

from copy_samples import change_root, make_root, said_of
from datter_samples import PATIENCE_S
from plotter2.datter import events
from plotter2.datter.auditing import audit
from plotter2.datter.layout import Layout
from plotter2.datter.store import Store
from plotter2.errors import DataError
from plotter2.relay import pushing
from plotter2.relay.addresses import Relay
from plotter2.relay.conversation import FarLink
from plotter2.relay.framing import Closed, Frames
from plotter2.relay.link import Link
from plotter2.relay.shipping import Terms, ship
from plotter2.relay.source import moment_of

BATCH = "01M87FJESAMDM7JCEFA7BCVR0Q"


def main() -> None:
    base, kind, stride = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    make_root(base / "start")
    broken: list[str] = []
    points, point, ended = 0, 1, False
    while not ended:
        root, target = base / "root", base / "target"
        shutil.copytree(base / "start", root)
        relay = Relay(name="far", address=str(target))
        pushed(root, relay)
        change_root(root)
        stage(root)
        ended = BREAKS[kind](root, target, point)
        broken += [f"{point}: {what}" for what in [*lost(root, target), *lost_items(root, target)]]
        pushed(root, relay)
        broken += [f"{point}, again: {what}" for what in lost(root, target)]
        broken += [f"{point}, again: {what}" for what in lost_items(root, target)]
        broken += [f"{point}, again: {p.message}" for p in audit(target, PATIENCE_S).problems]
        if said_of(target) != said_of(root):
            broken.append(f"{point}, again: the copy is not the root")
        with Store.open(root) as store:
            if any(one.events or one.objects or one.staged for one in pushing.status(store)):
                broken.append(f"{point}, again: it is behind")
        for folder in (root, target):
            shutil.rmtree(folder)
        points, point = points + 1, point + stride
    print(json.dumps({"points": points, "broken": broken}))


STAGED = {
    "item/steps.csv": "step,loss\n0,1\n",
    "item/deep/note.md": "# note",
    "single.csv": "a\n1\n",
}


def stage(root: Path) -> None:
    """Put two items among the staged ones."""
    for name, content in STAGED.items():
        path = root / "staged" / BATCH / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def lost_items(root: Path, target: Path) -> list[str]:
    """Give the staged files that the root holds for acknowledged and the target has not whole."""
    places = (target / "staged", target / "registry" / "arrival" / "staged")
    with Store.open(root) as store:
        names = sorted(store.acknowledged.names("far", "staged"))
    return [
        name
        for name in names
        if not any(
            (place / name).is_file()
            and (place / name).read_text() == STAGED[name.removeprefix(f"{BATCH}/")]
            for place in places
        )
    ]


def lost(root: Path, target: Path) -> list[str]:
    """Give what the root holds for acknowledged and the target has not whole."""
    there = set(events.listed(Layout(target)))
    waits = target / "registry" / "arrival" / "commits"
    there |= {path.stem for path in waits.iterdir()} if waits.is_dir() else set()
    with Store.open(root) as store:
        acknowledged = store.acknowledged.names("far", "object")
        missing = [d for d in acknowledged if not _is_whole(Layout(target).object_file(d), d)]
        return missing + sorted(store.acknowledged.names("far", "event") - there)


def pushed(root: Path, relay: Relay) -> None:
    with Store.open(root) as store:
        pushing.push(store, relay)


def pushed_over(root: Path, link: Link) -> bool:
    """Push as `pushing.push` does, over a link of our own; tells whether it came to its end."""
    with Store.open(root) as store, moment_of(store) as source:
        memory = pushing.Memory(store, "far", is_there=True)
        terms = Terms("test", acknowledged=memory.enter, lacking=memory.withdraw)
        try:
            ship(source, link, terms)
        except DataError as error:
            if error.code != "P2-D0916":
                raise
            return False
        return True


def one_process(root: Path, target: Path, point: int) -> bool:
    return killed(lambda: pushed(root, Relay(name="far", address=str(target))), point)


def killed_receiver(root: Path, target: Path, point: int) -> bool:
    here, there = socket.socketpair()
    child = os.fork()
    if child == 0:
        here.close()
        die_before(point)
        _receive(target, there)
        os._exit(0)
    there.close()
    done = pushed_over(root, FarLink(Frames(here.fileno(), here.fileno())))
    here.close()
    _, status = os.waitpid(child, 0)
    return done and not os.WIFSIGNALED(status)


def killed_pusher(root: Path, target: Path, point: int) -> bool:
    here, there = socket.socketpair()
    child = os.fork()
    if child == 0:
        here.close()
        _receive(target, there)
        os._exit(0)
    there.close()
    ended = killed(lambda: pushed_over(root, FarLink(Frames(here.fileno(), here.fileno()))), point)
    here.close()
    os.waitpid(child, 0)
    return ended


def cut(*, answers: bool) -> Callable[[Path, Path, int], bool]:
    """Have the connection end before the n-th frame of one direction."""

    def broken(root: Path, target: Path, point: int) -> bool:
        here, there = socket.socketpair()
        mine, far = Frames(here.fileno(), here.fileno()), Frames(there.fileno(), there.fileno())
        counted = far if answers else mine
        say, said = counted.say, [0]

        def saying(message: object) -> None:
            said[0] += 1
            if said[0] == point:
                here.shutdown(socket.SHUT_RDWR)
            say(message)  # type: ignore[arg-type]

        counted.say = saying  # type: ignore[method-assign,assignment]
        receiver = threading.Thread(target=_receive_frames, args=(target, far))
        receiver.start()
        done = pushed_over(root, FarLink(mine))
        if done:
            here.shutdown(socket.SHUT_RDWR)
        receiver.join()
        here.close()
        there.close()
        return done

    return broken


def killed(work: Callable[[], object], point: int) -> bool:
    """Have a child do the work that dies before its `point`-th change; tells whether it came to the end."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            die_before(point)
            work()
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert not os.WIFSIGNALED(status) or os.WTERMSIG(status) == signal.SIGKILL
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return not os.WIFSIGNALED(status)


def _receive(target: Path, connection: socket.socket) -> None:
    _receive_frames(target, Frames(connection.fileno(), connection.fileno()))


def _receive_frames(target: Path, frames: Frames) -> None:
    try:
        pushing.receive(target, frames)
    except (Closed, DataError):
        return


def _is_whole(path: Path, digest: str) -> bool:
    return path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == digest


BREAKS = {
    "push": one_process,
    "receiver": killed_receiver,
    "pusher": killed_pusher,
    "cut": cut(answers=False),
    "answers": cut(answers=True),
}

if __name__ == "__main__":
    main()
