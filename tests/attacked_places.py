"""A root with all that belongs to it, to be attacked: a place, the doors at which one knocks, what sessions try."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from commandline import Finished, p2
from p2sign.keys import SigningKey
from p2sign.make import add_signature, sign_statement
from p2sign.sidecar import split
from p2sign.statement import Statement
from p2sign.statement import parse as parse_statement
from plotter2.config.settings import settings
from plotter2.errors import Plotter2Error
from plotter2.host.host import Host
from plotter2.host.session_key import ORDINARY, Grant, SessionKey
from plotter2.runs.opening import OpenedScript, open_script
from sweep_samples import MEAN_SCRIPT, Workplace, root_with_sweep


@dataclass(frozen=True)
class Place(Workplace):
    """A copy of the good place."""

    @property
    def sidecar(self) -> Path:
        return self.folder / "mean.p2.sig"

    @property
    def trust(self) -> Path:
        return self.root / "config" / "trust"

    @property
    def log(self) -> Path:
        return self.root / "log" / "run"

    @property
    def own(self) -> SigningKey:
        return SigningKey.load((self.root / "config" / "keys" / "sign_ed25519").read_bytes())

    @property
    def terms(self) -> Statement:
        return parse_statement(split(self.sidecar.read_bytes()).statement)

    def signed(self, key: SigningKey | None = None, **terms: object) -> None:
        """Put another signature file beside the script: by the own key unless another is given."""
        changed = replace(self.terms, **terms)  # type: ignore[arg-type]
        self.sidecar.write_bytes(sign_statement(changed, key or self.own))

    def trusting(self, key: SigningKey, who: str, *words: str) -> None:
        """Trust a key as a person does."""
        file = self.folder / f"{who}.pub"
        file.write_text(key.public.line() + "\n")
        done = p2(self.root, "trust", "add", who, file, *words)
        assert done.code == 0, done.err


def made_place(folder: Path) -> Place:
    """Make the good place once: data, a key, a signed script, entries in the log."""
    place = Place(folder)
    root_with_sweep(folder)
    place.script.write_text(MEAN_SCRIPT)
    signed = p2(place.root, "sign", place.script)
    assert signed.code == 0, signed.err
    return place


def copied(place: Place, folder: Path) -> Place:
    """Give a copy that may be spoiled."""
    shutil.copytree(place.folder, folder, ignore=shutil.ignore_patterns("runs"))
    return Place(folder)


# ------------------------------------------------------------------ doors


def verify(place: Place) -> Finished:
    return p2(place.root, "verify", place.script)


def run(place: Place) -> Finished:
    return p2(place.root, "run", place.script)


def unconfined(place: Place) -> Finished:
    return p2(place.root, "run", "--unconfined", place.script)


def attach(place: Place) -> Finished:
    return p2(place.root, "attach", "sweep", place.script)


def sign_again(place: Place) -> Finished:
    return p2(place.root, "sign", place.script)


def sign_beside(place: Place) -> Finished:
    return p2(place.root, "sign", "--add", place.script)


def inspect(place: Place) -> Finished:
    return p2(place.root, "inspect", place.sidecar)


def trust_add(place: Place) -> Finished:
    return p2(place.root, "trust", "add", "eve@lab", place.folder / "eve.pub")


def trust_import(place: Place) -> Finished:
    return p2(place.root, "trust", "import", "--yes", place.folder / "in.p2trust")


def log_verify(place: Place) -> Finished:
    return p2(place.root, "log", "verify")


def log_since(place: Place) -> Finished:
    return p2(place.root, "log", "verify", "--since", place.folder / "kept")


def pack_show(place: Place) -> Finished:
    return p2(place.root, "pack", "show", place.folder / "in.p2pack")


def pack_open(place: Place) -> Finished:
    words = ("--yes", "--into", place.folder / "opened")
    return p2(place.root, "pack", "open", place.folder / "in.p2pack", *words)


def make_pack(place: Place) -> Finished:
    return p2(place.root, "pack", "make", place.script, "-o", place.folder / "out.p2pack", "-y")


# ------------------------------------------------------------------ sessions


def in_session(attempt: Callable[[Host, Place], None]) -> Callable[[Place], Finished]:
    """Give a door: what is tried with a session of the host."""

    def door(place: Place) -> Finished:
        with Host(settings(place.root)) as host:
            try:
                attempt(host, place)
            except Plotter2Error as error:
                return Finished(int(error.exit_code), "", error.problem().as_text())
        return Finished(0, "", "")

    return door


def _session_script(
    host: Host, place: Place, grant: Grant = ORDINARY
) -> tuple[SessionKey, OpenedScript]:
    key = SessionKey("tester@here", place.script, host.now())
    key.grant(grant)
    compiled = host.compile(open_script(place.script))
    return key, key.sign(compiled, host.now(), host.settings.limits)


def a_session(host: Host, place: Place) -> None:
    key, script = _session_script(host, place)
    host.verify(script, key)


def elsewhere(host: Host, place: Place) -> None:
    key, script = _session_script(host, place)
    other = place.folder / "elsewhere" / "mean.p2"
    host.verify(replace(script, path=other), key)


def not_granted(host: Host, place: Place) -> None:
    _session_script(host, place, Grant(kinds=(("read", "bundle"),)))


def granted_less_later(host: Host, place: Place) -> None:
    key, script = _session_script(host, place)
    key.granted = Grant()
    host.verify(script, key)


def without_session(host: Host, place: Place) -> None:
    _, script = _session_script(host, place)
    host.verify(script)


def other_session(host: Host, place: Place) -> None:
    _, script = _session_script(host, place)
    other, _ = _session_script(host, place)
    host.verify(script, other)


def persons_script(host: Host, place: Place) -> None:
    key, _ = _session_script(host, place)
    host.verify(open_script(place.script), key)


def after_hours(host: Host, place: Place) -> None:
    key, script = _session_script(host, place)
    host.now = lambda: datetime.now(UTC) + timedelta(hours=13)
    host.verify(script, key)


def session_and_person(host: Host, place: Place) -> None:
    key, script = _session_script(host, place)
    assert script.sidecar is not None
    host.verify(replace(script, sidecar=add_signature(script.sidecar, place.own)), key)


def changed_in_session(host: Host, place: Place) -> None:
    key, script = _session_script(host, place)
    host.verify(replace(script, content=script.content + b"\n\n"), key)


def owner_with_ceiling(host: Host, place: Place) -> None:
    (place.trust / "policy.toml").write_text('[signer."tester@here"]\nmay = ["read .*"]\n')
    key, script = _session_script(host, place)
    host.verify(script, key)


# ------------------------------------------------------------------ answers


def told(finished: Finished) -> str:
    """Give what is wrong with an answer as an answer: a traceback, something that commands a terminal."""
    text = finished.out + finished.err
    if "Traceback" in text:
        return "a traceback"
    loose = {c for c in text if not c.isprintable() and c not in "\n\t"}
    return f"characters that command a terminal: {sorted(map(ascii, loose))}" if loose else ""


def entries_of(place: Place, event: str) -> list[dict[str, object]]:
    """Give the entries of the log of one kind."""
    lines = b"".join(path.read_bytes() for path in sorted((place.log / "entries").iterdir()))
    return [each for each in map(json.loads, lines.splitlines()) if each["event"] == event]
