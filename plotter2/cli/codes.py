"""The error codes of the command line, one line each. No behaviour."""

from __future__ import annotations

SCRIPT_EXISTS = "P2-E0015"
BAD_SCHEMAS = "P2-E0016"
NO_PLACE_FOR_SCRIPT = "P2-E0017"
NO_PLACE_FOR_PICTURES = "P2-E0018"
CHANGED_MEANWHILE = "P2-E0019"
NO_SCRIPTS = "P2-E0021"
NO_PLACE_FOR_LOG = "P2-S0865"
NO_PROVENANCE = "P2-D0890"
FOREIGN_PROVENANCE = "P2-D0892"
NO_TERMINAL = "P2-S0791"
DEV_WITHOUT_TERMINAL = "P2-S0892"
DRAFT_UNREAD = "P2-S0895"
USAGE = "P2-H0900"
NOT_PRINTED = "P2-H0921"
FOREIGN_TABLES = "P2-H0922"
REPL_WITHOUT_TERMINAL = "P2-H0926"
BUG = "P2-H0999"

CODES: dict[str, str] = {
    SCRIPT_EXISTS: "a new script would replace a file that is there",
    BAD_SCHEMAS: "a file with schemas does not hold schemas",
    NO_PLACE_FOR_SCRIPT: "a new script has no folder to be written to",
    NO_PLACE_FOR_PICTURES: "the folder for pictures cannot be made or written",
    CHANGED_MEANWHILE: "a script changed while it was mended or formatted",
    NO_SCRIPTS: "a folder that was named for its scripts holds none",
    NO_PLACE_FOR_LOG: "the folder for a log that is handed out is not empty",
    NO_PROVENANCE: "a picture does not say where it comes from",
    FOREIGN_PROVENANCE: "a picture says where it comes from, but not as plotter2 says it",
    NO_TERMINAL: "a passphrase is needed, and there is no terminal to ask for it",
    DRAFT_UNREAD: "a draft is approved by a person at a terminal, who reads it",
    DEV_WITHOUT_TERMINAL: "dev was started without a terminal",
    NOT_PRINTED: "the answer could not be written to standard output",
    FOREIGN_TABLES: "the parser's tables are not those that came with this release",
    REPL_WITHOUT_TERMINAL: "the REPL was started without a terminal",
    USAGE: "the words of a command do not fit",
    BUG: "an error that nobody foresaw: a bug in plotter2",
}
