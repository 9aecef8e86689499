"""`use`: a library is found, held against its pins and read into a scope of its own; its names are used behind a dot.

A library holds only `use`, `let`, `pipe` and `def`. It reads no data and has no effect, so using one grants nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from p2lang import ast
from p2lang.check.foreign_steps import FOREIGN_STEPS
from p2lang.check.model import Binding, Library, UnusableLibrary, Word
from p2lang.check.pins import check_pins
from p2lang.check.scope import Scope
from p2lang.check.session import Loaded, Place, Session
from p2lang.check.vocabulary import FOREIGN_MODULES, OTHERWISE
from p2lang.check.words import FOREIGN_FUNCTIONS, FOREIGN_VALUES, nearest
from p2lang.diagnostics import Fix
from p2lang.parser import parse
from p2lang.source import Span

_parsed = lru_cache(maxsize=64)(parse)
"""Libraries never change, and are read for every check of a script, in editors with every key."""

Statement = Callable[[Session, Place, ast.Item], object]

MOST_LIBRARIES = 64
"""Libraries that a script may use, those that they use among them."""

DEEPEST_USE = 8
"""Libraries that may use each other in a row."""

_SEGMENT = r"[a-z0-9][a-z0-9._-]{0,63}"
REFERENCE = re.compile(
    rf"(?P<name>{_SEGMENT}/{_SEGMENT})@(?P<version>[0-9]{{1,9}}(?:\.[0-9]{{1,9}}){{0,3}})\Z"
)
"""`scope/name@version`."""

_SHOWN = 8


def load(session: Session, item: ast.Use, statement: Statement) -> Loaded | None:
    """Give the library that a `use` names, read once in a script; None after a report."""
    reference = item.path.value
    if not _well_formed(session, item):
        return None
    if reference in session.reading_now or len(session.reading_now) >= DEEPEST_USE:
        _circular(session, item)
        return None
    found = _found(session, item)
    if found is None:
        return None
    check_pins(session, item, found)
    if reference not in session.loaded:
        if len(session.loaded) >= MOST_LIBRARIES:
            session.report(
                "P2-E0252",
                f"the script uses more than {MOST_LIBRARIES} libraries",
                item.path.span,
                help="those that libraries use count too; use fewer",
            )
            return None
        session.loaded[reference] = None
        session.digests[reference] = found.sha256
        session.loaded[reference] = _read(session, item, found, statement)
    return session.loaded[reference]


def only_definitions(session: Session, item: ast.Item) -> bool:
    """Tell whether a statement may stand in a library; what may not is reported."""
    if not isinstance(item, ast.Use | ast.Let | ast.Pipe | ast.Def):
        _not_in_library(session, f"`{_keyword(session, item)}`", item.span)
        return False
    for node in ast.walk(item):
        if isinstance(node, ast.Box):
            _not_in_library(session, f"`{node.kind}`", node.span)
            return False
        if isinstance(node, ast.Call | ast.Stage) and len(node.name.parts) == 1:
            operation = session.registry.flow(node.name.text)
            if operation is not None and (operation.kind == "effect" or operation.rights):
                _not_in_library(session, f"`{node.name.text}`", node.name.span)
                return False
    return True


def member(session: Session, place: Place, name: ast.QName) -> tuple[Loaded, Word | Binding] | None:
    """Give what `library.name` stands for, and the library; None after a report."""
    library, *rest = name.parts
    word = place.scope.word(library.text)
    if word is None and place.scope.binding(library.text) is not None:
        _method_of_binding(session, place, name)
        return None
    if word is None and library.text in FOREIGN_MODULES:
        session.report(
            "P2-E0202",
            f"`{name.text}` belongs to another tool",
            name.span,
            help=_ours(session, library.text, rest[-1].text),
        )
        return None
    if word is None:
        session.report(
            "P2-E0202",
            f"there is no library `{library.text}`",
            library.span,
            help=f'write `use "scope/name@version" as {library.text}` above',
        )
        return None
    if word.what is None:
        return None
    if not isinstance(word.what, ast.Use):
        session.report(
            "P2-E0202",
            f"`{library.text}` is not a library, and has nothing behind a dot",
            name.span,
            help=f"use `{library.text}` by itself",
        )
        return None
    loaded = session.loaded.get(word.what.path.value)
    if loaded is None or not loaded.sound:
        return None
    found = exported(loaded).get(rest[0].text)
    if found is None or len(rest) > 1:
        _no_member(session, loaded, library.text, rest)
        return None
    return loaded, found


def _method_of_binding(session: Session, place: Place, name: ast.QName) -> None:
    """Report `runs.plot()` where `$runs` is bound: a step follows a bar."""
    of, *_, method = (part.text for part in name.parts)
    known = session.registry.flow(method, "table") is not None
    drawing = f"a picture is a flow: `${of} | frame | line(x=..., y=...) | plot | handoff`"
    session.report(
        "P2-E0202",
        f"`{of}` is a binding, written `${of}`, and a step is not called with `.`",
        name.span,
        help=drawing
        if method in ("plot", "draw")
        else f"write `${of} | {method}(...)`"
        if known
        else _ours(session, of, method),
    )


_OF_NUMBERS = frozenset(("np", "numpy", "math", "torch", "tf"))


def _ours(session: Session, module: str, method: str) -> str:
    """Give what stands for a method of another tool."""
    if module in _OF_NUMBERS:
        function = FOREIGN_FUNCTIONS.get(method, (method,))[0]
        if method in FOREIGN_VALUES:
            return FOREIGN_VALUES[method]
        if session.registry.expression(function) is not None:
            return f"write `{function}(...)`"
    bare = method.removeprefix("set_")
    for word in (method, bare):
        if word in OTHERWISE:
            return OTHERWISE[word]
        step, advice = FOREIGN_STEPS.get(word, ("", ""))
        if step:
            return advice[:1].lower() + advice[1:].rstrip(".") if advice else f"write `| {step}`"
        function, advice = FOREIGN_FUNCTIONS.get(word, ("", ""))
        if function:
            return f"write `{function}(...)`"
    return "a picture is a flow: `access(...) | frame | line(x=..., y=...) | plot | handoff`"


def exported(loaded: Loaded) -> dict[str, Word | Binding]:
    """Give what a library offers: its definitions, pipes and constants, but no name that begins with `_`."""
    names: dict[str, Word | Binding] = {**loaded.scope.bindings}
    words = loaded.scope.words | loaded.scope.only_behind_dot
    names |= {name: word for name, word in words.items() if isinstance(word.what, ast.Def)}
    return {name: found for name, found in names.items() if not name.startswith("_")}


def constant(session: Session, place: Place, node: ast.Var) -> Binding | None:
    """Give the constant that `$library.name` stands for; None when `$library` is no library, or after a report."""
    if not names_library(place, node):
        return None
    parts = (node.name, *node.fields)
    found = member(session, place, ast.QName(parts, span=node.span))
    if found is None:
        return Binding(node.name, None)
    what = found[1]
    if isinstance(what, Binding) and not isinstance(what.what, ast.Pipe):
        return what
    called = ".".join(part.text for part in parts)
    session.report(
        "P2-E0213",
        f"`{called}` is not a value",
        node.span,
        help=f"a step stands after a bar: `| {called}`; a function is called: `{called}(...)`",
    )
    return Binding(node.name, None)


def names_library(place: Place, node: ast.Var) -> bool:
    """Tell whether `$name.part` speaks of a library."""
    if not node.fields or place.scope.seen_binding(node.name.text) is not None:
        return False
    word = place.scope.word(node.name.text)
    return word is not None and isinstance(word.what, ast.Use)


# ---- finding -------------------------------------------------------------------------------------


def _well_formed(session: Session, item: ast.Use) -> bool:
    if REFERENCE.match(item.path.value):
        return True
    name = item.path.value.partition("@")[0]
    versions = session.libraries.versions(name) if REFERENCE.match(f"{name}@1") else ()
    text = f'"{name}@{versions[-1]}"' if versions else '"scope/name@1.0.0"'
    session.report(
        "P2-E0250",
        f'"{item.path.value}" does not name one version of a library',
        item.path.span,
        help=f"write {text}: the version is exact",
        fix=Fix(item.path.span, text) if versions else None,
    )
    return False


def _found(session: Session, item: ast.Use) -> Library | None:
    reference = item.path.value
    try:
        found = session.libraries.find(reference)
    except UnusableLibrary as error:
        session.report(error.code, error.message, item.path.span, help=error.remedy)
        return None
    if found is None:
        _unknown(session, item)
        return None
    if found.refused is not None:
        code, message, remedy = found.refused
        if session.libraries.strict:
            session.report(code, message, item.path.span, help=remedy)
            return None
        session.report(
            "P2-W0451",
            f"a run would refuse this library: {message}",
            item.path.span,
            help=remedy,
            note=f"({code})",
            severity="warning",
        )
    return found


def _unknown(session: Session, item: ast.Use) -> None:
    name, _, version = item.path.value.partition("@")
    versions = session.libraries.versions(name)
    if versions:
        close = nearest(version, versions) or versions[-1]
        text = f'"{name}@{close}"'
        session.report(
            "P2-E0250",
            f"there is no version {version} of the library {name}",
            item.path.span,
            help=f"did you mean {text}?",
            note=f"versions here: {', '.join(versions)}",
            fix=Fix(item.path.span, text),
        )
        return
    names = sorted({known.partition("@")[0] for known in session.libraries.known})
    near = nearest(name, names)
    here = [known for known in session.libraries.known if known.partition("@")[0] == near]
    session.report(
        "P2-E0250",
        f"there is no library {name}",
        item.path.span,
        help=f'did you mean "{here[-1]}"?'
        if here
        else f"put it beside the script as libraries/{name}/{version}.p2 with its .sig file",
        note=f"libraries here: {', '.join(names[:_SHOWN])}" if names and not here else "",
        fix=Fix(item.path.span, f'"{here[-1]}"') if here else None,
    )


def _circular(session: Session, item: ast.Use) -> None:
    chain = [*session.reading_now, item.path.value]
    circle = item.path.value in session.reading_now
    session.report(
        "P2-E0252",
        "libraries use each other in a circle"
        if circle
        else f"more than {DEEPEST_USE} libraries use each other in a row",
        item.path.span,
        help="move what both need into a third library" if circle else "use fewer in a row",
        note=" -> ".join(chain[chain.index(item.path.value) if circle else 0 :]),
    )


# ---- reading -------------------------------------------------------------------------------------


def _read(session: Session, item: ast.Use, found: Library, statement: Statement) -> Loaded:
    """Read a library's statements into a scope of their own; what is wrong with one makes all of it unusable."""
    before = session.errors
    scope = Scope(library=True)
    session.reading_now.append(item.path.value)
    with session.called(item.path.span, found.source):
        parsed = _parsed(found.source)
        for diagnostic in parsed.diagnostics:
            if diagnostic.is_error:
                session.report(
                    diagnostic.code,
                    diagnostic.message,
                    diagnostic.span,
                    label=diagnostic.label,
                    help=diagnostic.help,
                    note=diagnostic.note,
                    related=diagnostic.related,
                )
        if session.errors == before and parsed.script is not None:
            for each in parsed.script.items:
                if only_definitions(session, each):
                    statement(session, Place(scope), each)
    session.reading_now.pop()
    return Loaded(item.path.value, found.source, scope, session.errors == before)


