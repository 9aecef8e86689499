"""Whether entries are those that a checkpoint covers, and whether a log still begins with what it once was."""

from __future__ import annotations

from collections.abc import Sequence

from p2sign.log.checkpoint import Checkpoint
from p2sign.log.tree import Tree
from p2sign.refusal import Refusal


def checked_tree(leaves: Sequence[bytes], checkpoint: Checkpoint) -> Tree:
    """Give the tree of the leaves when its own checkpoint fits; there may be more leaves than it covers.

    Raises Refusal E_LOG_SHORT, E_LOG_ENTRY.
    """
    if len(leaves) < checkpoint.size:
        raise Refusal(
            "E_LOG_SHORT",
            f"the log has {len(leaves)} entries, and its checkpoint covers {checkpoint.size}",
        )
    tree = Tree(leaves)
    if tree.root(checkpoint.size) != checkpoint.root:
        raise Refusal("E_LOG_ENTRY")
    return tree


def require_history(tree: Tree, covered: int, old: Checkpoint) -> None:
    """Refuse unless the first `covered` leaves begin with those that an older checkpoint of the log covers.

    Raises Refusal E_LOG_SHORT, E_LOG_FORK.
    """
    if old.size > covered:
        raise Refusal(
            "E_LOG_SHORT",
            f"the log has {covered} entries, and the checkpoint covers {old.size}: "
            "its end was cut off, or an older log was put in its place",
        )
    if tree.root(old.size) != old.root:
        raise Refusal("E_LOG_FORK")
