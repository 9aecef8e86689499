"""Script to IR: parse, check, lower, leave out what nothing needs, bound the work. Pure; reports, never raises."""

from p2lang.compiler.compiling import Compiled, Limits, Surroundings, compile_script, compile_tree
from p2lang.compiler.dump import dump

__all__ = ["Compiled", "Limits", "Surroundings", "compile_script", "compile_tree", "dump"]
