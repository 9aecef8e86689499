"""Bytes to a program that is safe to run. Trusts nothing: it runs in the child, on what came in."""

from p2lang.verifier.program import BadParameter, Program, ProgramNode, ProgramParam

__all__ = ["BadParameter", "Program", "ProgramNode", "ProgramParam"]
