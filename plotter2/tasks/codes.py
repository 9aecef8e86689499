"""The error codes of links and tasks, one line each. No behaviour."""

from __future__ import annotations

NOT_ATTACHABLE = "P2-D0871"
NOTHING_DECLARED = "P2-D0872"
LINKS_LOOP = "P2-D0874"
LINK_OF_LINK = "P2-D0875"
UNKNOWN_LINK = "P2-D0876"
NO_LINK = "P2-D0877"
OTHER_TYPE = "P2-D0878"
SOURCE_CHANGED = "P2-D0879"
UNKNOWN_TASK = "P2-R0647"
RUNS_NOWHERE = "P2-R0648"
WAITED_TOO_LONG = "P2-R0649"
WAITS = "P2-R0650"
RELEASED_IN_VAIN = "P2-R0651"
NO_SUCH_RECEIVER = "P2-R0676"
WRONG_KEY = "P2-R0678"

CODES: dict[str, str] = {
    NOT_ATTACHABLE: "a script that cannot be attached: its name cannot be kept, or a link depends on a condition",
    NOTHING_DECLARED: "a script that declares no link and no task was to be attached",
    LINKS_LOOP: "links lead to each other in a circle",
    LINK_OF_LINK: "a link leads to another link instead of a table",
    UNKNOWN_LINK: "a mode was given for a link that the script does not declare",
    NO_LINK: "neither the bundle nor one above it has a link of this name",
    OTHER_TYPE: "a link answers with another type than is asked for",
    SOURCE_CHANGED: "what a link reads is no longer what it was when the link was declared",
    UNKNOWN_TASK: "a bundle has no task of this name",
    RUNS_NOWHERE: "a task can run neither on the bundle nor on one below it",
    WAITED_TOO_LONG: "another process did not end in time what a task collects",
    NO_SUCH_RECEIVER: "a table is handed to a task that is not there",
    WRONG_KEY: "a key opens no table that a task shares",
    WAITS: "a task that this one waits for did not end well",
    RELEASED_IN_VAIN: "a task went on with what another had released, and that one did not end well",
}
