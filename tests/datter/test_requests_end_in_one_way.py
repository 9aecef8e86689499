"""The journal of requests against a simple model, and its rules one by one."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from datter_samples import begun, published_run
from plotter2.datter import leases
from plotter2.datter.bodies import Add, Redo, Run
from plotter2.datter.database import open_in_memory
from plotter2.datter.ids import IdSource
from plotter2.datter.leases import own_holder
from plotter2.datter.living import STATE, take_back
from plotter2.datter.requested import STATES, Asking, Request, Token
from plotter2.datter.requests import Requests
from plotter2.datter.store import Store
from plotter2.errors import DataError, HostError, Problem

MISTAKE = Problem("P2-R0601", "a script error")
CRASH = Problem("P2-H0903", "the child died")
PICKS = st.integers(0, 1_000)


@dataclass
class Modelled:
    """What the model knows of a request."""

    key: str | None
    script: str
    state: str = "queued"
    attempt: int = 0
    crashes: int = 0
    is_over: bool = False


def refusal(work: Any, *arguments: Any) -> str:
    """Give the code with which something is refused, or "" when it is done."""
    try:
        work(*arguments)
    except DataError as error:
        return error.code
    return ""


class JournalAndModel(RuleBasedStateMachine):
    """Whatever is done in whatever order, the journal says what the model says."""

    def __init__(self) -> None:
        super().__init__()
        self.connection = open_in_memory()
        self.requests = Requests(self.connection, Path(":memory:"), IdSource().new)
        self.model: dict[str, Modelled] = {}
        self.tokens: list[Token] = []

    def teardown(self) -> None:
        self.connection.close()

    @rule(key=st.sampled_from([None, "a", "b", "c"]), script=st.sampled_from(["x.p2", "y.p2"]))
    def ask(self, key: str | None, script: str) -> None:
        earlier = [i for i, m in self.model.items() if key is not None and m.key == key]
        asking = Asking("run", script, Run(script=script, sha256=""), key)
        if earlier and self.model[earlier[0]].script != script:
            assert refusal(self.requests.ask_all, [asking]) == "P2-D0885"
            return
        (request,) = self.requests.ask_all([asking])
        if earlier:
            assert request.id == earlier[0]
        else:
            assert request.id not in self.model
            self.model[request.id] = Modelled(key, script)

    def leased(self, request_id: str, *, over: bool) -> None:
        known = self.model[request_id]
        known.state, known.attempt, known.is_over = "leased", known.attempt + 1, over
        self.tokens.append(Token(request_id, known.attempt))

    @rule(pick=PICKS, over=st.booleans())
    def lease_one(self, pick: int, over: bool) -> None:
        if not self.model:
            return
        request_id = sorted(self.model)[pick % len(self.model)]
        state = self.model[request_id].state
        code = refusal(self.requests.lease, request_id, 0 if over else 60)
        assert code == {"queued": "", "leased": "P2-D0886"}.get(state, "P2-D0889")
        if not code:
            self.leased(request_id, over=over)

    @rule(over=st.booleans())
    def lease_the_next(self, over: bool) -> None:
        queued = [i for i, known in self.model.items() if known.state == "queued"]
        request = self.requests.lease_next(["run"], 0 if over else 60)
        assert (request and request.id) == (queued[0] if queued else None)
        assert self.requests.lease_next(["redo", "add"], 60) is None
        if request is not None:
            self.leased(request.id, over=over)

    @rule(
        pick=PICKS, how=st.sampled_from(["finish", "fail", "crash", "stop", "renew", "begin_run"])
    )
    def show_a_token(self, pick: int, how: str) -> None:
        if not self.tokens:
            return
        token = self.tokens[pick % len(self.tokens)]
        known = self.model[token.request]
        more: Any = {
            "finish": {"run": "R"},
            "fail": MISTAKE,
            "crash": CRASH,
            "stop": "Ctrl-C",
            "renew": 60,
            "begin_run": "R",
        }
        arguments = [token, more[how]] if how in more else [token]
        code = refusal(getattr(self.requests, how), *arguments)
        if known.state != "leased" or known.attempt != token.attempt:
            assert code == "P2-D0887"
            return
        assert code == ""
        if how == "renew":
            known.is_over = False
        elif how == "crash":
            known.crashes += 1
            known.state = "dead" if known.crashes == 3 else "queued"
        elif how != "begin_run":
            known.state = {"finish": "done", "fail": "failed", "stop": "cancelled"}[how]

    @rule(pick=PICKS)
    def cancel(self, pick: int) -> None:
        if not self.model:
            return
        request_id = sorted(self.model)[pick % len(self.model)]
        state = self.model[request_id].state
        code = refusal(self.requests.cancel, request_id)
        assert code == {"queued": "", "dead": "", "leased": "P2-D0886"}.get(state, "P2-D0889")
        if not code:
            self.model[request_id].state = "cancelled"

    @rule(pick=PICKS)
    def retry(self, pick: int) -> None:
        if not self.model:
            return
        request_id = sorted(self.model)[pick % len(self.model)]
        known = self.model[request_id]
        code = refusal(self.requests.retry, request_id)
        assert code == {"leased": "P2-D0886", "done": "P2-D0889"}.get(known.state, "")
        if not code:
            known.crashes = 0 if known.state != "queued" else known.crashes
            known.state = "queued"

    @invariant()
    def both_say_the_same(self) -> None:
        listed = {request.id: request for request in self.requests.listed(limit=-1)}
        assert list(listed) == list(reversed(self.model))
        for request_id, known in self.model.items():
            request = listed[request_id]
            said = (request.key, request.state, request.attempt, request.crashes)
            assert said == (known.key, known.state, known.attempt, known.crashes)
            assert (request.holder is None) == (known.state != "leased")
            assert self.requests.history(request_id)[-1].state == known.state
        over = [i for i, m in self.model.items() if m.state == "leased" and m.is_over]
        assert [request.id for request in self.requests.overdue()] == over
        states = [known.state for known in self.model.values()]
        assert self.requests.counts() == {s: states.count(s) for s in STATES if s in states}


TestJournalAndModel = JournalAndModel.TestCase
TestJournalAndModel.settings = settings(max_examples=30, stateful_step_count=40, deadline=None)


# ------------------------------------------------------------ leases
@pytest.fixture
def store(tmp_path: Path) -> Any:
    with Store.open(tmp_path) as store:
        yield store


def held_by(store: Store, request_id: str, **change: Any) -> Request:
    """Give a leased request that somebody else seems to hold."""
    other = msgspec.structs.replace(own_holder(), **change)
    store._registry._connection.execute(
        "UPDATE requests SET holder=? WHERE id=?", (other.as_text(), request_id)
    )
    return store.requests.request(request_id)


def test_a_lease_of_a_dead_process_or_of_another_boot_is_over_at_once(store: Store) -> None:
    request = begun(store).request_id
    assert not store.requests.request(request).is_abandoned
    assert held_by(store, request, boot="before").is_abandoned
    assert held_by(store, request, pid=2**22 + 1).is_abandoned
    assert held_by(store, request, born=own_holder().born - 1).is_abandoned


def test_a_process_that_cannot_be_looked_at_has_its_lease_until_its_time_is_over(
    store: Store,
) -> None:
    work = begun(store, lease_s=0.5)
    assert not held_by(store, work.request_id, space="pid:[1]", pid=2**22 + 1).is_abandoned
    time.sleep(0.51)
    assert store.requests.request(work.request_id).is_abandoned


def test_a_process_that_ended_and_was_not_waited_for_holds_nothing(store: Store) -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    born = int(leases._stat(child)[leases._BORN])
    request = begun(store).request_id
    assert held_by(store, request, pid=child, born=born).is_abandoned
    os.waitpid(child, 0)


def test_jumps_of_the_wall_clock_change_neither_order_nor_leases(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, asked = time.time_ns, []
    for years in (0, -20, 30, -5):
        ahead = years * 365 * 86_400 * 10**9
        monkeypatch.setattr(time, "time_ns", lambda ahead=ahead: real() + ahead)
        with Store.open(tmp_path) as store:  # ids of each process begin with its clock
            assert store.requests.overdue() == ()
            asked.append(store.requests.ask("run", "x.p2", Run(script="x.p2", sha256="")).id)
            if years == 0:
                store.resume(asked[0], 60)
    assert asked != sorted(asked)
    with Store.open(tmp_path) as store:
        taken = [store.requests.lease_next(["run"], 60) for _ in range(3)]
    assert [request and request.id for request in taken] == asked[1:]


def test_what_was_taken_back_and_begun_again_is_not_taken_back_twice(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store, Store.open(tmp_path) as other:
        begun(store, key="key", lease_s=0)
        gone = other.requests.find("key")
        assert gone.is_abandoned
        begun(store, key="key")
        assert not take_back(other._journal, gone)
        request = store.requests.find("key")
        assert (request.state, request.attempt, request.crashes) == ("leased", 2, 1)


def test_work_that_goes_on_keeps_its_lease(store: Store) -> None:
    with begun(store, lease_s=0.4) as work:
        for _ in range(6):
            time.sleep(0.1)
            work.keep()
        assert store.requests.overdue() == ()
        work.done({})


def test_a_run_has_its_whole_lease_from_its_beginning_on(store: Store) -> None:
    with begun(store, lease_s=0.4) as work:
        time.sleep(0.25)
        work.begin_run(store.new_id(), "x.p2", {})
        time.sleep(0.25)
        assert store.requests.overdue() == ()
        work.done({})


# ------------------------------------------------------------ ends
def run_into(store: Store, error: BaseException, key: str) -> None:
    with begun(store, key=key) as work:
        work.begin_run(store.new_id(), "x.p2", {})
        raise error


def ended_by(store: Store, error: BaseException, key: str = "key") -> Request:
    with pytest.raises(type(error)):
        run_into(store, error, key)
    return store.requests.find(key)


def test_who_is_to_blame_decides_what_becomes_of_a_request(store: Store) -> None:
    ends = {
        "own": (DataError("P2-D0819", "no such column"), "failed"),
        "child": (HostError("P2-H0903", "the child died"), "queued"),
        "disk": (DataError("P2-D0801", "the disk is full"), "queued"),
        "person": (KeyboardInterrupt(), "cancelled"),
        "bug": (ZeroDivisionError(), "queued"),
        "limit": (HostError("P2-H0904", "too long"), "failed"),
    }
    for key, (error, state) in ends.items():
        request = ended_by(store, error, key)
        told = getattr(error, "note", "")
        assert (f"plotter2 requests retry {request.id}" in told) == (key in ("child", "disk"))
        assert (request.state, request.crashes) == (state, int(state == "queued"))
        run = store.run(str(request.run))
        assert run is not None
        assert run.state == ("cancelled" if key == "person" else "failed")


def test_the_third_crash_is_the_last(store: Store) -> None:
    states = [ended_by(store, HostError("P2-H0903", "the child died")).state for _ in range(3)]
    assert states == ["queued", "queued", "dead"]
    assert store.requests.lease_next(["run"], 60) is None
    with pytest.raises(DataError) as caught:
        begun(store, key="key")
    assert caught.value.code == "P2-D0889"
    assert "the child died [P2-H0903]" in caught.value.message
    request = store.requests.find("key")
    assert store.requests.retry(request.id).crashes == 0
    whys = [change.why for change in store.requests.history(request.id)]
    assert "crash 3 of 3: the child died [P2-H0903]" in whys


def test_what_failed_by_its_own_fault_is_not_tried_again_by_itself(store: Store) -> None:
    request = ended_by(store, DataError("P2-D0819", "no such column"))
    assert store.requests.lease_next(["run"], 60) is None
    with pytest.raises(DataError) as caught:
        begun(store, key="key")
    assert "no such column [P2-D0819]" in caught.value.message
    with store.resume(request.id, 60) as work:
        work.done({})
    assert store.requests.find("key").state == "done"


def test_a_run_that_lost_its_lease_shows_nothing(store: Store) -> None:
    late = begun(store, key="key", lease_s=0)
    late.begin_run(store.new_id(), "x.p2", {})
    held_by(store, late.request_id, boot="before")
    with begun(store, key="key") as work:
        shown = published_run(store, work)
    with pytest.raises(DataError) as caught, late:
        published_run(store, late)
    assert caught.value.code == "P2-D0887"
    assert [path.name for path in store.layout.output.iterdir()] == [shown]
    assert [run.state for run in store.runs()] == ["done", STATE]
    assert store.requests.find("key").state == "done"
    assert list(store.layout.temp.iterdir()) == []


# ------------------------------------------------------------ asking
def test_a_key_means_one_request_whoever_asks(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store, Store.open(tmp_path) as other:
        work = begun(store, key="key")
        with pytest.raises(DataError) as caught:
            begun(other, key="key")
        assert caught.value.code == "P2-D0886"
        assert str(os.getpid()) in caught.value.message
        with work:
            work.done({"run": "R"})
        again = other.begin(Asking("run", "x.p2", Run(script="x.p2", sha256=""), "key"), 60)
        assert isinstance(again, Request)
        assert (again.id, again.result) == (work.request_id, {"run": "R"})
        with pytest.raises(DataError) as caught:
            begun(other, "y.p2", key="key")
        assert caught.value.code == "P2-D0885"
        assert "x.p2" in caught.value.note
        assert "y.p2" in caught.value.note


@pytest.mark.parametrize("key", ["", "two words", "x" * 201, "n\nl", "ä", "\x1b[2J"])
def test_a_key_that_is_none_is_refused(store: Store, key: str) -> None:
    with pytest.raises(DataError) as caught:
        store.requests.ask("add", "a", Add(paths=("a",)), key)
    assert caught.value.code == "P2-D0869"
    assert store.requests.listed() == ()


def test_several_requests_are_asked_together_or_not_at_all(store: Store) -> None:
    many = [Asking("add", f"{n}", Add(paths=(f"{n}",)), f"key{n}") for n in range(20)]
    ids = [request.id for request in store.requests.ask_all(many)]
    assert [request.id for request in store.requests.ask_all(many)] == ids
    other = Asking("add", "x", Add(paths=("x",)), "key7")
    new = Asking("add", "new", Add(paths=("new",)), "new")
    with pytest.raises(DataError):
        store.requests.ask_all([new, other])
    assert len(store.requests.listed()) == 20


def test_names_of_files_that_are_no_text_come_back_as_they_were(store: Store) -> None:
    odd = os.fsdecode(b"/data/\xff\x1b[2J.csv")
    request = store.requests.ask("add", odd, Add(paths=(odd,)))
    assert request.body == Add(paths=(odd,))
    assert request.subject.isprintable()


def test_a_redo_says_how_often_and_with_which_parameters(store: Store) -> None:
    over: tuple[dict[str, Any], ...] = ({"lr": 0.1, "seed": 1}, {"lr": 0.2, "seed": None})
    body = Redo(bundle="experiment2", over=over, gpu_hours=24.0, task="rerun")
    store.requests.ask("redo", "experiment2", body)
    assert store.requests.listed(["queued"])[0].body == body


def test_a_request_is_found_by_id_key_and_beginning(store: Store) -> None:
    request = store.requests.ask("add", "a", Add(paths=("a",)), "nightly")
    for text in (request.id, request.id.lower(), request.id[:12], "nightly"):
        assert store.requests.find(text).id == request.id
    store.requests.ask("add", "b", Add(paths=("b",)), request.id)  # a key may look like an id
    assert store.requests.find(request.id).id == request.id
    assert store.requests.request(request.id).key == "nightly"
    for unknown in ("nightl", "01", "", request.id[:6], "' OR 1=1"):
        with pytest.raises(DataError) as caught:
            store.requests.find(unknown)
        assert caught.value.code == "P2-D0888"
