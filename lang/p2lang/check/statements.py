"""Statements in order: what they bind, what they do, tasks, links, exposed tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from p2lang import ast
from p2lang.check.boxes import no_statement, part, text_alone, without_box
from p2lang.check.definitions import try_out
from p2lang.check.flows import stages
from p2lang.check.libraries import load, only_definitions
from p2lang.check.links import expose, impose_input, link
from p2lang.check.lints import unused, without_result
from p2lang.check.model import Binding, CheckedTask, Step, Stream, Word
from p2lang.check.params import param, task_param
from p2lang.check.repeats import repeated, when
from p2lang.check.scripts import script_type
from p2lang.check.session import Place, Session, inputs
from p2lang.check.tasks import waits_for
from p2lang.check.written import declared, keeps_promise
from p2lang.diagnostics import Related
from p2lang.ir import Value
from p2lang.semantics.arguments import accept
from p2lang.semantics.clash import Clash
from p2lang.semantics.structure import IMPOSE
from p2lang.semantics.values import Typed


def statements(session: Session, place: Place, items: tuple[ast.Item, ...]) -> list[Stream | Typed]:
    """Check statements in order; give what the flows among them carry at their ends."""
    results: list[Stream | Typed] = []
    for item in items:
        session.watch.statement(place, item)
        if no_statement(session, place, item):
            continue
        results += _STATEMENTS[type(item)](session, place, item)
    for word in place.scope.words.values():
        if isinstance(word.what, ast.Def) and not word.used:
            try_out(session, place, word, stages)
    unused(session, place.scope)
    return results


def library(session: Session, place: Place, items: tuple[ast.Item, ...]) -> None:
    """Check the statements of a library that is checked by itself: all that it offers counts as used."""
    for item in items:
        if only_definitions(session, item):
            _STATEMENTS[type(item)](session, place, item)
    for word in (*place.scope.words.values(), *place.scope.only_behind_dot.values()):
        if isinstance(word.what, ast.Def):
            word.used = True
            try_out(session, place, word, stages)
    for binding in place.scope.bindings.values():
        binding.used = True
    unused(session, place.scope)


def block(session: Session, place: Place, node: ast.Block) -> list[Stream | Typed]:
    """Check the statements of a block."""
    return statements(session, place, node.items)


# ---- bindings ------------------------------------------------------------------------------------


def bind(
    session: Session,
    place: Place,
    name: ast.Name,
    what: Typed | Stream | ast.Pipe | None,
    binding: Binding | None = None,
) -> None:
    """Bind a name once; a second time is reported and the first stays. `binding` is what to bind, if it is there."""
    first = place.scope.seen_binding(name.text)
    if first is not None and not first.damaged:
        first.used = True  # which of the two is meant by its uses is not known
        session.report(
            "P2-E0210",
            f"`{name.text}` is already bound",
            name.span,
            label="second binding",
            help="names are bound once; choose another name",
            related=(Related(first.name.span, "first binding"),),
        )
        return
    if isinstance(what, Typed) and not session.shallow(what, name.span):
        what = None
    binding = binding or Binding(name, what)
    binding.what = what
    session.watch.bound(binding)
    place.scope.bind(binding)


def _define(session: Session, place: Place, word: Word) -> None:
    name = word.name
    first = place.scope.hidden(name.text) or place.scope.only_behind_dot.get(name.text)
    if isinstance(first, Word) and not first.damaged:
        session.report(
            "P2-E0210",
            f"`{name.text}` is already defined",
            name.span,
            label="second definition",
            help="names are defined once; choose another name",
            related=(Related(first.name.span, "first definition"),),
        )
        return
    known = session.registry.spelled(name.text) in session.registry.newest
    if known and place.scope.library and isinstance(word.what, ast.Def):
        place.scope.offer(word)
        return
    if known and not isinstance(word.what, ast.Task):
        session.report(
            "P2-E0210",
            f"`{name.text}` is a step or function of the language",
            name.span,
            help="choose another name",
        )
        return
    place.scope.define(word)


def _let(session: Session, place: Place, item: ast.Let) -> list[Stream | Typed]:
    before = session.errors
    what: Stream | Typed | None = session.flow(session, place, item.value)
    assert what is not None
    if item.type is not None:
        keeps_promise(session, item.name, item.type, item.value.span, what)
    failed = session.errors > before
    lost = what.type.kind == "unknown" if isinstance(what, Typed) else what.kind is None
    bind(session, place, item.name, None if failed or lost else what)
    return []


def _pipe(session: Session, place: Place, item: ast.Pipe) -> list[Stream | Typed]:
    session.weigh(place.scope, item)
    bind(session, place, item.name, item)
    return []


def _def(session: Session, place: Place, item: ast.Def) -> list[Stream | Typed]:
    session.weigh(place.scope, item)
    seen: dict[str, ast.Name] = {}
    for given in item.parameters:
        declared(session, given.type)
        first = seen.setdefault(given.name.text, given.name)
        if first is not given.name:
            session.report(
                "P2-E0210",
                f"`{given.name.text}` is a parameter already",
                given.name.span,
                help="names are bound once; choose another name",
                related=(Related(first.span, "first parameter of this name"),),
            )
    if item.type is not None:
        declared(session, item.type)
    distinct = len(seen) == len(item.parameters)
    _define(session, place, Word(item.name, item if distinct else None, used=not distinct))
    return []


def _param(session: Session, place: Place, item: ast.Param) -> list[Stream | Typed]:
    what = param(session, place, item)
    named = what is not None and what.value[0] == "col"
    bind(session, place, item.name, what, Binding(item.name, what, names_column=named))
    return []


def _use(session: Session, place: Place, item: ast.Use) -> list[Stream | Typed]:
    loaded = load(session, item, lambda *given: _STATEMENTS[type(given[2])](*given))
    if loaded is not None:
        session.watch.used(loaded)
    _define(session, place, Word(item.alias, item, used=loaded is None))
    return []


# ---- tasks, links, steps in Python ---------------------------------------------------------------


def _script(session: Session, place: Place, item: ast.ScriptDef) -> list[Stream | Typed]:
    what = item if script_type(session, item) is not None else None
    _define(session, place, Word(item.name, what))
    return []


def _task(session: Session, place: Place, item: ast.Task) -> list[Stream | Typed]:
    if not place.scope.is_outermost:
        session.report(
            "P2-E0245",
            "a task stands at the top of a script, not inside something",
            item.name.span,
            help=f"put it below, and let it wait: `task {item.name.text} after {session.task.name}`"
            if session.task is not None
            else "put the `when` or `repeat` inside the task",
        )
        return []
    task = CheckedTask(item.name.text, {}, waits_for(session, item), item.name.span)
    inside = Place(place.scope.block())
    for given in item.parameters or ():
        what = task_param(session, inside, given, task)
        bind(session, inside, given.name, what, Binding(given.name, what, used=what is None))
    session.task = task
    session.block(session, inside, item.body)
    session.task = None
    _define(session, place, Word(item.name, item, used=True))
    session.tasks.setdefault(task.name, task)
    return []


def _link(session: Session, place: Place, item: ast.Link) -> list[Stream | Typed]:
    link(session, place, item)
    return []


def _expose(session: Session, place: Place, item: ast.Expose) -> list[Stream | Typed]:
    expose(session, place, item)
    return []


def _impose_input(session: Session, place: Place, item: ast.ImposeInput) -> list[Stream | Typed]:
    imposed = impose_input(session, place, item)
    if imposed is not None:
        bind(session, place, item.name, imposed.what, imposed)
    elif place.scope.seen_binding(item.name.text) is None:
        bind(session, place, item.name, None, Binding(item.name, None, used=True))
    return []


# ---- what happens --------------------------------------------------------------------------------


def _impose(session: Session, place: Place, item: ast.ImposeThat) -> list[Stream | Typed]:
    before = session.errors
    attributes: dict[str, Value] = {}
    for name, node in (("that", item.condition), ("message", item.message)):
        if node is None:
            continue
        typed = session.expression(session, place, node)
        try:
            accept(IMPOSE, IMPOSE.by_name[name], typed)
        except Clash as clash:
            session.clash(clash, node.span)
        attributes[name] = typed.value
    if session.errors == before:
        session.emit(Step(IMPOSE, inputs((), attributes), attributes, "done", None, item.span))
    return []


def _flow(session: Session, place: Place, item: ast.FlowStatement) -> list[Stream | Typed]:
    before = session.errors
    what = session.flow(session, place, item.flow)
    if place.box:
        return [*part(session, place, what, item.flow.span)]
    if isinstance(item.flow.head, ast.FString) and not item.flow.stages:
        text_alone(session, item.flow.span)
    elif session.errors == before:
        without_result(session, item.flow, what)
    if isinstance(what, Stream):
        without_box(session, what, item.flow.span)
    return [what]


def _repeat(session: Session, place: Place, item: ast.Repeat) -> list[Stream | Typed]:
    return repeated(session, place, item)


def _when(session: Session, place: Place, item: ast.When) -> list[Stream | Typed]:
    return when(session, replace(place, columns=None, open=False), item)


_STATEMENTS: dict[type, Callable[[Session, Place, Any], list[Stream | Typed]]] = {
    ast.Use: _use,
    ast.Param: _param,
    ast.Let: _let,
    ast.Pipe: _pipe,
    ast.Def: _def,
    ast.ScriptDef: _script,
    ast.Task: _task,
    ast.Link: _link,
    ast.Expose: _expose,
    ast.ImposeThat: _impose,
    ast.ImposeInput: _impose_input,
    ast.Repeat: _repeat,
    ast.When: _when,
    ast.FlowStatement: _flow,
}
