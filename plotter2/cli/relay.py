"""`relay`: second roots on other disks and machines: which there are, how they stand, pushing to them."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

import click

from plotter2.cli.answer import Answer
from plotter2.cli.command import command, family
from plotter2.cli.copies import copied_text, left_out_lines, moving_lines, problem_lines
from plotter2.cli.moments import to_the_minute
from plotter2.cli.tables import drawn_table, size
from plotter2.config.settings import settings
from plotter2.datter.layout import present
from plotter2.datter.store import Store
from plotter2.errors import ExitCode, Plotter2Error
from plotter2.printable import count
from plotter2.relay import addresses, pushing
from plotter2.relay.addresses import Relay
from plotter2.relay.framing import Frames
from plotter2.relay.http_link import read_token
from plotter2.relay.http_server import LOCAL, RelayServer
from plotter2.relay.pushing import Behind

_PORT = 7482
_NOT_NOTED = (
    "this root cannot note what was acknowledged, as nothing may be written here or its disk is full; until the next "
    "push relay status counts it as missing there"
)


@family()
def relay() -> None:
    """Keep a second root, on another disk or another machine, as a safe copy.

    `push` sends what it lacks; it acknowledges what its own disk has confirmed, and `status` tells what is missing
    there. `restore NAME` brings a lost root back from it.
    """


@command(relay, "add")
@click.argument("name")
@click.argument("address")
@click.option(
    "--token-file", type=click.Path(), default="", help="The secret of a relay over HTTP."
)
@click.option("--ca-file", type=click.Path(), default="", help="Who vouches for its certificate.")
def relay_add(root: str | None, name: str, address: str, token_file: str, ca_file: str) -> Answer:
    """Enter a relay under a NAME.

    ADDRESS is a folder, ssh://HOST/FOLDER (the folder /FOLDER on HOST; /~/FOLDER is below its home), or
    https://HOST:PORT, where plotter2 relay serve runs.
    """
    if address and "://" not in address:
        address = str(Path(address).absolute())
    one = Relay(
        name=name,
        address=address,
        token_file=str(Path(token_file).absolute()) if token_file else "",
        ca_file=str(Path(ca_file).absolute()) if ca_file else "",
    )
    if token_file:
        read_token(Path(token_file))
    with Store.open(settings(root).root) as store:
        pushing.add(store, one)
    return Answer(
        {"ok": True, "name": name, "address": address},
        f"{name} is {address}; bring it up to date with: plotter2 relay push {name}",
    )


@command(relay, "status")
def relay_status(root: str | None) -> Answer:
    """Tell how far relays are behind.

    From what they have acknowledged, and when they did last; nobody is asked.
    """
    with Store.open_to_read(settings(root).root) as store:
        found = pushing.status(store)
    rows = [
        [
            one.name,
            one.address,
            _behind(one),
            _moment(one.last),
        ]
        for one in found
    ]
    plain, coloured = drawn_table(["relay", "address", "behind by", "acknowledged"], rows)
    data = {"ok": True, "relays": [one.as_json() for one in found]}
    if not found:
        return Answer(data, "no relay yet; add one with: plotter2 relay add NAME ADDRESS")
    return Answer(data, plain, coloured=coloured)


@command(relay, "push")
@click.argument("name", required=False)
def relay_push(root: str | None, name: str | None) -> Answer:
    """Send relays what they lack.

    All of them, or the one with this NAME. It is done when their disks have it.
    """
    lines: list[str] = []
    pushed: list[dict[str, Any]] = []
    well = True
    with Store.open_to_read(settings(root).root) as store:
        relays = addresses.listed(store.layout)
        for one in [addresses.find(store.layout, name)] if name else relays:
            try:
                done = pushing.push(store, one)
            except Plotter2Error as error:
                if name:
                    raise
                lines.append(error.problem().as_text())
                pushed.append({"name": one.name, "error": error.problem().as_json()})
                well = False
                continue
            lines += problem_lines(done.problems)
            lines += left_out_lines(done, with_settings=False)
            if done.same_disk:
                lines.append(f"warning: {one.name} is on the same disk as the root")
            lines += moving_lines(done)
            if not done.is_noted:
                lines.append(f"warning: {_NOT_NOTED}")
            lines.append(f"{one.name}: {copied_text(done)}; acknowledged")
            pushed.append({"name": one.name, **done.as_json()})
            well = well and not done.problems
    if not pushed:
        lines = ["no relay yet; add one with: plotter2 relay add NAME ADDRESS"]
    code = ExitCode.OK if well else ExitCode.WORK_FAILED
    return Answer({"ok": well, "relays": pushed}, "\n".join(lines), code)


@command(relay, "scrub")
@click.argument("name")
@click.option(
    "--limit", type=click.IntRange(min=1), metavar="N", help="So many objects, picked by chance."
)
def relay_scrub(root: str | None, name: str, limit: int | None) -> Answer:
    """Have a relay prove what it has.

    For each object it must answer with the SHA-256 of a new random number and the object's bytes, read from its disk.
    Exit code 1 if it cannot; what is not proven is sent again by the next push, once it is set aside there.
    """
    with Store.open(present(settings(root).root)) as store:
        found = pushing.scrub(store, addresses.find(store.layout, name), limit)
    told = f"{count(found.objects, 'object', 'objects') or 'no object'} asked for, "
    if found.bad:
        told += f"{len(found.bad)} not proven; there: plotter2 scrub --set-aside, then push again"
    else:
        told += "all proven"
    data = {"ok": not found.bad, "objects": found.objects, "bad": list(found.bad)}
    return Answer(data, told, ExitCode.WORK_FAILED if found.bad else ExitCode.OK)


@command(relay, "remove")
@click.argument("name")
def relay_remove(root: str | None, name: str) -> Answer:
    """Forget a relay; its copy stays."""
    with Store.open(present(settings(root).root)) as store:
        gone = pushing.forget(store, name)
    return Answer({"ok": True, "name": name}, f"{name} is forgotten; {gone.address} keeps its copy")


@command(relay, "serve")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--token-file", type=click.Path(path_type=Path), required=True, help="The secret.")
@click.option("--port", type=click.IntRange(1, 65535), default=_PORT, show_default=True)
@click.option("--host", default=LOCAL, show_default=True, help="Which address of this machine.")
@click.option("--certificate", type=click.Path(path_type=Path), help="PEM file: then it is https.")
@click.option("--key", type=click.Path(path_type=Path), help="PEM file with the certificate's key.")
def relay_serve(root: str | None, folder: Path, **how: Any) -> Answer:
    """Receive pushes over HTTP.

    Into FOLDER, from one root, until Ctrl-C. Other machines are served with a certificate only.
    """
    certificate, key = how["certificate"], how["key"]
    if bool(certificate) != bool(key):
        raise click.UsageError("--certificate and --key belong together")
    if how["host"] not in (LOCAL, "::1", "localhost") and not certificate:
        raise click.UsageError("other machines are served with --certificate and --key only")
    server = RelayServer(folder, read_token(how["token_file"]), (how["host"], how["port"]))
    with server:
        if certificate:
            server.protect(certificate, key)
        scheme = "https" if certificate else "http"
        quiet = bool(click.get_current_context().params.get("as_json"))
        told = f"serving {folder} at {scheme}://{how['host']}:{server.server_port}; Ctrl-C ends it"
        click.echo(told, err=quiet)
        _serve(server)
    return Answer({"ok": True, "folder": str(folder)}, "ended")


@command(relay, "receive")
@click.argument("folder", type=click.Path(path_type=Path))
def relay_receive(root: str | None, folder: Path) -> Answer:
    """Be the other end of a push over ssh: speaks frames on standard input and output."""
    pushing.receive(folder.expanduser(), _own_pipes())
    return Answer({})


@command(relay, "send")
@click.argument("folder", type=click.Path(path_type=Path))
def relay_send(root: str | None, folder: Path) -> Answer:
    """Be the other end of a restore over ssh: speaks frames on standard input and output."""
    pushing.send(folder.expanduser(), _own_pipes())
    return Answer({})


def _own_pipes() -> Frames:
    if sys.stdin.isatty() or sys.stdout.isatty():
        raise click.UsageError("this is started by the other machine: plotter2 relay push")
    return Frames(sys.stdin.fileno(), sys.stdout.fileno())


relay_receive.hidden = relay_send.hidden = True


def _serve(server: RelayServer) -> None:
    def ask(number: int, frame: FrameType | None) -> None:
        threading.Thread(target=server.shutdown).start()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        server.serve_forever(poll_interval=0.2)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _behind(one: Behind) -> str:
    parts = [
        count(one.events, "change", "changes"),
        count(one.objects, "object", "objects"),
        size(one.bytes) if one.objects else "",
        count(one.staged, "staged item", "staged items"),
    ]
    return ", ".join(filter(None, parts)) or "nothing"


def _moment(moment: int | None) -> str:
    return "never" if moment is None else to_the_minute(moment)
