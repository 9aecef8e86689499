"""Bytes to a program that is safe to run. Trusts nothing: it runs in the child, on what came in."""

from p2lang.verifier.params import BadParam, ProgramParam
from p2lang.verifier.program import Program, ProgramNode
from p2lang.verifier.refusal import CODES, RefusedProgram
from p2lang.verifier.verifying import verify

__all__ = [
    "CODES",
    "BadParam",
    "Program",
    "ProgramNode",
    "ProgramParam",
    "RefusedProgram",
    "verify",
]
