"""What editors, the REPL and notebooks ask about a script while it is written. Pure: nothing runs, nothing is kept."""

from p2lang.service.actions import Action, actions, applied, fix_all
from p2lang.service.call_help import SignatureHelp, signature_help
from p2lang.service.completeness import Completeness, is_complete
from p2lang.service.completion import Completion, completions
from p2lang.service.document import Document, Workspace
from p2lang.service.hints import Hint, inlay_hints
from p2lang.service.hover import Hover, hover
from p2lang.service.renaming import Refused, definition, library_definition, references, rename
from p2lang.service.structure import Symbol, symbols

__all__ = [
    "Action",
    "Completeness",
    "Completion",
    "Document",
    "Hint",
    "Hover",
    "Refused",
    "SignatureHelp",
    "Symbol",
    "Workspace",
    "actions",
    "applied",
    "completions",
    "definition",
    "fix_all",
    "hover",
    "inlay_hints",
    "is_complete",
    "library_definition",
    "references",
    "rename",
    "signature_help",
    "symbols",
]
