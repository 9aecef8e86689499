"""What a mistake is called: rules over what could have stood at a place and what stands around it, the special first.

No examples are matched and no state numbers are known, so the rules survive changes of the grammar.
"""

from __future__ import annotations

from p2lang.diagnostics import Diagnostic
from p2lang.parser.mistakes import (
    bindings,
    characters,
    flows,
    foreign,
    operators,
    statements,
    tools,
    values,
)
from p2lang.parser.mistakes.trouble import Rule, Trouble

__all__ = ["Trouble", "explained"]

_RULES: tuple[Rule, ...] = (
    *values.FIRST_RULES,
    *tools.FIRST_RULES,
    *bindings.FIRST_RULES,
    *characters.RULES,
    *foreign.FIRST_RULES,
    *operators.RULES,
    *statements.RULES,
    *bindings.RULES,
    *foreign.RULES,
    *flows.RULES,
    *values.RULES,
    *statements.LAST_RULES,
    *values.LAST_RULES,
    *flows.LAST_RULES,
)
_WORDS = {
    "COMMA": "`,`", "RPAR": "`)`", "RSQB": "`]`", "RBRACE": "`}`", "LPAR": "`(`", "LSQB": "`[`", "LBRACE": "`{`",
    "VBAR": "`|`", "EQUAL": "`=`", "COLON": "`:`", "ARROW": "`->`", "DOT": "`.`", "NAME": "a name", "VAR": "a `$name`",
    "STRING": "text", "PYTHON": "Python in triple quotes", "ELSE": "`else`", "OTHERWISE": "`otherwise`",
    "WHERE": "`where`", "VIA": "`via`", "AFTER": "`after`", "AS": "`as`", "IN": "`in`", "THEN": "`then`",
}  # fmt: skip


def explained(at: Trouble) -> Diagnostic:
    """Give the message for a place at which reading stopped; there is always one."""
    for rule in _RULES:
        found = rule(at)
        if found is not None:
            return found
    label = _expectation(at)
    if at.ended:
        return Diagnostic("P2-E0100", f"something is missing {at.where}", at.gap, label)
    return Diagnostic("P2-E0100", f"{at.shown()} is not expected here", at.span(), label)


def _expectation(at: Trouble) -> str:
    """Give `expected a, b or c` with what could have stood at the place."""
    hidden = {"NAME", "VAR"} if at.wants_statement else set[str]()
    names = [text for kind, text in _WORDS.items() if kind in at.accepts - hidden]
    if at.wants("AND"):
        names.append("an operator")
    if at.wants_statement:
        names.append("a new statement")
    if not names:
        return ""
    return "expected " + (f"{', '.join(names[:-1])} or {names[-1]}" if names[1:] else names[0])
