"""`export --as ro-crate`: CSV files with an `ro-crate-metadata.json` that says what each file and column is.

The format: RO-Crate 1.1 (w3id.org/ro/crate/1.1), JSON-LD with the words of schema.org. Each bundle is a Dataset with
its params as PropertyValues; each table is a File with its columns as `variableMeasured`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from plotter2.datter.bundle import Bundle
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
from plotter2.version import __version__

METADATA: Final = "ro-crate-metadata.json"
_TOOL: Final = "#plotter2"


def export(store: Store, wanted: ToExport, submit: Submit) -> Exported:
    """Write a crate as a folder. Raises DataError, HostError."""
    return export_described(store, wanted, submit, METADATA, _crate)


def _crate(laid: Laid, files: Mapping[str, File]) -> dict[str, Any]:
    graph: list[dict[str, Any]] = [
        {
            "@id": METADATA,
            "@type": "CreativeWork",
            "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
            "about": {"@id": "./"},
        },
        {"@id": _TOOL, "@type": "SoftwareApplication", "name": "plotter2", "version": __version__},
    ]
    if all(place for _, place in laid.folders):  # several attempts, and nothing around them
        graph.append(_root(laid))
    for bundle, place in laid.folders:
        graph += _bundle(laid, bundle, place, files)
    return {"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": graph}


def _root(laid: Laid) -> dict[str, Any]:
    top = laid.folders[0][0]
    parts = [{"@id": _folder(place)} for _, place in laid.folders if "/" not in place]
    return {**_about(top), "@id": "./", "hasPart": parts, "sdPublisher": {"@id": _TOOL}}


def _bundle(
    laid: Laid, bundle: Bundle, place: str, files: Mapping[str, File]
) -> Iterator[dict[str, Any]]:
    tables = [placed for placed in laid.tables if placed.bundle.id == bundle.id]
    inside = [folder for _, folder in laid.folders if folder and folder.rpartition("/")[0] == place]
    copies = [copy for copy in laid.copies if copy.bundle.id == bundle.id]
    paths = [placed.path for placed in tables] + [copy.path for copy in copies]
    parts = [{"@id": quote(path)} for path in paths] + [
        {"@id": _folder(f)} for f in inside if f != place
    ]
    params = [
        {
            "@id": f"#{bundle.id}-param-{number}",
            "@type": "PropertyValue",
            "name": name,
            "value": value,
        }
        for number, (name, value) in enumerate(bundle.params.items())
    ]
    yield {
        **_about(bundle),
        "@id": _folder(place),
        "identifier": bundle.id,
        "version": str(bundle.attempt),
        "hasPart": parts,
        "sdPublisher": {"@id": _TOOL},
        **({"additionalProperty": [{"@id": p["@id"]} for p in params]} if params else {}),
    }
    yield from params
    for placed in tables:
        yield from _table(placed, files[placed.path])
    for copy in copies:
        yield from _copy(copy, axes_of(copy, laid))


def _copy(copy: Copied, axes: Sequence[Mapping[str, str]]) -> Iterator[dict[str, Any]]:
    measured = [
        {
            "@id": f"#{quote(copy.path)}-axis-{number}",
            "@type": "PropertyValue",
            "name": axis.get("name", f"axis {number}"),
            **({"unitText": axis["unit"]} if "unit" in axis else {}),
            **(
                {"valueReference": {"@id": quote(axis["coordinate"])}}
                if "coordinate" in axis
                else {}
            ),
        }
        for number, axis in enumerate(axes)
    ]
    yield {
        "@id": quote(copy.path),
        "@type": "File",
        "name": f"{copy.bundle.name}: {copy.name}",
        "encodingFormat": copy.held.media,
        "contentSize": str(copy.held.bytes),
        "sha256": copy.held.digest,
        **({"variableMeasured": [{"@id": axis["@id"]} for axis in measured]} if measured else {}),
    }
    yield from measured


def _about(bundle: Bundle) -> dict[str, Any]:
    made = datetime.fromtimestamp(bundle.created / 1000, UTC).isoformat(timespec="seconds")
    said = bundle.meta.get("description")
    description = said if isinstance(said, str) else f"Experiment output: {bundle.name}"
    return {
        "@type": "Dataset",
        "name": bundle.name,
        "description": description,
        "datePublished": made,
    }


def _table(placed: Placed, file: File) -> Iterator[dict[str, Any]]:
    columns = [
        {
            "@id": f"#{placed.bundle.id}-{placed.stream}-{number}",
            "@type": "PropertyValue",
            "name": column.name,
            **({"unitText": column.unit} if column.unit else {}),
            **({"description": column.description} if column.description else {}),
        }
        for number, column in enumerate(placed.table.columns)
    ]
    yield {
        "@id": quote(file.path),
        "@type": "File",
        "name": f"{placed.bundle.name}: {placed.stream}",
        "encodingFormat": "text/csv",
        "contentSize": str(file.bytes),
        "sha256": file.sha256,
        "variableMeasured": [{"@id": column["@id"]} for column in columns],
    }
    yield from columns


def _folder(place: str) -> str:
    return quote(place) + "/" if place else "./"
