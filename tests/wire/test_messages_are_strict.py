"""A message goes over the wire and comes back the same; everything else is refused, and nothing else happens."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from plotter2.errors import HostError
from plotter2.wire import codes, zygote
from plotter2.wire.codec import decode_from_child, decode_from_host, encode
from plotter2.wire.messages import (
    MESSAGE_LIMIT,
    Blob,
    ColumnFound,
    ColumnKept,
    Confined,
    Done,
    Failed,
    FromChild,
    GaveUp,
    Hello,
    Job,
    LineRefused,
    Note,
    Progress,
    ReadFile,
    ReadJob,
    RedoAsked,
    Released,
    RowsCounted,
    RunFound,
    RunJob,
    TableFound,
    Terms,
)
from plotter2.wire.order import TRANSITIONS, State, step

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
COUNTS = st.integers(0, 2**53)
FLOATS = st.floats(allow_nan=False)
SCALARS = st.one_of(FLOATS, st.integers(-(2**63), 2**64 - 1), st.booleans(), TEXTS, st.none())
SCALAR_MAPS = st.dictionaries(NAMES, SCALARS, max_size=4)
FLAGS = st.dictionaries(NAMES, st.booleans(), max_size=4)
TERMS = Terms(cpu_seconds=1, memory_bytes=1, minimum="B", debug=False)
SPANS = st.none() | st.tuples(COUNTS, COUNTS)

FROM_CHILD: st.SearchStrategy[FromChild] = st.one_of(
    st.builds(Hello, protocol=COUNTS, pid=COUNTS),
    st.builds(
        Confined,
        level=st.sampled_from(["A", "B", "C", "none"]),
        layers=FLAGS,
        missing=st.dictionaries(NAMES, NAMES, max_size=3),
        probes=FLAGS,
        confine_ms=FLOATS,
    ),
    st.builds(Progress, stage=NAMES, done=COUNTS, total=COUNTS, unit=TEXTS),
    st.builds(Note, level=st.sampled_from(["debug", "lint"]), text=TEXTS),
    st.builds(Blob, name=NAMES, kind=NAMES, offset=COUNTS, length=COUNTS),
    st.builds(
        ColumnFound,
        table=NAMES,
        name=NAMES,
        dtype=NAMES,
        rows=COUNTS,
        nulls=COUNTS,
        features=SCALAR_MAPS,
        offset=COUNTS,
        length=COUNTS,
    ),
    st.builds(
        ColumnKept,
        table=NAMES,
        name=NAMES,
        dtype=NAMES,
        rows=COUNTS,
        nulls=COUNTS,
        features=SCALAR_MAPS,
        piece=COUNTS,
    ),
    st.builds(TableFound, table=NAMES, rows=COUNTS, skipped_bytes=COUNTS, notes=st.lists(TEXTS)),
    st.builds(
        LineRefused,
        table=NAMES,
        line=COUNTS,
        offset=COUNTS,
        length=COUNTS,
        code=NAMES,
        why=TEXTS,
    ),
    st.builds(
        RunFound,
        name=NAMES,
        experiment=TEXTS,
        run_id=TEXTS,
        state=TEXTS,
        params=SCALAR_MAPS,
        repeat=SCALAR_MAPS,
        axes=st.lists(NAMES, max_size=3),
        definitions=st.dictionaries(NAMES, st.dictionaries(NAMES, TEXTS, max_size=2), max_size=2),
    ),
    st.builds(
        RowsCounted,
        plot=NAMES,
        read=COUNTS,
        filtered=COUNTS,
        null=COUNTS,
        decimated=COUNTS,
        drawn=COUNTS,
        layers=COUNTS,
        nodes=st.dictionaries(NAMES, st.tuples(COUNTS, COUNTS), max_size=3),
    ),
    st.builds(
        RedoAsked,
        node=NAMES,
        bundle=NAMES,
        hours=st.floats(0, 1e6),
        keep=st.sampled_from(["all", "best"]),
        columns=st.lists(NAMES, min_size=1, max_size=3),
        first=COUNTS,
        total=COUNTS,
        rows=st.lists(st.lists(SCALARS, max_size=3), min_size=1, max_size=3),
    ),
    st.just(Released()),
    st.builds(GaveUp, reason=TEXTS),
    st.builds(Failed, code=NAMES, message=TEXTS, where=TEXTS, help=TEXTS, note=TEXTS, span=SPANS),
    st.builds(Done, timings_ms=st.dictionaries(NAMES, FLOATS, max_size=3)),
)
JOBS: st.SearchStrategy[Job] = st.one_of(
    st.builds(
        RunJob,
        formats=st.lists(st.sampled_from(["png", "svg", "pdf"]), max_size=3),
        params=st.dictionaries(NAMES, SCALARS | st.lists(SCALARS, max_size=3), max_size=3),
    ),
    st.builds(
        ReadJob,
        files=st.lists(
            st.builds(
                ReadFile,
                name=NAMES,
                format=st.sampled_from(["csv", "l2run"]),
                fd=st.integers(1, 39),
                offset=COUNTS,
                length=st.none() | COUNTS,
            ),
            max_size=3,
        ),
        max_rows=COUNTS,
    ),
)


@given(FROM_CHILD)
def test_what_a_child_says_comes_back_the_same(message: FromChild) -> None:
    assert decode_from_child(encode(message)) == message


@given(JOBS)
def test_a_job_comes_back_the_same(job: Job) -> None:
    assert decode_from_host(encode(job)) == job


@given(st.builds(Terms, cpu_seconds=COUNTS, memory_bytes=COUNTS, minimum=st.just("A")))
def test_terms_come_back_the_same(terms: Terms) -> None:
    assert decode_from_host(encode(terms)) == terms


@given(st.binary(max_size=200))
@example(b"\x81\xa1\x80")
@example(b"\x82\xa4type\xa1\xff")
@example(b"\x91" * 200)
def test_random_bytes_are_refused_and_nothing_else_happens(data: bytes) -> None:
    for decode in (
        decode_from_child,
        decode_from_host,
        zygote.decode_from_zygote,
        zygote.decode_order,
    ):
        with pytest.raises(HostError) as caught:
            decode(data)
        assert caught.value.code == codes.PROTOCOL_BROKEN


@given(FROM_CHILD, st.data())
def test_a_damaged_message_is_refused_or_is_another_canonical_one(
    message: FromChild, data: st.DataObject
) -> None:
    raw = bytearray(encode(message))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        read = decode_from_child(bytes(raw))
    except HostError:
        return
    assert encode(read) == raw


GOOD: dict[str, Any] = {"type": "blob", "name": "a", "kind": "png", "offset": 0, "length": 1}


@pytest.mark.parametrize(
    "change",
    [
        {"extra": 1},
        {"type": "order"},
        {"type": 7},
        {"name": ""},
        {"name": None},
        {"name": b"a"},
        {"offset": -1},
        {"offset": 1.5},
        {"offset": True},
        {"offset": "0"},
        {"length": 2**60},
        {"name": "x" * 1025},
    ],
)
def test_a_field_that_breaks_the_schema_is_refused(change: dict[str, Any]) -> None:
    assert decode_from_child(msgspec.msgpack.encode(GOOD)).length == 1  # type: ignore[union-attr]
    with pytest.raises(HostError):
        decode_from_child(msgspec.msgpack.encode(GOOD | change))


def test_a_key_twice_an_order_of_its_own_and_a_tail_are_refused() -> None:
    data = msgspec.msgpack.encode(GOOD)
    twice = bytes([data[0] + 1]) + data[1:] + b"\xa6length\x02"
    other_order = msgspec.msgpack.encode(dict(reversed(GOOD.items())))
    padded = data[:-1] + b"\xcc\x01"
    for wrong in (twice, other_order, padded, data + b"\x00", data[:-1], b""):
        with pytest.raises(HostError):
            decode_from_child(wrong)


def test_a_job_is_nothing_a_child_may_say_and_the_other_way_round() -> None:
    with pytest.raises(HostError):
        decode_from_child(encode(RunJob(formats=[])))
    with pytest.raises(HostError):
        decode_from_host(encode(Done()))


@pytest.mark.parametrize(
    "message",
    [
        Note(level="loud", text="x"),  # type: ignore[arg-type]
        Blob(name="", kind="png", offset=0, length=0),
        Done(timings_ms={"a": "b"}),  # type: ignore[dict-item]
        Failed(code="x", message="\ud800"),
        RunJob(formats=["jpg"]),  # type: ignore[list-item]
        RunJob(formats=[], params={"a": object()}),  # type: ignore[dict-item]
        RunJob(formats=[], params={"a": 1 << 70}),
        TableFound(table="t", rows=1, notes=["x" * 16_000] * 5),
    ],
)
def test_a_wrong_or_oversized_message_is_refused_before_it_is_sent(message: FromChild) -> None:
    with pytest.raises(HostError) as caught:
        encode(message)
    assert caught.value.code == codes.MESSAGE_REFUSED


def test_an_int_where_a_float_belongs_arrives_as_a_float() -> None:
    read = decode_from_child(encode(Done(timings_ms={"draw": 3})))
    assert isinstance(read, Done)
    assert isinstance(read.timings_ms["draw"], float)


def test_a_message_over_the_limit_is_refused_unread() -> None:
    with pytest.raises(HostError, match="over 65536 bytes"):
        decode_from_child(bytes(MESSAGE_LIMIT + 1))


WAY = [
    (State.STARTED, Hello(protocol=1, pid=1), State.GREETED),
    (
        State.GREETED,
        Confined(level="A", layers={}, missing={}, probes={}, confine_ms=1.0),
        State.CONFINED,
    ),
    (State.CONFINED, TERMS, State.AGREED),
    (State.AGREED, RunJob(formats=[]), State.WORKING),
    (State.AGREED, ReadJob(files=[]), State.WORKING),
    (State.WORKING, Note(level="info", text=""), State.WORKING),
    (State.WORKING, Blob(name="a", kind="png", offset=0, length=0), State.WORKING),
    (State.WORKING, Released(), State.RELEASED),
    (State.RELEASED, Note(level="info", text=""), State.RELEASED),
    (State.WORKING, Done(), State.ENDED),
    (State.RELEASED, Done(), State.ENDED),
]


@pytest.mark.parametrize(("before", "message", "after"), WAY)
def test_the_way_of_a_good_child(before: State, message: Any, after: State) -> None:
    assert step(before, message) is after


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("message", [way[1] for way in WAY])
def test_a_message_out_of_turn_is_refused(state: State, message: Any) -> None:
    if type(message) in TRANSITIONS[state]:
        return
    with pytest.raises(HostError) as caught:
        step(state, message)
    assert caught.value.code == codes.PROTOCOL_BROKEN


@pytest.mark.parametrize("state", set(State) - {State.ENDED})
def test_a_child_may_fail_at_any_time_but_after_its_last_word(state: State) -> None:
    assert step(state, Failed(code="x", message="y")) is State.ENDED


def test_every_code_has_its_line() -> None:
    names = {
        value for name, value in vars(codes).items() if name.isupper() and isinstance(value, str)
    }
    assert names == set(codes.CODES)


def test_what_became_of_a_run_is_one_word() -> None:
    assert codes.outcome_of(codes.PROTOCOL_BROKEN) == "protocol"
    assert codes.outcome_of(codes.CANCELLED) == "cancelled"
    assert codes.outcome_of("P2-R0602") == "failed"
    assert codes.OUTCOMES.keys() <= codes.CODES.keys()
