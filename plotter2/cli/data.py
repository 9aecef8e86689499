"""`add` and `show`: what comes into the store, and what is in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from plotter2.cli.answer import Answer
from plotter2.cli.command import command, opened_host
from plotter2.cli.held import held_lines, some
from plotter2.cli.params import FILES_HELP, param_text
from plotter2.cli.tables import held_text, without
from plotter2.cli.task_results import task_result_lines, task_results
from plotter2.config.settings import settings
from plotter2.datter import codes, room
from plotter2.datter.bundle import Bundle
from plotter2.datter.contents import Listed
from plotter2.datter.holdings import arrays_json, files_json
from plotter2.datter.left_out import LeftOut, note_of
from plotter2.datter.registry import BundleRow
from plotter2.datter.select import former_name
from plotter2.datter.stack import Stacked
from plotter2.datter.store import Store
from plotter2.errors import DataError, ExitCode
from plotter2.printable import count, shortened, table

if TYPE_CHECKING:
    from plotter2.staging import AddReport
    from plotter2.staging.intake import AddedBundle

_GATE = ("P2-S07", "P2-S08")
_NOT_TOGETHER = (codes.CONFLICT, codes.TOO_MANY_COLUMNS)
_SHOWN_CHILDREN = 20


@command()
@click.argument(
    "paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH..."
)
@click.option("--name", help="What to call the bundle (default: the experiment or folder).")
@click.option("--key", metavar="KEY", help="Add once for this key, however often it is asked.")
@click.option(
    "--files/--no-files",
    default=None,
    help=f"{FILES_HELP} With --files what cannot be read is kept, too.",
)
def add(
    root: str | None,
    paths: tuple[Path, ...],
    name: str | None,
    key: str | None,
    files: bool | None,
) -> Answer:
    """Take runs (logger2, TensorBoard, MLflow, W&B), folders of files, or packages (.p2b) into the store.

    Pictures, notes, checkpoints and all else beside them is kept as it is.

    Of a package with signed scripts the data are stored in any case; plots that the gate refuses make exit code 4.
    """
    with opened_host(root) as host:
        report = host.add(paths, name, key, files)
        return add_answer(host.store, report, room.warnings(host.settings.root, host.settings.disk))


def add_answer(store: Store, report: AddReport, warnings: Sequence[str] = ()) -> Answer:
    """Give what an add did, and what there is to be warned of."""
    tops = _tops([bundle.name for bundle in report.bundles])
    selectors = [_reachable(store, top) for top in tops]
    shown = [bundle_json(store, selector) for selector in selectors]
    texts = [bundle_text(store, selector) for selector in selectors]
    counts = Counter(bundle.outcome for bundle in report.bundles)
    notes = _notes(report.bundles)
    notes += _left_alone(report.left_alone)
    notes += [f"warning: {warning}" for warning in warnings]
    data = {
        "ok": True,
        "bundles": shown,
        "added": [bundle.as_json() for bundle in report.bundles],
        "left_alone": list(report.left_alone),
        "timings_ms": report.timings_ms,
        "request": report.request,
        "repeated": report.repeated,
        "warnings": list(warnings),
        "packages": [done.as_json() for done in report.packages],
    }
    if report.repeated:
        notes.append(f"the request {report.request} with this key was done before")
    summary = ", ".join(f"{number} {outcome}" for outcome, number in counts.items())
    done = [line for package in report.packages for line in package.lines()]
    lines = [*texts, *notes, summary, *done]
    refused = [each for package in report.packages for each in package.refused]
    if not refused:
        return Answer(data, "\n".join(lines))
    lines.append("the data are stored; add the package again when what was refused is mended")
    by_gate = any(each.problem and each.problem.code.startswith(_GATE) for each in refused)
    exit_code = ExitCode.REFUSED if by_gate else ExitCode.WORK_FAILED
    return Answer({**data, "ok": False}, "\n".join(lines), exit_code)


@command()
@click.argument("bundle", required=False)
def show(root: str | None, bundle: str | None) -> Answer:
    """List the bundles, or show BUNDLE: id, parameters, children, and the schema of its rows."""
    with Store.open_to_read(settings(root).root) as store:
        if bundle is None:
            return _listing(store.list(), store.left_out())
        return Answer(bundle_json(store, bundle), bundle_text(store, bundle))


def _notes(bundles: Sequence[AddedBundle]) -> list[str]:
    """Give what is to be told of bundles; what is the same of many is told once."""
    of: dict[str, list[str]] = {}
    for bundle in bundles:
        for note in bundle.notes:
            of.setdefault(note, []).append(bundle.name)
    told = []
    for note, names in of.items():
        if len(names) < _TOLD_ONCE:
            told += [f"note: {shortened(name)}: {note}" for name in names]
        else:
            told.append(f"note: {len(names)} bundles, the first is {shortened(names[0])}: {note}")
    return told


_TOLD_ONCE = 3


def _reachable(store: Store, name: str) -> str:
    """Give a name, or the id that reaches its bundle when that is archived."""
    attempts = store.attempts(name)
    return name if any(a.state == "active" for a in attempts) else attempts[0].id


def _left_alone(files: tuple[str, ...]) -> list[str]:
    """Say which files are no data that is understood, those of one name together."""
    by_name = Counter(Path(file).name for file in files)
    return [
        f"note: left alone: {shortened(name)}"
        + (f" ({number} files of this name)" if number > 1 else "")
        for name, number in by_name.items()
    ]


def _tops(names: list[str]) -> list[str]:
    known = set(names)
    return [name for name in names if not any(above in known for above in _above(name))]


def _above(name: str) -> list[str]:
    parts = name.split("/")
    return ["/".join(parts[:end]) for end in range(1, len(parts))]


def bundle_json(store: Store, path: str) -> dict[str, Any]:
    """Give a bundle, or what a selector means, with its schema."""
    rows = store.find(path)
    # A selector of several bundles has no id and no parameters of its own.
    one = None if "*" in path else rows[0]
    bundle = store.bundle(one.id) if one else None
    called = _called(store, one, path)
    selector, stacked, choices = _rows_of(store, called)
    children: Sequence[BundleRow] = rows
    if one is not None:
        children = [c.bundle for c in store.list(one.name) if c.bundle.parent == one.id]
    return {
        "ok": True,
        "id": one and one.id,
        "name": one.name if one else path,
        "attempt": one and one.attempt,
        "state": one and one.state,
        "attempts": [
            {"id": a.id, "attempt": a.attempt, "state": a.state} for a in _attempts(store, one)
        ],
        "former_names": _former_names(store, one) if one else [],
        "attached": _attached(store, one) if one else [],
        "attached_ever": _attached_ever(store, one) if one else [],
        "task_results": task_results(store, one) if one else [],
        "params": one.params if one else {},
        "tables": _tables(bundle) if bundle else {},
        "files": files_json(bundle.files) if bundle else {},
        "arrays": arrays_json(bundle.arrays) if bundle else {},
        "children": [{"id": c.id, "name": c.name, "params": c.params} for c in children],
        "selector": selector,
        "schema": None if stacked is None else stacked.schema.as_json(),
        "columns": [] if stacked is None else [_column_json(c) for c in stacked.columns],
        "notes": [
            *([] if called == path else [former_name(path, called)]),
            *_renumbered(store, rows),
            *(_choices(choices, bundle) if stacked is None else stacked.notes),
        ],
    }


def bundle_text(store: Store, path: str) -> str:
    """Give the same for people."""
    shown = bundle_json(store, path)
    called = shown["selector"].removesuffix("/*")
    lines = [f"{shown['name']}  {shown['id'] or ''}".rstrip()]
    if shown["state"] == "archived":
        lines.append("archived")
    if shown["former_names"]:
        lines.append("formerly: " + ", ".join(shown["former_names"]))
    if len(shown["attempts"]) > 1:
        others = [f"{a['attempt']} ({a['id']})" for a in shown["attempts"]]
        lines.append(f"attempt {shown['attempt']} of: " + ", ".join(others))
    if shown["params"]:
        params = [f"{name} = {param_text(value)}" for name, value in shown["params"].items()]
        lines.append("params: " + ", ".join(params))
    for each in shown["attached"]:
        names = [f"{kind} {', '.join(each[kind])}" for kind in ("links", "tasks") if each[kind]]
        lines.append(f"attached: {each['name']} ({'; '.join(names)})")
    if shown["children"]:
        inside = f"{count(len(shown['children']), 'bundle', 'bundles')} inside"
        lines.append(inside + _names_inside(shown["children"]))
    if shown["schema"] is None:
        lines += [
            f'access("{called}/{name}") gives {_rows(table["rows"])}: {some(table["columns"])}'
            for name, table in shown["tables"].items()
        ]
    else:
        lines.append(f'access("{shown["selector"]}") gives {_rows(shown["schema"]["rows"])}:')
        cells = [[c["name"], c["type"], c["role"], c["why"]] for c in shown["columns"]]
        lines.append(_indented(table(["column", "type", "role", "why"], cells)))
    lines += held_lines(shown["files"], shown["arrays"])
    lines += task_result_lines(shown["task_results"])
    lines += [f"note: {note}" for note in shown["notes"]]
    return "\n".join(lines)


def _renumbered(store: Store, rows: Sequence[BundleRow]) -> list[str]:
    names = {row.name for row in rows}
    return [
        f"attempt {each.attempt} of {each.name} was stored as attempt {each.stored} while another bundle of this name "
        f"could not be read; if only one of them is wanted: plotter2 archive ID"
        for each in store.renumbered()
        if each.name in names
    ]


def _choices(choices: Sequence[str], bundle: Bundle | None) -> Sequence[str]:
    """Give what there is to choose from; a bundle that only keeps files has nothing to choose, and says what it has."""
    is_plain = bundle is not None and not bundle.tables and bool(bundle.files or bundle.arrays)
    return () if is_plain else choices


def _rows(number: int) -> str:
    return f"{number:,} {'row' if number == 1 else 'rows'}"


def _attempts(store: Store, bundle: BundleRow | None) -> tuple[BundleRow, ...]:
    return store.attempts(bundle.name) if bundle else ()


def _attached(store: Store, bundle: BundleRow) -> list[dict[str, Any]]:
    return [
        {
            "name": each.name,
            "links": list(each.kept.links),
            "tasks": list(each.kept.tasks),
            "at": each.at,
            "on": each.bundle,
        }
        for each in store.attachments(bundle)
    ]


def _attached_ever(store: Store, bundle: BundleRow) -> list[dict[str, Any]]:
    return [
        {
            "name": each.name,
            "script": each.kept.script.digest,
            "sidecar": each.kept.sidecar.digest,
            "at": each.at,
            "ended": each.ended,
        }
        for each in store.attachment_history(bundle)
    ]


def _former_names(store: Store, bundle: BundleRow) -> list[str]:
    return [renamed.old for renamed in store.renames(bundle.id) if renamed.old != bundle.name]


def _called(store: Store, bundle: BundleRow | None, path: str) -> str:
    """Give the name that a bundle has now when `path` is a former one, else `path` itself."""
    if bundle is None or path not in _former_names(store, bundle):
        return path
    return bundle.name


def _rows_of(store: Store, path: str) -> tuple[str, Stacked | None, tuple[str, ...]]:
    """Give the selector under which a bundle has rows, its own or its children's; else what there is to choose from."""
    choices = []
    for selector in (path,) if "*" in path else (path, f"{path}/*"):
        try:
            return selector, store.describe(selector), ()
        except DataError as error:
            if error.code in (codes.WHICH_TABLE, codes.NO_TABLE):
                choices.append(f"{error.message}; {error.help}")
            elif error.code in _NOT_TOGETHER and "*" not in path:
                # Only who asks for the rows of several bundles at once is refused: the bundle itself is sound.
                choices.append(f'access("{selector}") gives no rows: {error.message}; {error.help}')
            elif error.code != codes.UNKNOWN_BUNDLE:
                raise
    return path, None, tuple(choices[-1:])


