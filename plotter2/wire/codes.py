"""The error codes of wire, sandbox, child frame and orchestrator, one line each. No behaviour."""

from __future__ import annotations

ZYGOTE_NOT_STARTED = "P2-H0919"
ZYGOTE_LOST = "P2-H0902"
CHILD_DIED = "P2-H0903"
WALL_LIMIT = "P2-H0904"
CPU_LIMIT = "P2-H0905"
MEMORY_LIMIT = "P2-H0906"
OUTPUT_LIMIT = "P2-H0907"
PROTOCOL_BROKEN = "P2-H0908"
MESSAGE_REFUSED = "P2-H0909"
BELOW_MINIMUM = "P2-H0910"
LAYER_FAILED = "P2-H0911"
SELF_TEST_FAILED = "P2-H0912"
UNKNOWN_MACHINE = "P2-H0913"
TASK_REFUSED = "P2-H0914"
MEMORY_NOT_MADE = "P2-H0915"
CLOSED = "P2-H0916"
SELF_TEST_BROKEN = "P2-H0930"
CHILD_BUG = "P2-R0600"
TOO_MANY_MESSAGES = "P2-H0918"
BROKEN_OFF = "P2-H0920"
QUEUE_FULL = "P2-H0940"
HOST_BUDGET = "P2-H0941"
CANCELLED = "P2-H0942"
SET_ASIDE = "P2-H0943"

CODES: dict[str, str] = {
    ZYGOTE_NOT_STARTED: "the zygote, from which children are forked, did not become ready",
    ZYGOTE_LOST: "the zygote ended or stopped answering; the next run starts a new one",
    CHILD_DIED: "the child ended without an answer; the message names the signal or exit code",
    WALL_LIMIT: "the run took longer than its wall-clock limit and was stopped (exit code 124)",
    CPU_LIMIT: "the run used more processor time than its limit and was stopped",
    MEMORY_LIMIT: "the run asked for more memory than its limit and was stopped",
    OUTPUT_LIMIT: "the run produced more output than its limit; nothing of it is kept",
    PROTOCOL_BROKEN: "the child sent what is no allowed message at that point; it was stopped",
    MESSAGE_REFUSED: "a message to send does not fit its schema or is over 64 KiB",
    BELOW_MINIMUM: "this machine cannot confine a child as well as the policy asks for",
    LAYER_FAILED: "a layer of the sandbox failed while it was put on; the child ended",
    SELF_TEST_FAILED: "the confined child could still do a forbidden thing; it ended",
    UNKNOWN_MACHINE: "the sandbox has no table of system calls for this processor; nothing is run",
    TASK_REFUSED: "a task asks for too many files or for limits outside the allowed range",
    MEMORY_NOT_MADE: "shared memory for a run could not be made, filled or sealed",
    CLOSED: "the orchestrator was closed; no more work is taken",
    SELF_TEST_BROKEN: "the self-test of the sandbox could not be made",
    CHILD_BUG: "an error inside the child that nobody foresaw: a bug in plotter2",
    TOO_MANY_MESSAGES: "the run sent more messages (log lines, tables) than one run may",
    BROKEN_OFF: "the run was broken off from outside (Ctrl-C); only its record says so",
    QUEUE_FULL: "too many tasks wait for a child already; this one was not taken",
    HOST_BUDGET: "a task may need more than all tasks of a host together may use, or that is used up",
    CANCELLED: "the run was cancelled by who asked for it; nothing of it is kept",
    SET_ASIDE: "three children died under the same work; it is not tried again by this process",
}

OUTCOMES: dict[str, str] = {
    PROTOCOL_BROKEN: "protocol",
    WALL_LIMIT: "wall",
    CPU_LIMIT: "cpu",
    MEMORY_LIMIT: "memory",
    OUTPUT_LIMIT: "output",
    TOO_MANY_MESSAGES: "output",
    CHILD_DIED: "died",
    CANCELLED: "cancelled",
    BELOW_MINIMUM: "refused",
    QUEUE_FULL: "refused",
    HOST_BUDGET: "refused",
    SET_ASIDE: "refused",
}
"""In one word what became of a run that ended with this code; of every other code it is "failed"."""


def outcome_of(code: str) -> str:
    """Give in one word what became of a run that ended with an error."""
    return OUTCOMES.get(code, "failed")
