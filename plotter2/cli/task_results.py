"""What tasks made of a bundle, as `show` tells it: reports (pictures and files) and shared (exposed) tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from plotter2.cli.moments import iso
from plotter2.datter.registry import BundleRow
from plotter2.datter.store import Store

_SHOWN_COLUMNS = 8


def task_results(store: Store, bundle: BundleRow) -> list[dict[str, Any]]:
    """Give the newest run of each task on a bundle with what it drew (`reports`) and exposed (`shared`)."""
    return [
        {
            "task": ran.done.task,
            "script": ran.done.script,
            "run": ran.done.run,
            "at": iso(ran.at, "seconds"),
            "reports": [
                {
                    "name": f"reports/{each.file}",
                    "path": str(store.layout.output / ran.done.run / each.file),
                    "sha256": each.sha256,
                }
                for each in ran.done.files
            ],
            "shared": {
                name: {"rows": table.rows, "columns": [column.name for column in table.columns]}
                for name, table in ran.done.tables.items()
            },
        }
        for ran in store.task_runs.of(bundle.id)
    ]


def task_result_lines(results: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Give the same for people."""
    for each in results:
        yield f"task {each['task']} of {each['script']} ran at {each['at'][:16].replace('T', ' ')} (run {each['run']})"
        for report in each["reports"]:
            yield f"  {report['name']}: {report['path']}"
        for name, table in each["shared"].items():
            yield f"  shared/{name}: {table['rows']:,} rows: {_some(table['columns'])}"


def _some(names: Sequence[str]) -> str:
    more = f", ... ({len(names)} in all)" if len(names) > _SHOWN_COLUMNS else ""
    return ", ".join(names[:_SHOWN_COLUMNS]) + more
