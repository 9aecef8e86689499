"""What may be typed at a cursor: only what fits there, the most likely first."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from p2lang import ast
from p2lang.check.model import Binding, Stream
from p2lang.semantics.arguments import widest
from p2lang.semantics.structure import reads_bundle
from p2lang.service.document import Document, Workspace
from p2lang.service.in_python import words_at
from p2lang.service.whereabouts import Whereabouts, whereabouts
from p2lang.service.wording import (
    definition_text,
    doc_of,
    given_text,
    signature_text,
    value_text,
    written_name,
)
from p2lang.signatures import Parameter, Signature, parameter_text
from p2lang.source import Span
from p2lang.types import ColumnType, FlowKind, TableSchema

CompletionKind = Literal[
    "argument", "binding", "choice", "column", "definition", "function", "keyword", "library",
    "path", "source", "step", "task", "type", "value",
]  # fmt: skip

_UNWRITABLE = re.compile(r"[`\n]|.{201}")
"""Names of columns that no script can write."""

MOST = 200
"""Completions that are given at most."""


@dataclass(frozen=True, slots=True)
class Completion:
    """One thing that may be typed: `insert` goes where `replaces` is.

    `detail` is its type in a few words, `doc` a sentence about it.
    """

    label: str
    kind: CompletionKind
    insert: str
    detail: str
    doc: str
    replaces: Span


@dataclass(frozen=True, slots=True)
class Offer:
    """A completion before it is known whether it matches what was typed."""

    label: str
    kind: CompletionKind
    detail: str = ""
    doc: str = ""
    insert: str = ""


def completions(document: Document, offset: int, most: int = MOST) -> tuple[Completion, ...]:
    """Give what may be typed at an offset; what begins like the word there comes before what contains it.

    Gives `most` at most: whoever gets as many asks again when more was typed.
    """
    in_python = words_at(document.text, offset)
    if in_python is not None:
        span, words = in_python
        return tuple(islice(_in_python(span, document.text[span.start : offset], words), most))
    around = whereabouts(document, offset)
    return tuple(_matching(_offers(around), around, most))


def _in_python(span: Span, typed: str, words: Iterator[tuple[str, bool]]) -> Iterator[Completion]:
    for word, ours in words:
        if word.lower().startswith(typed.lower()):
            detail = "a word of steps in Python" if ours else "a name in this text"
            kind: CompletionKind = "function" if ours else "binding"
            yield Completion(word, kind, word, detail, "", span)


def _offers(around: Whereabouts) -> Iterator[Offer]:
    if around.word.inside == "nothing":
        return iter(())
    if around.word.inside == "binding":
        return _bindings(around)
    if around.word.inside == "text":
        return _texts(around)
    if around.previous == "DOT":
        return _members(around)
    if around.previous == "COLON" and "NAME" in around.before.accepts:
        return _types(around)
    if around.at_step:
        return _steps(around)
    return _words(around)


def _matching(offers: Iterator[Offer], around: Whereabouts, most: int) -> Iterator[Completion]:
    typed, replaces = around.typed, around.word.replaces
    begin, contain = list[Offer](), list[Offer]()
    for offer in offers:
        label = offer.label.lower().strip('"')
        if label.startswith(typed):
            begin.append(offer)
        elif typed in label and len(contain) < most:
            contain.append(offer)
        if len(begin) >= most:
            break
    for offer in islice((*begin, *contain), most):
        insert = offer.insert or offer.label
        yield Completion(offer.label, offer.kind, insert, offer.detail, offer.doc, replaces)


# ---- after a bar, a dollar, a dot, a quote -------------------------------------------------------


def _steps(around: Whereabouts) -> Iterator[Offer]:
    """Give the steps that take what the pipe carries, then those of the script, then pipes."""
    kind = around.stream.kind
    if around.previous == "LSQB":  # the first of a list: it starts a flow, or continues one
        kind = None
        yield from _sources(around)
    for signature in _newest(around.workspace):
        continues = signature.in_flow and signature.takes != "none"
        if continues and (kind is None or _fits(signature, kind)):
            yield _operation(signature)
    for word in around.words():
        if isinstance(word.what, ast.ScriptDef) or (
            isinstance(word.what, ast.Def) and word.what.body.head is None
        ):
            yield _definition(word.what)
        elif isinstance(word.what, ast.Use):
            yield _library(word.what)
    for binding in around.bindings():
        if isinstance(binding.what, ast.Pipe):
            yield _binding(binding)


def _fits(signature: Signature, kind: FlowKind) -> bool:
    anything = signature.takes == "any" and kind in ("table", "plot", "item")
    return signature.takes == kind or anything


def _bindings(around: Whereabouts) -> Iterator[Offer]:
    for binding in around.bindings():
        if not around.at_step or isinstance(binding.what, ast.Pipe):
            yield _binding(binding)


def _members(around: Whereabouts) -> Iterator[Offer]:
    """Give what may stand behind a dot: the columns of a bound table, what a library offers."""
    tokens = around.before.tokens
    owner = len(tokens) - 3
    if owner < 0:
        return
    name = tokens.text_of(owner).strip("`$")
    found = around.place.scope.seen_binding(name) if tokens.kinds[owner] == "VAR" else None
    if found is not None and isinstance(found.what, Stream) and found.what.schema is not None:
        yield from _columns(around, found.what.schema)
    elif found is None:
        yield from _library_members(around, name, owner)


def _library_members(around: Whereabouts, alias: str, owner: int) -> Iterator[Offer]:
    """Give the steps, functions or constants of a library, as the place wants them."""
    value = around.before.tokens.kinds[owner] == "VAR"
    step = owner > 0 and around.before.tokens.kinds[owner - 1] in ("VBAR", "LSQB", "COMMA")
    for name, found in around.members(alias).items():
        if isinstance(found.what, ast.Def):
            is_step = found.what.body.head is None
            if not value and is_step == (step and around.call is None):
                shown = definition_text(found.what)
                yield Offer(name, "definition", shown, doc_of(found.what.comments))
        elif isinstance(found, Binding):
            is_pipe = isinstance(found.what, ast.Pipe)
            if is_pipe != value and (value or step):
                yield Offer(name, "binding", value_text(found.what))


def _texts(around: Whereabouts) -> Iterator[Offer]:
    """Give the texts that an argument may be: paths of bundles, choices, names of types."""
    parameter, operation = around.parameter, around.operation
    if around.previous == "USE":
        yield from (
            Offer(f'"{known}"', "path", "library") for known in around.workspace.libraries.known
        )
    if parameter is None or operation is None:
        return
    yield from _named(around, operation, parameter) or ()
    yield from _choices(operation, parameter)


_HAND_TO_TASKS = frozenset(("share", "handin"))


def _named(
    around: Whereabouts, operation: Signature, parameter: Parameter
) -> Iterator[Offer] | None:
    """Give what an argument may name: bundles, their tables, tasks; None when it names nothing of these."""
    if reads_bundle(operation) and parameter.name == "path":
        return _paths(around.workspace)
    if reads_bundle(operation) and parameter.name == "table":
        return _tables(around)
    if operation.name in _HAND_TO_TASKS and parameter.name == "to":
        return (Offer(f'"{name}"', "task", "task") for name in around.tasks())
    return None


def _paths(workspace: Workspace) -> Iterator[Offer]:
    known = workspace.schemas.known
    around = {path.rpartition("/")[0] for path in known}
    offered: dict[str, None] = {}
    for path in known:
        if path in around:
            offered[f"{path}/*"] = None
        offered[path] = None
    for path in offered:
        detail = "all bundles inside" if path.endswith("/*") else "bundle"
        yield Offer(f'"{path}"', "path", detail)


def _choices(operation: Signature, parameter: Parameter) -> Iterator[Offer]:
    choices = parameter.choices
    if operation.name == "cast" and parameter.variadic == "**":
        choices = ("int", "number", "string", "bool", "time")
    for choice in choices:
        default = "the default" if choice == parameter.default else ""
        yield Offer(f'"{choice}"', "choice", default)


_TYPES = {
    "int": "a whole number",
    "number": "a number",
    "string": "text",
    "bool": "true or false",
    "time": "a time, as in 10min",
    "len": "a length, as in 160mm",
    "bytes": "a size, as in 4MiB",
    "angle": "an angle, as in 30deg",
    "list[number]": "several numbers",
    "list[string]": "several texts",
    "column[number]": "a column of numbers",
    "column[string]": "a column of text",
    "columns": "several columns",
    "table": "rows under columns",
    "view": "a frame to draw in",
    "any": "any value",
}


def _types(around: Whereabouts) -> Iterator[Offer]:
    for name, doc in _TYPES.items():
        yield Offer(name, "type", "", doc)


# ---- a word --------------------------------------------------------------------------------------


def _words(around: Whereabouts) -> Iterator[Offer]:
    accepts = around.before.accepts
    expression = "NUMBER" in accepts and ("LSQB" in accepts or "VAR" in accepts)
    if around.call is not None and (expression or not accepts):
        yield from _arguments(around)
    elif expression:
        yield from _values(around)
    elif "NAME" in accepts and "LET" in accepts:
        yield from _heads(around)
    if around.call is None or not expression:
        yield from _keywords(around)


def _arguments(around: Whereabouts) -> Iterator[Offer]:
    """Give the names of arguments that are free, then what the argument may be."""
    call, operation, definition = around.call, around.operation, around.definition
    assert call is not None
    names_first = operation is not None and operation.in_flow and len(operation.parameters) > 1
    if call.fresh and definition is not None:
        for given in definition.parameters:
            if given.name.text not in call.given:
                shown = given_text(given)
                yield Offer(given.name.text, "argument", shown, insert=f"{given.name.text}=")
    elif call.fresh and operation is not None and names_first:
        yield from _free_names(operation, call.given)
    yield from _given(around)
    if call.fresh and operation is not None and not names_first:
        yield from _free_names(operation, call.given)


def _free_names(operation: Signature, given: frozenset[str]) -> Iterator[Offer]:
    free = [p for p in operation.parameters if not p.variadic and p.name not in given]
    for parameter in sorted(free, key=lambda p: not p.required):
        detail = parameter_text(parameter)
        yield Offer(parameter.name, "argument", detail, insert=f"{parameter.name}=")


def _given(around: Whereabouts) -> Iterator[Offer]:
    parameter, operation = around.parameter, around.operation
    if operation is None or around.definition is not None:
        yield from _values(around)
    elif parameter is None:
        return  # there is no further place, or what comes needs a name: a new column
    elif parameter.choices:
        yield from _choices(operation, parameter)
    elif parameter.type in ("col", "numcol", "cols"):
        yield from _column_argument(around, operation, parameter)
    elif (named := _named(around, operation, parameter)) is not None:
        yield from named
    elif parameter.type == "params":
        yield from _params_to_choose_by(around)
    elif parameter.type == "bool" and widest(operation, parameter) == "one":
        yield from _constants(("true", "false"))
        yield from map(_binding, around.bindings())
    elif operation.name == "cast" and parameter.variadic == "**":
        yield from _choices(operation, parameter)
    else:
        setting = parameter.type != "any" and widest(operation, parameter) == "one"
        yield from _values(around, columns=not setting)


def _path_given(around: Whereabouts) -> str | None:
    """Give the path of the source whose arguments are written, when it is the first of them."""
    call, tokens = around.call, around.before.tokens
    assert call is not None
    head = next((at for at, start in enumerate(tokens.starts) if start == call.span.start), None)
    if head is None or tokens.kinds[head + 1 : head + 3] != ["LPAR", "STRING"]:
        return None
    return tokens.text_of(head + 2).strip('"')


def _tables(around: Whereabouts) -> Iterator[Offer]:
    path = _path_given(around)
    for name in () if path is None else around.workspace.schemas.tables(path):
        yield Offer(f'"{name}"', "choice", "table")


def _params_to_choose_by(around: Whereabouts) -> Iterator[Offer]:
    """Give the params of the bundles that the source's path names, and what they may be compared with."""
    path = _path_given(around)
    if path is not None:
        for name, kind in (around.workspace.schemas.params_of(path) or {}).items():
            yield Offer(name, "column", f"param: {kind}", insert=written_name(name))
    yield from (_binding(b) for b in around.bindings() if not isinstance(b.what, ast.Pipe | Stream))
    yield from _constants(("not", "isnull", "true", "false"))


