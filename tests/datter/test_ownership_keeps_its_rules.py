"""Whatever tasks try, in whatever order: a table has one owner at most, and only the owner changes that."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plotter2.datter.ownership import Ownership
from plotter2.datter.transfers import Holder, Transfer, digest_of_key
from plotter2.errors import RunError

TASKS = tuple(Holder(bundle="B", home="B", script="x.p2", task=name) for name in "abc")
EXPOSER = TASKS[0]
HOWS = st.sampled_from(["share", "handin", "handoff", "register", "deregister"])
TRIED = st.lists(st.tuples(st.sampled_from(TASKS), HOWS, st.sampled_from(TASKS)), max_size=12)


def transfer(actor: Holder, how: str, to: Holder) -> Transfer:
    receiver = {"share": to, "handin": to, "register": actor}.get(how)
    return Transfer(how=how, run="R", table="t", of=EXPOSER, to=receiver)  # type: ignore[arg-type]


def carried_out(owned: Ownership, actor: Holder, how: str, to: Holder) -> bool:
    try:
        owned.carry_out(actor, transfer(actor, how, to))
    except RunError as error:
        return not error.help  # every refusal says what to do
    return True


@given(tried=TRIED)
def test_only_the_owner_changes_who_owns_a_table(
    tried: list[tuple[Holder, str, Holder]],
) -> None:
    owned = Ownership()
    for actor, how, to in tried:
        before = owned.of("R", "t", EXPOSER)
        allowed = carried_out(owned, actor, how, to)
        after = owned.of("R", "t", EXPOSER)
        if not allowed:
            assert after == before
            assert before.handed_off or before.owner != actor or how == "register"
            continue
        assert not before.handed_off
        assert before.owner == (None if how == "register" else actor)
        assert after.handed_off == (how == "handoff")
        assert after.owner == {
            "share": actor, "handin": to, "handoff": None, "register": actor, "deregister": None,
        }[how]  # fmt: skip


@given(tried=TRIED)
def test_what_was_allowed_is_the_same_when_it_is_replayed(
    tried: list[tuple[Holder, str, Holder]],
) -> None:
    owned, again = Ownership(), Ownership()
    for actor, how, to in tried:
        if carried_out(owned, actor, how, to):
            again.enter(transfer(actor, how, to))
    assert again == owned


def test_a_key_opens_what_was_shared_by_it_and_nothing_that_was_dropped() -> None:
    owned = Ownership()
    stranger = another("stranger")
    key = digest_of_key("lab")
    assert not owned.of("R", "t", EXPOSER).is_read_by(stranger, key)
    owned.enter(Transfer(how="share", run="R", table="t", of=EXPOSER, key=key))
    held = owned.of("R", "t", EXPOSER)
    assert held.is_read_by(stranger, key)
    assert not held.is_read_by(stranger, digest_of_key("bal"))
    assert not held.is_read_by(stranger)
    assert held.is_read_by(EXPOSER)
    assert not replace(held, owner=None).is_read_by(stranger, key)


def another(name: str) -> Holder:
    return Holder(bundle="B", home="B", script="y.p2", task=name)


def test_an_owner_whose_script_is_gone_can_be_succeeded() -> None:
    wanted = transfer(TASKS[1], "register", TASKS[1])
    with pytest.raises(RunError):
        Ownership().carry_out(TASKS[1], wanted)
    owned = Ownership(is_gone=lambda holder: holder == EXPOSER)
    owned.carry_out(TASKS[1], wanted)
    assert owned.of("R", "t", EXPOSER).owner == TASKS[1]