def _tables(bundle: Bundle) -> dict[str, dict[str, Any]]:
    return {
        name: {"rows": table.rows, "columns": [column.name for column in table.columns]}
        for name, table in bundle.tables.items()
    }


def _column_json(column: Any) -> dict[str, str]:
    return {
        "name": column.name,
        "type": str(column.type),
        "role": column.role or column.source,
        "why": column.why,
    }


def _counted(line: Listed) -> list[str]:
    return [f"{line.rows:,}", str(line.tables)] if line.tables else ["", ""]


def _names_inside(children: list[dict[str, Any]]) -> str:
    names = [child["name"].rpartition("/")[2] for child in children]
    more = f", and {len(names) - _SHOWN_CHILDREN} more" if len(names) > _SHOWN_CHILDREN else ""
    return ": " + ", ".join(map(shortened, names[:_SHOWN_CHILDREN])) + more


def _listing(listed: tuple[Listed, ...], lacking: tuple[LeftOut, ...]) -> Answer:
    head = ["bundle", "rows", "tables", "files", "id"]
    rows = [[_name(b.bundle), *_counted(b), held_text(b.held), b.bundle.id] for b in listed]
    if not any(b.held for b in listed):
        head, rows = without("files", head, rows)
    data = {
        "ok": True,
        "bundles": [
            {
                "id": b.bundle.id,
                "name": b.bundle.name,
                "tables": b.tables,
                "rows": b.rows,
                **b.held.as_json(),
            }
            for b in listed
        ],
        "left_out": [each.as_json() for each in lacking],
    }
    text = table(head, rows)
    lines = [text if listed else "the store is empty; bring output in: plotter2 add PATH"]
    return Answer(data, "\n".join([*lines, *(f"note: {note}" for note in note_of(lacking))]))


def _name(bundle: BundleRow) -> str:
    return bundle.name if bundle.attempt == 1 else f"{bundle.name} (attempt {bundle.attempt})"


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
