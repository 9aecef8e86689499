"""Every attack of the corpus is refused with its own name, and the same material without the attack passes."""

from __future__ import annotations

import pytest

from p2sign.causes import CAUSES
from signing_attacks import Attack, Control, corpus, names, outcome

CORPUS = corpus()


@pytest.mark.parametrize(
    "attack", [attack for _, attack in CORPUS.attacks], ids=list(names(CORPUS.attacks))
)
def test_the_attack_is_refused_with_its_name(attack: Attack) -> None:
    assert outcome(attack) == attack.refused


@pytest.mark.parametrize(
    "control", [control for _, control in CORPUS.controls], ids=list(names(CORPUS.controls))
)
def test_the_same_without_an_attack_passes(control: Control) -> None:
    assert outcome(control) == ""


def test_no_attack_stands_there_twice_and_each_class_has_controls() -> None:
    known = [entry.name for _, entry in (*CORPUS.attacks, *CORPUS.controls)]
    assert len(set(known)) == len(known)
    assert {of for of, _ in CORPUS.attacks} == {of for of, _ in CORPUS.controls}
    assert {attack.refused for _, attack in CORPUS.attacks} <= set(CAUSES)
