"""Who answers: the bundle's own link of a name, else that of the nearest bundle above that has one.

The nearest link decides. When it does not hold, nothing answers: falling back to one further up would show other
data without saying so. A link is checked again here, every time: signature, trust, source, translation, type, and
what is fixed since it was declared (columns and types; of a constant one the rows as well).
"""

from __future__ import annotations

from p2lang.semantics.promises import Broken, Columns, broken
from p2lang.types import ColumnType, TableSchema
from plotter2.datter.codes import ARCHIVED
from plotter2.datter.registry import BundleRow
from plotter2.datter.store import Store
from plotter2.errors import DataError, Plotter2Error
from plotter2.runs.compiling import CompiledScript
from plotter2.tasks import codes
from plotter2.tasks.attached import Declarations, columns_from
from plotter2.tasks.model import Answer, Answered, Head, Link, Reason, Unanswered
from plotter2.tasks.parts import LinkNode, links_of
from plotter2.tasks.places import origin_of, selector_of


def answer(declarations: Declarations, bundle: BundleRow, head: Head) -> Answer:
    """Give the link that answers a question asked of a bundle, or the reason why none does. Raises DataError."""
    for holder in (bundle, *declarations.above(bundle)):
        link = link_named(declarations, holder, head.name)
        if link is not None:
            return _judged(declarations, link, head)
    return Unanswered(head, _nobody(bundle, head))


def link_named(declarations: Declarations, bundle: BundleRow, name: str) -> Link | None:
    """Give the link of this name that a bundle itself has, whether it holds or not."""
    links = (link for each in declarations.of(bundle) for link in each.links)
    return next((link for link in links if link.head.name == name), None)


def holds(declarations: Declarations, link: Link) -> Answer:
    """Tell whether a link keeps what it promised when it was declared."""
    return _judged(declarations, link, link.head)


def _judged(declarations: Declarations, link: Link, head: Head) -> Answer:
    if link.bundle.state == "archived":
        return Unanswered(head, _archived(link), link)
    wrong = broken(head.columns, TableSchema(link.head.columns, 0))
    if wrong:
        return Unanswered(head, _other_type(link, head, wrong), link)
    refused = declarations.declaring(link).refused
    if refused is not None:
        return Unanswered(head, refused, link)
    try:
        program = declarations.compiled_link(link)
    except Plotter2Error as error:
        return Unanswered(head, _gone(link, error), link)
    node = links_of(program).get(link.head.name)
    if node is None or node.head != link.head or node.path != link.source:
        return Unanswered(head, _otherwise(link), link)
    try:
        changed = _changed(declarations.store, link, node, program)
        if changed is not None:
            return Unanswered(head, changed, link)
        return _answered(declarations, link, node, program)
    except DataError as error:  # somebody changed the store in this very moment
        return Unanswered(head, _gone(link, error), link)


def _answered(
    declarations: Declarations, link: Link, node: LinkNode, program: CompiledScript
) -> Answered:
    selectors = {
        path: selector_of(declarations.store, link.bundle, path) for path in program.schemas
    }
    rows = program.schemas[node.path].rows
    return Answered(link, link.bundle, selectors[node.path], program, selectors, rows)


def _changed(store: Store, link: Link, node: LinkNode, program: CompiledScript) -> Reason | None:
    """Say what is no longer as it was when the link was declared."""
    now = program.schemas[node.path]
    differences = _other_origin(store, link)
    for name, was in columns_from(link.declared.columns):
        found = now.get(name)
        if found is None:
            differences.append(f"{name} is gone")
        elif (found.kind, found.unit) != (was.kind, was.unit):
            differences.append(f"{name} was {was} and is {found}")
    if link.mode == "constant" and now.rows != link.declared.rows:
        differences.append(f"it had {link.declared.rows:,} rows and has {now.rows:,}")
    if not differences:
        return None
    more = "" if link.mode == "mutable" else f", or --mutable {link.head.name} if rows may vary"
    return Reason(
        codes.SOURCE_CHANGED,
        f"{link.source!r} changed since the link {link.head.name} of {link.bundle.name} was declared:"
        f" {'; '.join(differences)}",
        f"look at it, then declare it anew: plotter2 attach {link.bundle.name} {link.attachment}{more}",
        link.bundle.name,
    )


def _other_origin(store: Store, link: Link) -> list[str]:
    """Say that another bundle has the name by now; a later attempt of the same is no other one."""
    origin = link.declared.origin
    now = origin_of(store, link.bundle, link.source)
    if not origin or origin == now:
        return []
    (was,), (found,) = store.find(origin), store.find(now)
    return [] if was.name == found.name else [f"it meant {was.name} and means {found.name}"]


def _nobody(bundle: BundleRow, head: Head) -> Reason:
    above = "" if "/" not in bundle.name else ", nor does any bundle above it"
    return Reason(
        codes.NO_LINK,
        f"{bundle.name} has no link {head.name}{above}",
        f'declare one in a script: link {head.name}: {head.type} -> "table"; then plotter2 attach {bundle.name} x.p2',
        bundle.name,
    )


def _otherwise(link: Link) -> Reason:
    return Reason(
        codes.SOURCE_CHANGED,
        f"{link.attachment} does not declare the link {link.head.name} as it was taken down when it was attached",
        f"attach it again: plotter2 attach {link.bundle.name} {link.attachment}",
        link.bundle.name,
    )


def _archived(link: Link) -> Reason:
    return Reason(
        ARCHIVED,
        f"the link {link.head.name} is of {link.bundle.name}, which is archived",
        f"bring it back with: plotter2 archive --undo {link.bundle.name}",
        link.bundle.name,
    )


def _other_type(link: Link, head: Head, wrong: list[Broken]) -> Reason:
    return Reason(
        codes.OTHER_TYPE,
        f"the link {head.name} of {link.bundle.name} gives another type: "
        + "; ".join(_said(each, link.head.columns) for each in wrong),
        f"asked for is {head.type}; translate to it in {link.attachment}, and attach it again",
        link.bundle.name,
    )


def _said(problem: Broken, columns: Columns) -> str:
    if problem.actual is None:
        return f"the column {problem.column} is missing (it has {', '.join(n for n, _ in columns)})"
    if problem.why == "null":
        return f"{problem.column} may be missing in some rows"
    if _same_kind(problem.promised, problem.actual):
        units = [
            f"[{each.unit}]" if each.unit else "no unit"
            for each in (problem.actual, problem.promised)
        ]
        return f"{problem.column} has the unit {units[0]}, asked for is {units[1]}".replace(
            "the unit no", "no"
        )
    return f"{problem.column} is {problem.actual}, asked for is {problem.promised}"


def _same_kind(promised: ColumnType, actual: ColumnType) -> bool:
    return actual.kind == promised.kind or (actual.kind, promised.kind) == ("int", "number")


def _gone(link: Link, error: Plotter2Error) -> Reason:
    return Reason(
        error.code,
        f"the link {link.head.name} of {link.bundle.name} holds no longer: {error.message}",
        error.help,
        error.where,
    )
