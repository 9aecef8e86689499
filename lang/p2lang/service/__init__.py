"""What editors, the REPL and notebooks ask about a script while it is written. Pure: nothing runs, nothing is kept."""

from p2lang.service.completeness import Completeness, is_complete
from p2lang.service.completion import Completion, completions
from p2lang.service.document import Document, Workspace

__all__ = [
    "Completeness",
    "Completion",
    "Document",
    "Workspace",
    "completions",
    "is_complete",
]
