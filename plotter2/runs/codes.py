"""The error codes of what comes before a run: opening a script, its texts in Python, binding its data. No behaviour."""

from __future__ import annotations

NOT_THERE = "P2-E0011"
NOT_A_FILE = "P2-E0012"
CHANGED = "P2-E0013"
UNREADABLE = "P2-E0014"
NO_SCRIPT = "P2-E0022"
NO_PYTHON = "P2-E0287"
NOT_LOOKED_AT = "P2-W0413"
TOO_MANY_TABLES = "P2-R0620"
UNKNOWN_FORMAT = "P2-R0621"
NO_MOMENT = "P2-R0622"
ANSWERED_BY_LINK = "P2-R0679"
NO_END = "P2-R0642"
GAVE_UP = "P2-R0646"

CODES: dict[str, str] = {
    NOT_THERE: "there is no file of this name",
    NOT_A_FILE: "what is to be read is a symbolic link, a folder, a device or a pipe",
    CHANGED: "a file changed while it was read",
    UNREADABLE: "the system refused to read a file",
    NO_SCRIPT: "a file is named where a script is wanted, and its name does not end in .p2",
    NO_PYTHON: "the text of a step in Python is no Python",
    NOT_LOOKED_AT: "the texts of steps in Python could not be looked at",
    TOO_MANY_TABLES: "a script reads more different tables than a child can be given",
    NO_MOMENT: "a param that a source chooses by is no day and no time",
    UNKNOWN_FORMAT: "a picture is asked for in a file format that is not drawn",
    ANSWERED_BY_LINK: "a task hands on what a link answers, which no task owns",
    NO_END: "rows are asked for since or before the end of a task that has not ended yet",
    GAVE_UP: "a task gave up, and published nothing",
}
