"""The params that a module declares: type, default and range, each held against the others."""

from __future__ import annotations

from p2lang import ir
from p2lang.ir import ModuleParam
from p2lang.semantics.constants import NotConstant, evaluate
from p2lang.semantics.values import assignable, column_parameter, parameter_type
from p2lang.signatures import Registry
from p2lang.verifier.params import ProgramParam
from p2lang.verifier.refusal import RefusedProgram
from p2lang.verifier.typing import Surroundings, typed


def declared(name: str, param: ModuleParam, registry: Registry) -> ProgramParam:
    """Give a param of a module with its type. Raises RefusedProgram for what no compiler writes."""
    if param.type.startswith("column"):
        return _column_param(name, param)
    try:
        type_ = parameter_type(param.type)
    except ValueError:
        raise RefusedProgram("P2-V0518", f"parameter {name} has no known type") from None
    alone = Surroundings(registry, {name: type_})
    try:
        if param.default is not None:
            default = typed(param.default, Surroundings(registry, {}))
            if not assignable(type_, default.type) or default.type.shape != "one":
                raise RefusedProgram("P2-V0518", f"the default of {name} is not {param.type}")
            evaluate(param.default, {})
        if param.where is not None:
            _condition(name, param, alone)
    except NotConstant:
        raise RefusedProgram("P2-V0518", f"parameter {name} needs a run to be known") from None
    return ProgramParam(name, param.type, type_, param.default, param.where)


def _column_param(name: str, param: ModuleParam) -> ProgramParam:
    try:
        type_ = column_parameter(param.type)
    except ValueError:
        raise RefusedProgram("P2-V0518", f"parameter {name} has no known type") from None
    if param.default is None or param.default[0] != "col" or param.where is not None or "." in name:
        raise RefusedProgram("P2-V0518", f"parameter {name} does not name one column")
    return ProgramParam(name, param.type, type_, param.default, None)


def _condition(name: str, param: ModuleParam, alone: Surroundings) -> None:
    assert param.where is not None
    where = typed(param.where, alone)
    if where.type.kind != "bool" or where.type.shape != "one":
        raise RefusedProgram("P2-V0518", f"the range of {name} is not a condition")
    for value in ir.walk(param.where):
        if value[0] in ("table", "field", "call", "col"):
            raise NotConstant(value[0])
    if param.default is not None:
        fits = evaluate(param.where, {name: evaluate(param.default, {})})
        if fits is not True:
            raise RefusedProgram("P2-V0518", f"the default of {name} is outside its range")
