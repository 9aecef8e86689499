"""Flows: a head, then one step after another, each taking what the pipe carries and giving what the next one takes."""

from __future__ import annotations

from dataclasses import replace

from p2lang import ast
from p2lang.check.boxes import box
from p2lang.check.calls import library_call, starting
from p2lang.check.choosing import chosen_operation
from p2lang.check.definitions import expand_function, expand_step
from p2lang.check.foreign_steps import FOREIGN_STEPS
from p2lang.check.libraries import member
from p2lang.check.model import LOST, START, Binding, Stream, Word
from p2lang.check.places import bound
from p2lang.check.scripts import expand_script, start_script
from p2lang.check.session import Place, Session, place_of
from p2lang.check.steps import apply
from p2lang.check.taking import THINGS
from p2lang.check.vocabulary import OTHERWISE
from p2lang.check.words import FOREIGN_FUNCTIONS, nearest
from p2lang.diagnostics import Fix
from p2lang.semantics.values import Typed
from p2lang.signatures import Signature
from p2lang.source import Span

Items = tuple[ast.Stage | ast.Splice, ...]


def flow(session: Session, place: Place, node: ast.Flow) -> Stream | Typed:
    """Give what a flow carries at its end; a value when it is only an expression."""
    session.watch.flow(place, node)
    head = START if node.head is None else _head(session, place, node.head, node.stages)
    session.watch.head(node, head)
    if isinstance(head, Stream):
        return stages(session, place, head, node.stages)
    if not node.stages:
        return head
    if head.type.kind == "table":
        table = Stream("table", head.value[1], head.type.schema)
        return stages(session, place, table, node.stages)
    if head.type.kind != "unknown":
        assert node.head is not None
        session.report(
            "P2-E0203",
            f"`{node.stages[0].name.text}` needs a table from the left, not a value",
            node.head.span,
            help="start with `access(...)` or with a `$name` that is bound to a table",
        )
    return stages(session, place, LOST, node.stages)


def stages(session: Session, place: Place, stream: Stream, items: Items) -> Stream:
    """Give what the pipe carries after some steps."""
    for item in items:
        session.spend(item.span)
        before, muddled = stream, stream.muddled
        if isinstance(item, ast.Splice):
            stream = _splice(session, place, stream, item)
        else:
            stream = _stage(session, place, stream, item)
        if muddled:
            stream = replace(stream, kind=None, muddled=True)
        session.watch.step(place, item, before, stream)
    return stream


# ---- heads ---------------------------------------------------------------------------------------


def _head(
    session: Session, place: Place, node: ast.Expr | ast.Box, following: Items
) -> Stream | Typed:
    if isinstance(node, ast.Box):
        return box(session, place, node)
    if isinstance(node, ast.Call) and following and _is_unknown(session, place, node):
        _no_source(session, place, node)
        return LOST
    if isinstance(node, ast.Call):
        return _head_call(session, place, node)
    if isinstance(node, ast.Var) and not node.fields:
        return _head_binding(session, place, node)
    if isinstance(node, ast.Paren):
        return session.flow(session, place, node.flow)
    return session.expression(session, place, node)


def _head_binding(session: Session, place: Place, node: ast.Var) -> Stream | Typed:
    binding = bound(session, place, node.name, node.span)
    if binding is None or binding.what is None:
        return LOST
    if isinstance(binding.what, ast.Pipe):
        return _through(session, place, START, binding, binding.what, node.span)
    if isinstance(binding.what, Stream):
        return binding.what
    return session.expression(session, place, node)


def _head_call(session: Session, place: Place, node: ast.Call) -> Stream | Typed:
    if len(node.name.parts) > 1:
        given = library_call(session, place, node)
        return LOST if isinstance(given, Typed) and given.type.kind == "unknown" else given
    name = node.name.text
    word = place.scope.word(name)
    if word is not None:
        return _head_word(session, place, word, node)
    operation = session.registry.flow(name, "none")
    if operation is not None and operation.takes == "none":
        return apply(session, place, START, operation, node.arguments, node.name.span)
    if operation is None or session.registry.expression(name) is not None:
        return session.expression(session, place, node)
    return _without_input(session, place, operation, node)


def _head_word(session: Session, place: Place, word: Word, node: ast.Call) -> Stream | Typed:
    if isinstance(word.what, ast.Def) and word.what.body.head is not None:
        return expand_function(session, place, word, word.what, node)
    if isinstance(word.what, ast.ScriptDef):
        return start_script(session, place, word, node)
    if word.what is not None and not isinstance(word.what, ast.Use):
        session.report(
            "P2-E0203",
            f"`{word.name.text}` needs a table from the left",
            node.name.span,
            label="starts a flow, but has no input",
            help=f"put `|` before `{word.name.text}`, or start with `access(...)` or a `$name`",
        )
    return LOST


def _is_unknown(session: Session, place: Place, node: ast.Call) -> bool:
    name, known = node.name.text, session.registry
    return (
        len(node.name.parts) == 1
        and place.scope.word(name) is None
        and place.scope.hidden(name) is None
        and known.flow(name) is None
        and known.expression(name) is None
    )


