"""The condition by which a source chooses among bundles: comparisons of params with values, and nothing else."""

from __future__ import annotations

from p2lang.ir import Value
from p2lang.semantics.selection import Comparison, check_condition
from p2lang.verifier.refusal import RefusedProgram
from p2lang.verifier.typing import Surroundings, typed


def check_choice(value: Value, around: Surroundings) -> None:
    """Check a condition and the types of its values; raises RefusedProgram or Clash."""

    def check(compared: Comparison) -> None:
        given = typed(compared.value, around).type
        listed = given.kind in ("list", "range")
        if listed != (compared.operator == "in") or given.shape != "one":
            raise RefusedProgram(
                "P2-V0509", f"the param {compared.param!r} is not compared like this"
            )
        if not listed and not given.is_scalar:
            raise RefusedProgram(
                "P2-V0509", f"the param {compared.param!r} is not compared like this"
            )

    check_condition(value, check)