def _column_argument(
    around: Whereabouts, operation: Signature, parameter: Parameter
) -> Iterator[Offer]:
    schema = around.stream.schema
    if schema is not None:
        numbers = parameter.type == "numcol"
        yield from _columns(around, schema, lambda kind: kind.is_numeric or not numbers)
    if parameter.type == "cols":
        pattern = around.workspace.registry.expression("cols")
        descending = around.workspace.registry.expression("desc")
        wanted = (descending, pattern) if operation.facts.sort_keys else (pattern,)
        yield from (_operation(s) for s in wanted if s is not None)
    for binding in around.bindings():
        if not isinstance(binding.what, Stream | ast.Pipe):
            yield _binding(binding)


def _values(around: Whereabouts, *, columns: bool = True) -> Iterator[Offer]:
    """Give what an expression may be made of at the place: columns, bindings, functions, constants."""
    schema = around.stream.schema if columns else None
    if schema is not None:
        yield from _columns(around, schema)
    for binding in around.bindings():
        if not isinstance(binding.what, ast.Pipe) or around.step is None:
            yield _binding(binding)
    if around.step is None:
        yield from _sources(around)
    rows = columns and (around.stream.kind in ("table", "view") or around.stream.open)
    kinds = ("agg", "win", "fn", "val") if rows else ("val", "fn")
    for kind in kinds:
        yield from (_operation(s) for s in _newest(around.workspace) if s.kind == kind)
    for word in around.words():
        if isinstance(word.what, ast.Def) and word.what.body.head is not None:
            yield _definition(word.what)
    yield from _constants(("true", "false", "null", "if", "not"))


