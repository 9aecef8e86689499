"""The error codes of the readers, one line each. No behaviour."""

from __future__ import annotations

EMPTY = "P2-D0840"
BINARY = "P2-D0841"
LFS_POINTER = "P2-D0842"
NOT_UTF8 = "P2-D0843"
RAGGED = "P2-D0844"
DUPLICATE_COLUMN = "P2-D0845"
BAD_JSON = "P2-D0846"
TOO_MANY_ROWS = "P2-D0847"
TOO_MANY_COLUMNS = "P2-D0848"
TEXT_TOO_LONG = "P2-D0849"
TOO_DEEP = "P2-D0850"
BAD_QUOTES = "P2-D0851"
NOT_AN_OBJECT = "P2-D0852"
DUPLICATE_KEY = "P2-D0853"
BAD_COLUMN_NAME = "P2-D0854"
BAD_PARAMS = "P2-D0855"
BAD_RUN = "P2-D0856"
BAD_ARROW = "P2-D0857"
NO_COLUMN_TYPE = "P2-D0858"
EXPANDS = "P2-D0930"
POINTS_OUTSIDE = "P2-D0931"
HOLDS_OBJECTS = "P2-D0932"
BAD_HDF5 = "P2-D0933"
BAD_NUMPY = "P2-D0934"
BAD_PARQUET = "P2-D0935"
UNKNOWN_PACKING = "P2-D0936"
TOO_MANY_PARTS = "P2-D0937"
NO_TABLE = "P2-D0938"
UNKNOWN_CONTENT = "P2-D0939"
BAD_EVENTS = "P2-D0940"
BAD_MLFLOW = "P2-D0941"
BAD_WANDB = "P2-D0942"
BAD_IMAGE = "P2-D0943"
BAD_DATABASE = "P2-D0944"
BAD_AXES = "P2-D0945"

CODES: dict[str, str] = {
    EMPTY: "the file has no content",
    BINARY: "the file is not text, but was given as text",
    LFS_POINTER: "the file is a Git-LFS pointer; the data itself was never fetched",
    NOT_UTF8: "the text is not UTF-8",
    RAGGED: "a line of a CSV file has more or fewer fields than the others",
    DUPLICATE_COLUMN: "two columns have the same name",
    BAD_JSON: "too many lines of a file, not only the last one, are no JSON",
    TOO_MANY_ROWS: "the table has more rows than may be read",
    TOO_MANY_COLUMNS: "the table has more columns than may be read",
    TEXT_TOO_LONG: "a single value or line is longer than may be read",
    TOO_DEEP: "objects are nested more deeply than may be read",
    BAD_QUOTES: "the quotation marks of a CSV file do not match",
    NOT_AN_OBJECT: "a line of a JSON-lines file is no object",
    DUPLICATE_KEY: "an object has the same key twice",
    BAD_COLUMN_NAME: "a column's name is empty, too long, or holds control characters",
    BAD_PARAMS: "a file with parameters is no JSON object",
    BAD_RUN: "a recorded run cannot be read",
    BAD_ARROW: "a file is no Arrow IPC file, or its columns do not fit together",
    NO_COLUMN_TYPE: "a column of an Arrow file has a type that no column of a table can have",
    EXPANDS: "a small file would become far more data than it is large",
    POINTS_OUTSIDE: "an HDF5 file wants to have parts of other files read",
    HOLDS_OBJECTS: "a NumPy file holds Python objects, which are never loaded",
    BAD_HDF5: "a file is no HDF5 file, or is damaged",
    BAD_NUMPY: "a file is no NumPy file (.npy, .npz), or is damaged",
    BAD_PARQUET: "a file is no Parquet file, or is damaged",
    UNKNOWN_PACKING: "values are packed in a way that cannot be unpacked here",
    TOO_MANY_PARTS: "a file holds more arrays, groups or members than may be read",
    NO_TABLE: "a file holds nothing that can become a table or a param",
    UNKNOWN_CONTENT: "the content of a file is of no kind that can be read",
    BAD_EVENTS: "a file is no event file of TensorBoard",
    BAD_MLFLOW: "a folder is no run of MLflow's file store",
    BAD_WANDB: "a file is no log of Weights & Biases",
    BAD_IMAGE: "a file is no picture, or is damaged",
    BAD_DATABASE: "a file is no SQLite database, or is damaged",
    BAD_AXES: "the axes that a package names do not fit the shape of their array",
}
