"""The error codes of staging, one line each. No behaviour."""

from __future__ import annotations

NO_SUCH_PATH = "P2-D0830"
NOTHING_TO_READ = "P2-D0831"
NOT_A_FILE = "P2-D0832"
TOO_LARGE = "P2-D0833"
NO_READER = "P2-D0834"
NO_ROWS = "P2-D0835"
CHANGED = "P2-D0836"
ANSWER_BROKEN = "P2-D0837"
SAME_NAME = "P2-D0838"
TOO_MANY_FILES = "P2-D0839"
INBOX_HELD = "P2-D0860"
NOT_IN_QUARANTINE = "P2-D0861"
LINES_ARE_NO_ITEM = "P2-D0862"
REASON_LOST = "P2-D0863"
REST = "P2-D0864"
TOO_MUCH_KEPT = "P2-D0926"
SEVERAL_UNREADABLE = "P2-D0928"

CODES: dict[str, str] = {
    NO_SUCH_PATH: "a path to add does not exist or may not be read",
    NOTHING_TO_READ: "a folder to add holds no file that can be read",
    NOT_A_FILE: "what is to be read is a symbolic link, a device or a pipe",
    TOO_LARGE: "a file is larger than may be read",
    NO_READER: "the file is a pickle, which is never read",
    NO_ROWS: "nothing that was read has any rows",
    CHANGED: "a file became shorter, or was written, while it was read",
    ANSWER_BROKEN: "the reader's answer does not fit together; nothing of it is kept",
    SAME_NAME: "two of the paths would become bundles of the same name",
    TOO_MANY_FILES: "a folder holds more files or deeper folders than may be added at once",
    INBOX_HELD: "another process watches this inbox already",
    NOT_IN_QUARANTINE: "nothing in quarantine has this id, or several things have",
    LINES_ARE_NO_ITEM: "lines of a file, or files of a folder, whose rest is stored cannot be tried again",
    REASON_LOST: "the file that says why something is in quarantine is missing or damaged",
    REST: "files of a folder that no bundle takes are kept; what was read is stored",
    TOO_MUCH_KEPT: "a bundle would keep more files, or more bytes of files, than the settings allow",
    SEVERAL_UNREADABLE: "several files of what is to be added cannot be read",
}
