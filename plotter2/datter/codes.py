"""The error codes of the store, one line each. No behaviour."""

from __future__ import annotations

DISK_FULL = "P2-D0801"
NOT_WRITABLE = "P2-D0802"
SYNC_FAILED = "P2-D0803"
IO_FAILED = "P2-D0804"
SQLITE_TOO_OLD = "P2-D0805"
REGISTRY_DAMAGED = "P2-D0806"
REGISTRY_NEWER = "P2-D0807"
STORE_BUSY = "P2-D0808"
OTHER_FILE_SYSTEM = "P2-D0809"
UNKNOWN_BUNDLE = "P2-D0810"
AMBIGUOUS = "P2-D0811"
WHICH_TABLE = "P2-D0812"
UNKNOWN_TABLE = "P2-D0813"
CONFLICT = "P2-D0814"
BAD_NAME = "P2-D0815"
OBJECT_DAMAGED = "P2-D0816"
BUNDLE_DAMAGED = "P2-D0817"
NO_TABLE = "P2-D0818"
UNKNOWN_COLUMN = "P2-D0819"
NAME_TAKEN = "P2-D0820"
OUTPUT_REFUSED = "P2-D0821"
TOO_MANY_COLUMNS = "P2-D0822"
DATA_CHANGED = "P2-D0823"
ARCHIVED = "P2-D0824"
NOT_ARCHIVED = "P2-D0825"
BAD_CONDITION = "P2-D0826"
IN_ITS_PLACE = "P2-D0827"
UNKNOWN_ITEM = "P2-D0828"
STILL_DAMAGED = "P2-D0829"
NO_ROOT = "P2-D0865"
NOTHING_LEFT = "P2-D0866"
NOT_THE_OWNER = "P2-R0673"
OF_THE_BUNDLE = "P2-R0674"
DROPPED = "P2-R0675"
OWNED_ALREADY = "P2-R0677"
NOT_ATTACHED = "P2-D0870"
DECLARED_TWICE = "P2-D0873"
BAD_REQUEST_KEY = "P2-D0869"
KEY_TAKEN = "P2-D0885"
IN_PROGRESS = "P2-D0886"
LEASE_LOST = "P2-D0887"
UNKNOWN_REQUEST = "P2-D0888"
REQUEST_ENDED = "P2-D0889"
NOT_A_TARGET = "P2-D0910"
IS_A_COPY = "P2-D0911"
OTHER_HISTORY = "P2-D0912"
NOT_COPIED = "P2-D0913"
COPY_DAMAGED = "P2-D0914"
NO_COPY = "P2-D0915"
BAD_PATH = "P2-D0925"
NO_SUCH_FILE = "P2-D0927"

SURELY_UNDONE = frozenset({DISK_FULL, STORE_BUSY, NOT_WRITABLE})
"""With these SQLite rolled the transaction back; after a failed sync nobody knows."""

CODES: dict[str, str] = {
    DISK_FULL: "there is no room left where the store is; nothing half-written was kept",
    NOT_WRITABLE: "the store's folder, or a part of it, may not be written",
    SYNC_FAILED: "the disk did not confirm that it stored the bytes; the step was given up",
    IO_FAILED: "the system refused to read or write a file of the store",
    SQLITE_TOO_OLD: "the SQLite library has a known error that can lose committed rows",
    REGISTRY_DAMAGED: "the registry (the index of bundles) cannot be read; it can be rebuilt",
    REGISTRY_NEWER: "the registry was written by a newer release of plotter2",
    STORE_BUSY: "another process held the store for too long",
    OTHER_FILE_SYSTEM: "two folders of the store lie on different file systems",
    UNKNOWN_BUNDLE: "no bundle has this name or id",
    AMBIGUOUS: "a name or id prefix means more than one thing",
    WHICH_TABLE: "a bundle holds several tables and none was chosen",
    UNKNOWN_TABLE: "the bundle has no table of this name",
    CONFLICT: "a column has types or units that do not go together in the selected runs",
    BAD_NAME: "a bundle name or a selector is not well formed",
    OBJECT_DAMAGED: "a stored column is missing or does not have the bytes its name promises",
    BUNDLE_DAMAGED: "a bundle's description is missing or not what was committed",
    NO_TABLE: "what was selected holds no table",
    UNKNOWN_COLUMN: "a column was asked for that the selected tables do not have",
    NAME_TAKEN: "the new name of a bundle belongs to another bundle",
    OUTPUT_REFUSED: "an artefact's name cannot be a file name",
    TOO_MANY_COLUMNS: "stacking the selected tables would give more columns than allowed",
    ARCHIVED: "the bundle is archived; its data is kept",
    NOT_ARCHIVED: "nothing of this name is archived, so nothing can be brought back",
    BAD_CONDITION: "a condition on params or dates is not well formed",
    IN_ITS_PLACE: "what was set aside cannot be given back: something is in its place",
    UNKNOWN_ITEM: "nothing of this id was set aside",
    STILL_DAMAGED: "what was set aside is still damaged and stays there",
    NO_ROOT: "there is no root in this folder",
    NOTHING_LEFT: "no bundle fulfils the conditions on params and time",
    NOT_ATTACHED: "nothing of this name is attached to the bundle",
    NOT_A_TARGET: "the folder for a safe copy, or for a restored root, holds something else",
    IS_A_COPY: "the root is a safe copy of another one and is not changed",
    OTHER_HISTORY: "a safe copy and a root are not of the same history",
    NOT_COPIED: "something of the store is damaged or missing and could not be copied",
    COPY_DAMAGED: "a safe copy is damaged or not whole",
    NO_COPY: "there is nothing to restore from",
    BAD_PATH: "a file or an array has a path that a bundle cannot hold, or holds already",
    NO_SUCH_FILE: "a bundle has no file and no array of this path",
    DECLARED_TWICE: "two scripts that are attached to one bundle declare the same name",
    NOT_THE_OWNER: "a task hands on a table that another task owns",
    OF_THE_BUNDLE: "a task changes who owns a table that was handed off to the bundle",
    DROPPED: "a table was dropped by its task: nobody owns it, and nobody reads it",
    OWNED_ALREADY: "a task claims a table that somebody owns",
    DATA_CHANGED: "the stored data is no longer what the script was checked against",
    BAD_REQUEST_KEY: "a text cannot be the key of a request",
    KEY_TAKEN: "the key of a request was used for something else",
    IN_PROGRESS: "a living process is at work on the request",
    LEASE_LOST: "the request was given to another process, so this attempt at it counts no more",
    UNKNOWN_REQUEST: "no request has this id or key",
    REQUEST_ENDED: "the request has ended, and what was wanted needs an open one",
}