def _no_source(session: Session, place: Place, node: ast.Call) -> None:
    name, span = node.name.text, node.name.span
    sources = [*starting(session), *place.scope.callable()]
    foreign, advice = FOREIGN_STEPS.get(name, ("", ""))
    close = foreign if foreign in sources else nearest(name, sources)
    place.scope.word(close or "")  # what is meant is used
    step = None if close else foreign or nearest(name, _steps(session))
    help = f"did you mean `{close}`? {advice if close == foreign else ''}".strip()
    if close is None:
        help = "a flow starts with `access(...)` or a `$name`"
    if step:
        help = f"did you mean `{step}`? It needs a table from the left: {help}"
    session.report(
        "P2-E0202",
        f"there is no source `{name}`",
        span,
        help=help,
        fix=Fix(span, close) if close and not (advice and close == foreign) else None,
    )
    _used(session, place, node.arguments)


def _used(session: Session, place: Place, written: tuple[ast.Argument, ...]) -> None:
    """Check the arguments of something unknown: bindings in them count as used."""
    anything = replace(place, columns=None, open=True)
    for argument in written:
        value = argument.value
        known = (
            session.registry.expression(value.name.text) if isinstance(value, ast.Call) else None
        )
        if known is not None and known.facts.stands_among and isinstance(value, ast.Call):
            _used(session, place, value.arguments)  # it may stand there in the step that is meant
        else:
            session.expression(session, anything, value)


def _steps(session: Session) -> list[str]:
    return [
        s.name
        for found in session.registry.newest.values()
        for s in found
        if s.in_flow and s.takes != "none"
    ]


def _without_input(session: Session, place: Place, operation: Signature, node: ast.Call) -> Stream:
    name, wanted = node.name, THINGS.get(operation.takes, "something")
    around = _around_table(session, place, operation, node)
    session.report(
        "P2-E0203",
        f"`{name.text}` needs {wanted} from the left",
        name.span,
        label="starts a flow, but has no input",
        help=f"write `{around}`"
        if around
        else f"put `|` before `{name.text}` if it continues the flow above, or start with `access(...)` or a `$name`",
        fix=Fix(node.span, around) if around else None,
    )
    return LOST


def _around_table(session: Session, place: Place, operation: Signature, node: ast.Call) -> str:
    """Give the flow that is meant by `filter($table, row > 3)`, empty when it is something else."""
    first = node.arguments[0] if node.arguments else None
    if first is None or first.name is not None:
        return ""
    if isinstance(first.value, ast.Var):
        binding = place.scope.seen_binding(first.value.name.text)
        if binding is None or not isinstance(binding.what, Stream) or first.value.fields:
            return ""
        binding.used = True
    elif not isinstance(first.value, ast.Call) or first.value.name.text not in starting(session):
        return ""
    rest = ", ".join(session.source.slice(argument.span) for argument in node.arguments[1:])
    step = f"{node.name.text}({rest})" if rest else node.name.text
    between = " | frame" if operation.takes == "view" else ""
    return f"{session.source.slice(first.span)}{between} | {step}"


# ---- stages --------------------------------------------------------------------------------------


def _splice(session: Session, place: Place, stream: Stream, node: ast.Splice) -> Stream:
    binding = bound(session, place, node.name, node.span)
    if binding is None or binding.what is None:
        return LOST
    if isinstance(binding.what, ast.Pipe):
        return _through(session, place, stream, binding, binding.what, node.span)
    what = binding.what.kind if isinstance(binding.what, Stream) else binding.what.type.kind
    session.report(
        "P2-E0204",
        f"`${node.name.text}` is a {what}, and only a pipe can stand after `|`",
        node.span,
        help=f"start the flow with it: `${node.name.text} | ...`",
    )
    return LOST


def _through(
    session: Session, place: Place, stream: Stream, binding: Binding, pipe: ast.Pipe, span: Span
) -> Stream:
    """Give what the pipe carries after the steps of a bound pipe."""
    session.foresee(pipe, span)
    inside = replace(place, scope=place.scope.body(binding))
    with session.called(span):
        return stages(session, inside, stream, pipe.stages)


def _stage(session: Session, place: Place, stream: Stream, node: ast.Stage) -> Stream:
    if len(node.name.parts) > 1:
        return _library_stage(session, place, stream, node)
    name = node.name.text
    word = place.scope.word(name)
    if word is not None:
        return _word_stage(session, place, stream, word, node)
    operation = session.registry.flow(name, stream.kind or "")
    if operation is None:
        _no_step(session, place, node, stream)
        return _opened(session, place, LOST, node)
    if operation.facts.names:
        return _named(session, place, stream, operation, node)
    return apply(session, place, stream, operation, node.arguments or (), node.name.span)


def _named(
    session: Session, place: Place, stream: Stream, operation: Signature, node: ast.Stage
) -> Stream:
    """Give the stream after the operation that the first argument names."""
    chosen = chosen_operation(session, operation, node)
    if chosen is None:
        return _opened(session, place, stream, node)
    return _stage(session, place, stream, chosen)


