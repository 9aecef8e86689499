"""What each node of a run took and gave: rows, work, time. Values, and what is behind a node."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from p2lang.verifier import Program


@dataclass
class Account:
    """What a node took and gave, in rows, and how long it took; `drops` when it only leaves rows out,
    `reads` when it reads stored rows. `units` is its work, `said` what it printed.

    Lazy nodes' time shows at the next computed one. A result that was handed in took neither time nor work.
    """

    id: str
    op: str
    taken: tuple[int, ...]
    given: int
    ms: float
    drops: bool = False
    reads: bool = False
    units: int = 0
    said: tuple[str, ...] = ()


def accounts_behind(
    program: Program, accounts: Mapping[str, Account], sources: Iterable[str]
) -> list[Account]:
    """Give the accounts of nodes and of all that they were made of, in the program's order."""
    found = set(sources)
    for node in reversed(program.nodes):
        if node.id in found:
            found.update(node.inputs)
    return [accounts[n.id] for n in program.nodes if n.id in found and n.id in accounts]


def units_since(
    program: Program, accounts: Mapping[str, Account], node: str, held: frozenset[str]
) -> int:
    """Give the work that went into a node's result, from the results before it on that are `held`."""
    found, pending = {node}, [node]
    while pending:
        new = {name for name in program[pending.pop()].inputs if name not in held} - found
        found |= new
        pending += new
    return sum(accounts[name].units for name in found if name in accounts)