def _not_in_library(session: Session, what: str, span: Span) -> None:
    session.report(
        "P2-E0251",
        f"{what} has no place in a library",
        span,
        help="a library holds only `use`, `let`, `pipe` and `def`; reading, drawing to a file and handing over"
        " stay in the script that uses it",
    )


def _keyword(session: Session, item: ast.Item) -> str:
    words = session.source.slice(item.span).split(None, 1)
    return re.split(r"[^A-Za-z$_]", words[0])[0] if words else "this"


def _no_member(session: Session, loaded: Loaded, alias: str, rest: list[ast.Name]) -> None:
    names = sorted(exported(loaded))
    first = rest[0]
    if len(rest) > 1:
        session.report(
            "P2-E0202",
            f"`{alias}.{first.text}` has nothing behind a dot",
            rest[1].span,
            help="a library that another one uses is used here with a `use` of its own",
        )
        return
    close = nearest(first.text, names)
    hidden = first.text.startswith("_") and first.text in {
        *loaded.scope.words,
        *loaded.scope.bindings,
    }
    private = "a name that begins with `_` stays inside its library"
    help = f"did you mean `{alias}.{close}`?" if close else ""
    more = ", ..." if len(names) > _SHOWN else ""
    session.report(
        "P2-E0202",
        f"`{alias}` has no `{first.text}`",
        first.span,
        label=f"not in {loaded.reference}",
        help=private if hidden else help,
        note=f"it has {', '.join(names[:_SHOWN])}{more}" if names else "it is empty",
        fix=Fix(first.span, close) if close and not hidden else None,
    )
