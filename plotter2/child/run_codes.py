"""The error codes of a run inside the child, one line each. Kernels have theirs in `p2std.errors`. No behaviour."""

from __future__ import annotations

from typing import Final

IMPOSED = "P2-R0601"
MORE_ROWS = "P2-R0602"
COLUMN_DIFFERS = "P2-R0603"
COLUMN_LACKING = "P2-R0604"
TABLE_LACKING = "P2-R0605"
NOTHING_DRAWABLE = "P2-R0606"
SHAPE_DIFFERS = "P2-R0607"
SAME_NAME = "P2-R0608"
NOT_COMPUTED = "P2-R0609"
MORE_WORK = "P2-R0615"
NO_MOMENT = "P2-R0640"
FOR_A_BUNDLE = "P2-R0641"
NO_ANSWER = "P2-R0643"
LINK_DIFFERS = "P2-R0644"
TOO_LONG_TO_ASK = "P2-R0645"
SCRIPT_UNFIT = "P2-R0690"
SCRIPT_FAILED = "P2-R0691"
SCRIPT_NAME = "P2-R0692"
SCRIPT_LIMIT = "P2-R0693"
SCRIPT_COLUMNS = "P2-R0694"
SCRIPT_VALUE = "P2-R0695"

CODES: Final[dict[str, str]] = {
    IMPOSED: "a condition that the script imposes does not hold",
    MORE_ROWS: "a bundle or a step gives more rows than the script was checked for",
    COLUMN_DIFFERS: "a stored column does not hold what its schema says",
    COLUMN_LACKING: "a column that the program reads was not handed over",
    TABLE_LACKING: "a bundle that the program reads was not handed over",
    NOTHING_DRAWABLE: "a frame has no mark and its table no column that could be drawn without one",
    SHAPE_DIFFERS: "an operation gave other columns than it was checked for: a bug in plotter2",
    SAME_NAME: "two plots of one script have the same name",
    NOT_COMPUTED: "the data do not allow a computation",
    MORE_WORK: "the run takes more work than the script was checked for: a bug in plotter2",
    NO_MOMENT: "the column that a film goes over has no value",
    FOR_A_BUNDLE: "something runs only in a task of a script that is attached to a bundle",
    NO_ANSWER: "a task asks for a table that nothing answers for",
    LINK_DIFFERS: "a link does not give what it was declared to give",
    SCRIPT_UNFIT: "the text of a step in Python is not Python that may run here",
    SCRIPT_FAILED: "a step in Python met an error",
    SCRIPT_NAME: "a step in Python names something that is not there",
    SCRIPT_LIMIT: "a step in Python makes something larger than it may, or takes too many steps",
    SCRIPT_COLUMNS: "a step in Python gives other columns than it promises",
    SCRIPT_VALUE: "a step in Python gives a value of another type than it promises",
    TOO_LONG_TO_ASK: "one row of parameters of a `redo` is too long to be asked for",
}