def _opened(session: Session, place: Place, stream: Stream, node: ast.Stage) -> Stream:
    _used(session, place_of(place, stream), node.arguments or ())
    return stream.opened()


def _word_stage(
    session: Session, place: Place, stream: Stream, word: Word, node: ast.Stage
) -> Stream:
    if isinstance(word.what, ast.Def):
        inside = place_of(place, stream)
        return expand_step(session, inside, stream, word, node, stages)
    if isinstance(word.what, ast.ScriptDef):
        return expand_script(session, place_of(place, stream), stream, word, node)
    if word.what is not None:
        library = isinstance(word.what, ast.Use)
        session.report(
            "P2-E0202",
            f"`{word.name.text}` is {'a library' if library else 'a task'}, not a step",
            node.name.span,
            help=f"name a step of it: `| {word.name.text}.name`"
            if library
            else f"a task runs by itself; another one waits for it: `task name after {word.name.text} {{ ... }}`",
        )
    return _opened(session, place, LOST, node)


def _library_stage(session: Session, place: Place, stream: Stream, node: ast.Stage) -> Stream:
    found = member(session, place, node.name)
    if found is None:
        return _opened(session, place, LOST, node)
    home, what = found
    called = node.name.text
    if isinstance(what, Word):
        word = Word(ast.Name(called, span=node.name.span), what.what, what.serial)
        return expand_step(session, place_of(place, stream), stream, word, node, stages, home=home)
    if isinstance(what.what, ast.Pipe) and not node.arguments:
        inside = replace(place, scope=home.scope.body(what))
        with session.called(node.name.span, home.source):
            return stages(session, inside, stream, what.what.stages)
    pipe = isinstance(what.what, ast.Pipe)
    session.report(
        "P2-E0222" if pipe else "P2-E0202",
        f"`{called}` is a pipe and takes no arguments"
        if pipe
        else f"`{called}` is a value, not a step",
        node.name.span,
        help=f"write `| {called}`" if pipe else f"a value is written `${called}`",
    )
    return _opened(session, place, stream, node)


def _inside(session: Session, name: str) -> str:
    function = session.registry.expression(name)
    if function is not None and function.gives == "cols":
        return f'`select({name}("w_*"))`'
    if function is not None and function.kind in ("fn", "win"):
        return f"`derive(name = {name}(...))`"
    return f"`summary(name = {name}(...))`"


def _as_derive(session: Session, node: ast.Stage) -> Fix | None:
    """Give the step that computes a column anew, for `| fill(reward, 0)`."""
    function = session.registry.expression(node.name.text)
    if function is None or function.kind not in ("fn", "win") or not node.arguments:
        return None
    column = node.arguments[0].value
    if function.gives == "cols" or not isinstance(column, ast.Column):
        return None
    name = session.source.slice(column.span)
    return Fix(node.span, f"derive({name} = {session.source.slice(node.span)})")


def _fitting(session: Session, stream: Stream) -> str:
    """Give the steps that take what the pipe carries."""
    names = {
        s.name
        for found in session.registry.newest.values()
        for s in found
        if s.in_flow and s.takes != "none" and stream.kind in (s.takes, None)
    }
    return f"steps that fit here: {', '.join(sorted(names))}" if stream.kind else ""


def _no_step(session: Session, place: Place, node: ast.Stage, stream: Stream) -> None:
    name = node.name.text
    steps = [*_steps(session), *place.scope.callable()]
    foreign, advice = FOREIGN_STEPS.get(name, ("", ""))
    ours = foreign if foreign in steps else None
    close = ours or (None if name in OTHERWISE else nearest(name, steps))
    source = foreign if foreign in starting(session) else None
    source = None if close else source or nearest(name, starting(session))
    help = f"did you mean `{close}`?" if close else ""
    if source:
        help = f"did you mean `{source}`? {advice or 'It starts a flow of its own'}"
    if ours and advice:
        help = f"{help} {advice}"
    place.scope.word(close or "")  # what is meant is used
    fix = None
    hidden = place.scope.hidden(name)
    binding = place.scope.seen_binding(name)
    if binding is not None:
        binding.used = True
        help = f"a binding is written `${name}`"
        fix = Fix(node.name.span, f"${name}") if not node.arguments else None
    elif hidden is not None:
        help = "it is defined further down; a definition may use only what stands above it"
    elif close is None and name in OTHERWISE:
        help = OTHERWISE[name]
    elif session.registry.expression(name) is not None or (
        close is None and name in FOREIGN_FUNCTIONS
    ):
        help = f"`{name}` is a function: it stands inside a step, as in {_inside(session, name)}"
        fix = _as_derive(session, node)
        if fix is not None:
            help = f"`{name}` is a function: write `{fix.text}`"
    elif close and not advice:
        fix = Fix(node.name.span, close)
    session.report(
        "P2-E0202",
        f"there is no step `{name}`",
        node.name.span,
        help=help,
        note="" if help else _fitting(session, stream),
        fix=fix,
    )
