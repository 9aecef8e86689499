"""`export --as frictionless`: a Frictionless data package, CSV files with a `datapackage.json` that types each column.

The format: Data Package and Table Schema, version 1 (specs.frictionlessdata.io), as a tabular data package.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from plotter2.datter.bundle import Bundle, Column, slug
from plotter2.datter.store import Store
from plotter2.exporting.described import export_described
from plotter2.exporting.wanted import Exported, Submit, ToExport
from plotter2.exporting.written import (
    Copied,
    File,
    Laid,
    Placed,
    axes_of,
)

DESCRIPTOR: Final = "datapackage.json"
_TYPES: Final[Mapping[str, str]] = {
    "int": "integer",
    "number": "number",
    "time": "number",
    "string": "string",
    "bool": "boolean",
    "null": "any",
}


def export(store: Store, wanted: ToExport, submit: Submit) -> Exported:
    """Write a data package as a folder, tabular when it holds tables only. Raises DataError, HostError."""
    return export_described(store, wanted, submit, DESCRIPTOR, _package)


def _package(laid: Laid, files: Mapping[str, File]) -> dict[str, Any]:
    top = laid.folders[0][0]
    taken: set[str] = set()
    return {
        "profile": "data-package" if laid.copies else "tabular-data-package",
        "name": slug(top.run),
        "id": top.id,
        "title": top.name,
        "created": datetime.fromtimestamp(top.created / 1000, UTC).isoformat(timespec="seconds"),
        "resources": [
            *(_resource(placed, files[placed.path], taken) for placed in laid.tables),
            *(_plain(copy, taken, axes_of(copy, laid)) for copy in laid.copies),
        ],
    }


def _resource(placed: Placed, file: File, taken: set[str]) -> dict[str, Any]:
    bundle = placed.bundle
    return {
        "profile": "tabular-data-resource",
        "name": _name(placed.path.removesuffix(".csv"), taken),
        "title": f"{bundle.name}: {placed.stream}",
        "path": file.path,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": file.bytes,
        "hash": f"sha256:{file.sha256}",
        "schema": {
            "fields": [_field(column) for column in placed.table.columns],
            "missingValues": [""],
        },
        "bundle": _about(bundle),
    }


def _plain(copy: Copied, taken: set[str], axes: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "profile": "data-resource",
        "name": _name(copy.path, taken),
        "title": f"{copy.bundle.name}: {copy.name}",
        "path": copy.path,
        "mediatype": copy.held.media,
        "bytes": copy.held.bytes,
        "hash": f"sha256:{copy.held.digest}",
        **({"axes": axes} if axes else {}),
        "bundle": _about(copy.bundle),
    }


def _about(bundle: Bundle) -> dict[str, Any]:
    return {
        "id": bundle.id,
        "name": bundle.name,
        "attempt": bundle.attempt,
        "params": bundle.params,
        "meta": bundle.meta,
    }


def _field(column: Column) -> dict[str, Any]:
    field: dict[str, Any] = {"name": column.name, "type": _TYPES[column.kind]}
    if column.unit:
        field["unit"] = column.unit
    if column.description:
        field["description"] = column.description
    if column.kind == "bool":
        field |= {"trueValues": ["true"], "falseValues": ["false"]}
    # A column of texts may hold the empty text, which a CSV file cannot tell from a missing value.
    if not column.nullable and column.kind not in ("null", "string"):
        field["constraints"] = {"required": True}
    return field


def _name(path: str, taken: set[str]) -> str:
    """Give a resource name, of which there is one in a package: lower case, digits, '.', '_' and '-'."""
    base = (
        "".join(c if c.isalnum() or c in "._-" else "-" for c in path.lower()).strip("-") or "table"
    )
    number, free = 1, base
    while free in taken:
        number += 1
        free = f"{base}-{number}"
    taken.add(free)
    return free
