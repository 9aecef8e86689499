"""Source text to syntax tree: one pass when the script is right, one message per mistake when it is not.

Pure: no files but the package's own tables, no clock. Never raises for what a script contains.
"""

from __future__ import annotations

from p2lang.parser.limits import decode
from p2lang.parser.reading import Parsed, parse
from p2lang.parser.tables import ForeignTables
from p2lang.source import LONGEST_SCRIPT

__all__ = ["LONGEST_SCRIPT", "ForeignTables", "Parsed", "decode", "parse"]
