"""Why the verifier refuses: codes with one line each. Whatever a module does wrong ends here and nowhere else."""

from __future__ import annotations

CODES = {
    "P2-V0501": "the module is too large",
    "P2-V0502": "the bytes are not canonical JSON",
    "P2-V0503": "the module is of another version",
    "P2-V0504": "the module does not have the shape of a module",
    "P2-V0505": "a bundle has another shape than the module was made for",
    "P2-V0506": "a node's name is not the hash of its content",
    "P2-V0507": "an input does not come before its use, or is not used",
    "P2-V0508": "there is no such operation or function",
    "P2-V0509": "an attribute is not one that the operation takes",
    "P2-V0510": "the pipe carries something that the operation does not take",
    "P2-V0511": "there is no such column",
    "P2-V0512": "types, units or columns do not go together",
    "P2-V0513": "a value is nested too deeply or too long",
    "P2-V0514": "the rights are not those that the operations need",
    "P2-V0515": "the work is not what the operations cost",
    "P2-V0516": "the effects are not in their order",
    "P2-V0517": "the hash is not the expected one",
    "P2-V0518": "a parameter is declared wrongly",
    "P2-V0519": "the module cannot be understood",
    "P2-V0520": "memory, rows, panels, pixels or frames are not what the operations need",
    "P2-V0530": "the text of a step in Python has signs or words that may not stand in it",
    "P2-V0531": "what a step in Python touches is not what its text calls",
    "P2-V0525": "a task is not declared above, or something stands in the wrong task",
}


class RefusedProgram(Exception):
    """A module that does not run: `code` (P2-V05xx) and one sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