def _heads(around: Whereabouts) -> Iterator[Offer]:
    yield from _sources(around)
    yield from map(_binding, around.bindings())


def _sources(around: Whereabouts) -> Iterator[Offer]:
    for signature in _newest(around.workspace):
        if signature.in_flow and signature.takes == "none":
            yield _operation(signature)


KEYWORDS = {
    "LET": ("let", "bind a name: let curves = access(...)"),
    "PARAM": ("param", "an input: param window: int = 50 where $window in 1..500"),
    "PIPE": ("pipe", "a list of steps: pipe tidy = [drop_nulls, head(100)]"),
    "DEF": ("def", "a step or a function of one's own"),
    "IMPOSE": ("impose", 'stop unless a condition holds: impose rows($t) > 0 else "..."'),
    "REPEAT": ("repeat", "do the same for each value of a list"),
    "WHEN": ("when", "only if a condition holds"),
    "OTHERWISE": ("otherwise", "if the condition does not hold"),
    "USE": ("use", 'a library: use "scope/name@1.0.0" as name'),
    "TASK": ("task", "a part that runs by itself"),
    "AFTER": ("after", "wait for a task"),
    "LINK": ("link", "a typed input from elsewhere"),
    "VIA": ("via", "steps that an input goes through"),
    "EXPOSE": ("expose", "a typed output for others"),
    "SCRIPT": ("script", "a step in restricted Python"),
    "FRAME": ("frame", "a drawing area"),
    "REPORT": ("report", "several pictures and texts"),
    "PAGE": ("page", "a page of a report"),
    "P2": ("p2", "the edition of the language: p2 1"),
    "WHERE": ("where", "the range of a param"),
    "ELSE": ("else", ""),
    "THEN": ("then", ""),
    "AND": ("and", "both hold"),
    "OR": ("or", "at least one holds"),
    "IN": ("in", "is one of a list or in a range"),
    "AS": ("as", "the name of a library in this script"),
    "BY_PYTHON": ("python", ""),
}
"""Kind of token -> the word, and what it says."""


