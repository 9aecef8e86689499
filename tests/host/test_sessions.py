"""What a person types is understood statement by statement, signed, run, and kept as scripts."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from commandline import p2_json
from plotter2.config.settings import settings
from plotter2.errors import Refused
from plotter2.host.host import Host
from plotter2.host.session import Ran, Session
from plotter2.host.session_key import ORDINARY, Grant, SessionKey, texts_of
from plotter2.runs.model import Event
from plotter2.runs.opening import open_script
from plotter2.wire.messages import Note, TableShown
from sweep_samples import root_with_sweep

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return root_with_sweep(tmp_path_factory.mktemp("session"))


@pytest.fixture
def session(root: Path) -> Iterator[Session]:
    with Host(settings(root)) as host:
        yield Session(host, key=key_of(host))


def key_of(host: Host, granted: Grant = ORDINARY) -> SessionKey:
    key = SessionKey.with_folder("tester@here", host.layout.sessions, host.now())
    key.grant(granted)
    return key


def taken(session: Session, text: str) -> tuple[Ran, list[Event]]:
    entry = session.understood(text)
    assert entry.ok, [d.message for d in entry.diagnostics]
    events: list[Event] = []
    return session.take(entry, on_event=events.append), events


def test_declarations_stay_and_results_are_shown(session: Session) -> None:
    ran, _ = taken(session, 'let runs = access("sweep/*")')
    assert ran.result is None
    ran, events = taken(session, "$runs | head(3) | select(lr, step)")
    (table,) = (event for event in events if isinstance(event, TableShown))
    assert [name for name, _ in table.columns] == ["lr", "step"]
    assert table.rows == 3
    _, events = taken(session, "rows($runs)")
    assert [event.text for event in events if isinstance(event, Note)] == ["540"]
    _, events = taken(session, "1 + 2 * rows($runs)")
    assert [event.text for event in events if isinstance(event, Note)] == ["1081"]


def test_a_view_is_drawn_and_a_bar_goes_on_with_the_flow(session: Session) -> None:
    ran, _ = taken(session, 'access("sweep/*") | frame')
    assert ran.result is not None
    ran, _ = taken(session, "| line(x=step, y=reward, colour=lr, by=run)")
    assert ran.result is not None
    (picture,) = ran.result.artefacts
    assert picture.path.read_bytes().startswith(b"\x89PNG")


def test_a_name_can_be_declared_anew_and_what_uses_it_follows(session: Session) -> None:
    taken(session, "let limit = 10")
    taken(session, 'let few = access("sweep/*") | filter(step < $limit)')
    _, events = taken(session, "rows($few)")
    assert [event.text for event in events if isinstance(event, Note)] == ["90"]
    taken(session, "let limit = 20")
    _, events = taken(session, "rows($few)")
    assert [event.text for event in events if isinstance(event, Note)] == ["180"]


def test_an_input_can_be_taken_again_as_a_cell_of_a_notebook_is(session: Session) -> None:
    cell = 'let runs = access("sweep/*") # all of them\n\nlet few = $runs | head(3)\nrows($few)'
    for _ in range(2):
        _, events = taken(session, cell)
        assert [event.text for event in events if isinstance(event, Note)] == ["3"]


def test_places_are_right_where_declarations_have_comments_between(session: Session) -> None:
    entry = session.understood('let a = 1\n# why\nlet runs = access("sweep/*") | filter(stepp > 3)')
    (diagnostic,) = entry.diagnostics
    assert entry.typed.slice(diagnostic.span) == "stepp"


def test_a_mistake_has_its_place_in_what_was_typed_and_changes_nothing(session: Session) -> None:
    taken(session, 'let runs = access("sweep/*")')
    entry = session.understood("$runs | filter(stepp > 3)")
    (diagnostic,) = entry.diagnostics
    assert (diagnostic.code, entry.typed.slice(diagnostic.span)) == ("P2-E0201", "stepp")
    assert diagnostic.fix is not None
    assert entry.typed.slice(diagnostic.fix.span) == "stepp"
    assert not session.understood("let runs = access(").ok
    _, events = taken(session, "rows($runs)")
    assert [event.text for event in events if isinstance(event, Note)] == ["540"]


def test_what_ran_is_kept_as_a_script_that_runs_again(session: Session, root: Path) -> None:
    taken(session, "let unneeded = 3")
    taken(session, 'let runs = access("sweep/*")')
    ran, _ = taken(session, "$runs | frame | point(x=step, y=reward) | plot | handoff")
    assert ran.result is not None
    script = Path(ran.result.record["script"]["path"])
    assert script.parent == session.folder
    assert "unneeded" not in script.read_text()
    again = p2_json(root, "run", script, "--yes")
    assert again["artefacts"][0]["sha256"] != ran.result.artefacts[0].sha256  # another signer
    assert without_provenance(again["artefacts"][0]["path"]) == without_provenance(
        ran.result.artefacts[0].path
    )
    assert ran.result.record["session_of"] == "tester@here"
    assert ran.result.record["signers"][0].startswith(f"{session.folder.name}@")


def test_without_a_key_nothing_runs(tmp_path: Path) -> None:
    with Host(settings(tmp_path / "empty")) as host:
        session = Session(host)
        entry = session.understood('loggy("hello")')
        with pytest.raises(Refused, match="no key"):
            session.take(entry)


def test_what_is_too_much_work_is_told(session: Session) -> None:
    entry = session.understood('access("sweep/*") | kmeans(on=[reward], k=300, iters=500_000)')
    assert [d.code for d in entry.diagnostics] == ["P2-E0301"]
    assert entry.typed.slice(entry.diagnostics[0].span) == "kmeans"


def test_a_library_that_is_used_at_the_prompt_is_locked_beside_what_ran(session: Session) -> None:
    taken(session, 'use "p2/statistics@1.0.0" as stats')
    ran, events = taken(session, 'access("sweep/*") | stats.mean_t95(loss, by=[lr]) | head(2)')
    assert ran.result is not None
    (table,) = (event for event in events if isinstance(event, TableShown))
    assert [name for name, _ in table.columns] == ["lr", "mid", "lo", "hi"]
    assert "p2/statistics@1.0.0 sha256:" in (session.folder / "p2.lock").read_text()


def test_a_mistyped_passphrase_is_asked_for_again_and_a_right_one_is_not(tmp_path: Path) -> None:
    answers = ["wrong", "right"]
    with Host(settings(tmp_path / "root")) as host:
        host.keyring.new_key("tester@here", "right")
        session = Session(host, lambda _: answers.pop(0))
        entry = session.understood('loggy("hello")')
        with pytest.raises(Refused, match="passphrase"):
            session.take(entry)
        assert session.take(entry).result is not None
        assert session.take(entry).result is not None
    assert answers == []


def test_a_session_runs_without_a_key_of_ones_own_and_a_key_that_nobody_granted_anything_runs_nothing(
    tmp_path: Path,
) -> None:
    with Host(settings(tmp_path / "empty")) as host:
        taken(Session(host, key=key_of(host)), 'loggy("hello")')
        session = Session(host, key=key_of(host, Grant()))
        entry = session.understood("sweep(a=1..3) | frame | point(x=a, y=a)")
        with pytest.raises(Refused, match="not granted: write output:plot") as refused:
            session.take(entry)
        assert refused.value.code == "P2-S0891"


def test_an_input_that_needs_more_asks_and_what_is_granted_stays(root: Path) -> None:
    asked: list[str] = []

    def approve(lacking: Grant) -> bool:
        asked.extend(texts_of(lacking))
        return len(asked) > 1

    with Host(settings(root)) as host:
        session = Session(
            host, key=key_of(host, Grant(kinds=(("read", "bundle"),))), approve=approve
        )
        entry = session.understood('access("sweep/*") | frame | point(x=step, y=reward)')
        with pytest.raises(Refused, match="not granted"):
            session.take(entry)
        assert session.take(entry).result is not None
        assert session.take(entry).result is not None
    assert asked == ["write output:plot"] * 2


def test_the_key_of_a_session_counts_for_its_own_folder_only_and_not_for_ever(
    root: Path, tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    script = tmp_path / "x.p2"
    script.write_text('p2 1\nloggy("hello")\n')
    with Host(settings(root), lambda: now) as host:
        key = key_of(host)
        compiled = host.compile(open_script(script))
        with pytest.raises(Refused, match=r"signs for .* only") as refused:
            key.sign(compiled, host.now(), host.settings.limits)
        assert refused.value.code == "P2-S0890"
        bound = SessionKey("tester@here", script, now)
        signed = bound.sign(compiled, now, host.settings.limits)
        assert host.verify(signed, bound).signers[0].principal == bound.of.principal
        with pytest.raises(Refused, match=r"signs for .* only"):
            host.verify(replace(signed, path=tmp_path / "elsewhere" / "x.p2"), bound)
        with pytest.raises(Refused, match="not in the trust file"):
            host.verify(signed)
        with pytest.raises(Refused, match="not in the trust file"):
            host.verify(signed, SessionKey("tester@here", script, now))
        now += timedelta(hours=13)
        with pytest.raises(Refused, match="was trusted until"):
            host.verify(signed, bound)
        bound.grant(ORDINARY)
        assert not bound.lacking(compiled, now)
        assert not bound.granted


def test_a_session_may_do_no_more_than_its_owner(tmp_path: Path) -> None:
    root = root_with_sweep(tmp_path)
    policy = root / "config" / "trust" / "policy.toml"
    policy.write_text("[signer.\"tester@here\"]\nmay = ['read bundle:sweep/.*']\n")
    policy.chmod(0o600)
    with Host(settings(root)) as host:
        session = Session(host, key=key_of(host))
        taken(session, 'access("sweep/*") | head(1)')
        entry = session.understood('access("sweep/*") | frame | point(x=step, y=reward)')
        with pytest.raises(Refused, match="may not grant here: write output:plot"):
            session.take(entry)


def without_provenance(picture: str | Path) -> bytes:
    """Give the pixels of a PNG, packed: its IDAT chunks."""
    content, at, found = Path(picture).read_bytes(), 8, b""
    while at < len(content):
        length, kind = struct.unpack(">I4s", content[at : at + 8])
        found += content[at + 8 : at + 8 + length] if kind == b"IDAT" else b""
        at += 12 + length
    assert found
    return found
