"""Grammar to tables: `python -m p2lang.parser.build` writes p2.tables.json and its digest. Not used at run time.

Lark reads the grammar, proves that it is LALR(1) without conflicts and computes the states; what is written is plain
JSON with states renumbered in the order in which they are reached, so that the same grammar gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lark import Lark
from lark.parsers.lalr_analysis import LALR_Analyzer, Shift

from p2lang.parser.tables import DIGEST_PATH, FORMAT, TABLES_PATH

GRAMMAR_PATH = Path(__file__).with_name("p2.lark")
STARTS = ("script", "hole")


def build(grammar: str) -> bytes:
    """Give the tables of a grammar as JSON bytes; raises lark.exceptions.GrammarError when it has a conflict."""
    lark = Lark(grammar, parser="lalr", start=list(STARTS), maybe_placeholders=True)
    analysis = LALR_Analyzer(lark.parser.parser_conf, strict=True)
    analysis.compute_lalr()  # type: ignore[no-untyped-call]
    table = analysis.parse_table
    numbers = _numbered(table)
    rules = sorted({_rule(arg) for row in table.states.values() for arg in _reductions(row)})
    index = {rule: i for i, rule in enumerate(rules)}
    terminals = _ordered(lark.terminals)
    names = [t.name for t in terminals]
    symbols = [*names, "$END", *sorted({r.origin.name for r in lark.rules})]
    place = {symbol: i for i, symbol in enumerate(symbols)}
    rows = [_row(table.states[state], numbers, index, place) for state in numbers]
    content = {
        "format": FORMAT,
        "grammar": hashlib.sha256(grammar.encode()).hexdigest(),
        "terminals": [[t.name, t.pattern.type, t.pattern.value] for t in terminals],
        "ignore": sorted(lark.ignore_tokens),
        "symbols": symbols,
        "rules": [json.loads(rule) for rule in rules],
        "starts": {s: numbers[table.start_states[s]] for s in STARTS},
        "ends": {s: numbers[table.end_states[s]] for s in STARTS},
        "states": rows,
    }
    lines = [f"{json.dumps(key)}: {_lines(value)}" for key, value in content.items()]
    return ("{" + ",\n".join(lines) + "}\n").encode("ascii")


def _lines(value: Any) -> str:
    if not isinstance(value, list):
        return json.dumps(value, separators=(",", ":"))
    return "[\n" + ",\n".join(json.dumps(v, separators=(",", ":")) for v in value) + "]"


def _reductions(row: dict[str, tuple[Any, Any]]) -> Iterable[Any]:
    return (argument for action, argument in row.values() if action is not Shift)


def _numbered(table: Any) -> dict[Any, int]:
    """Give each state its number, in breadth-first order from the starts along sorted symbols."""
    numbers: dict[Any, int] = {}
    waiting = [table.start_states[s] for s in STARTS]
    for state in waiting:
        if state in numbers:
            continue
        numbers[state] = len(numbers)
        row = table.states[state]
        waiting += [row[symbol][1] for symbol in sorted(row) if row[symbol][0] is Shift]
    return numbers


def _row(
    row: dict[str, tuple[Any, Any]],
    numbers: dict[Any, int],
    rules: dict[str, int],
    place: dict[str, int],
) -> list[int]:
    """Give `[symbol, action, ...]`; an action is the state to go to, or -1 - the rule to reduce by."""
    out: list[int] = []
    for symbol in sorted(row, key=place.__getitem__):
        action, argument = row[symbol]
        number = numbers[argument] if action is Shift else -1 - rules[_rule(argument)]
        out += [place[symbol], number]
    return out


def _rule(rule: Any) -> str:
    """Give `[origin, size, mode, action, template]` as JSON text; see p2lang.parser.tables.Rule."""
    template = _template(rule)
    name = rule.origin.name
    if name.startswith("__"):
        mode, action = "list", ""
    elif rule.options.expand1 and not rule.alias and len(template) == 1:
        mode, action = "pass", ""
    else:
        mode, action = "make", rule.alias or name
    return json.dumps([name, len(rule.expansion), mode, action, template])


def _template(rule: Any) -> list[Any]:
    """Give the children an action gets: an index, `[index]` for a list to be poured out, null for what was left out."""
    keep_all = rule.options.keep_all_tokens
    holes = rule.options.empty_indices or [False] * len(rule.expansion)
    gaps = [len(ones) for ones in "".join(str(int(b)) for b in holes).split("0")]
    template: list[Any] = []
    for i, symbol in enumerate(rule.expansion):
        template += [None] * gaps[i]
        if not symbol.is_term and symbol.name.startswith("__"):
            template.append([i])
        elif keep_all or not (symbol.is_term and symbol.filter_out):
            template.append(i)
    return template + [None] * gaps[len(rule.expansion)]


def _ordered(terminals: Iterable[Any]) -> list[Any]:
    """Give the terminals in the order in which the lexer tries them."""
    return sorted(
        terminals,
        key=lambda t: (
            -t.priority,
            t.pattern.type == "str",
            -len(t.pattern.value) if t.pattern.type == "str" else 0,
            t.name,
        ),
    )


def main() -> None:
    """Write the tables and their digest beside the grammar."""
    content = build(GRAMMAR_PATH.read_text("ascii"))
    TABLES_PATH.write_bytes(content)
    DIGEST_PATH.write_text(hashlib.sha256(content).hexdigest() + "\n", "ascii")
    sys.stdout.write(f"{TABLES_PATH.name}: {len(content):,} bytes\n")


if __name__ == "__main__":
    main()