def _keywords(around: Whereabouts) -> Iterator[Offer]:
    accepts = around.before.accepts or frozenset(KEYWORDS)
    if around.previous == "VBAR" or around.at_step:
        return
    first = len(around.before.tokens) == 1
    for kind, (word, doc) in KEYWORDS.items():
        if kind in accepts and (kind != "P2" or first):
            yield Offer(word, "keyword", "", doc)


# ---- offers --------------------------------------------------------------------------------------


def _newest(workspace: Workspace) -> Iterable[Signature]:
    known = workspace.registry
    return (s for found in known.newest.values() for s in found)


def _operation(signature: Signature) -> Offer:
    kind: CompletionKind = "step"
    if not signature.in_flow:
        kind = "function"
    elif signature.takes == "none":
        kind = "source"
    return Offer(signature.name, kind, signature_text(signature), signature.doc)


def _definition(what: ast.Def | ast.ScriptDef) -> Offer:
    return Offer(what.name.text, "definition", definition_text(what), doc_of(what.comments))


def _library(what: ast.Use) -> Offer:
    return Offer(what.alias.text, "library", what.path.value, insert=f"{what.alias.text}.")


def _binding(binding: Binding) -> Offer:
    return Offer(f"${binding.name.text}", "binding", value_text(binding.what))


def _columns(
    around: Whereabouts, schema: TableSchema, fits: Callable[[ColumnType], bool] = lambda kind: True
) -> Iterator[Offer]:
    for name, kind in schema.columns:
        if around.typed in name.lower() and fits(kind) and not _UNWRITABLE.search(name):
            yield Offer(name, "column", str(kind), insert=written_name(name))


def _constants(words: Iterable[str]) -> Iterator[Offer]:
    for word in words:
        yield Offer(word, "value")
