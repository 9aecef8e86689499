"""Why a log, a checkpoint, a proof or a countersignature is refused."""

from __future__ import annotations

from p2sign.causes.model import Cause

LOG_BACK = (
    "get log/run back from a safe copy, or set the folder aside, and the next run begins a new log"
)
"""What helps where a log is not what its checkpoint says."""

LOGS = (
    Cause(
        "P2-S0850",
        "E_LOG_NOTE",
        "this is not a checkpoint of a log in its one form",
        "give the file as plotter2 log checkpoint -o FILE wrote it",
    ),
    Cause(
        "P2-S0851",
        "E_LOG_KEY",
        "the checkpoint is not signed by the key of this log",
        "it belongs to another log, or this log was replaced: compare the keys that plotter2 log checkpoint prints",
    ),
    Cause(
        "P2-S0852",
        "E_LOG_SIGNATURE",
        "a signature of the log's key does not fit the checkpoint: one of the two was changed",
        LOG_BACK,
    ),
    Cause(
        "P2-S0853",
        "E_LOG_ENTRY",
        "the entries of the log do not hash to the root of its checkpoint: an entry was changed, dropped or moved",
        LOG_BACK,
    ),
    Cause(
        "P2-S0854",
        "E_LOG_SHORT",
        "the log has fewer entries than a checkpoint covers: its end was cut off, or an older log was put in its place",
        LOG_BACK,
    ),
    Cause(
        "P2-S0855",
        "E_LOG_FORK",
        "the log does not begin with the entries that the checkpoint covers: its history was rewritten",
        "ask who has the key of the log; what others hold checkpoints of is the history that counts",
    ),
    Cause(
        "P2-S0856",
        "E_LOG_PROOF",
        "the proof does not lead from the entry to the root of the checkpoint",
        "get the proof anew: plotter2 log prove RUN -o FILE",
    ),
    Cause(
        "P2-S0857",
        "E_LOG_FORM",
        "an entry of the log is not one line of sorted JSON of at most 65535 bytes",
        LOG_BACK,
    ),
    Cause(
        "P2-S0858",
        "E_LOG_WITNESS",
        "the file beside a checkpoint does not hold countersignatures of it and nothing else",
        "countersign it again: plotter2 log witness CHECKPOINT_FILE",
    ),
)
"""Of the run log."""
