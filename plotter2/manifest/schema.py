"""The published JSON Schemas of manifests, made from the annotated classes that the reader checks."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from plotter2.manifest.model import VERSIONS

_BEYOND = (
    "What a schema cannot say is checked by `plotter2 manifest check`: no path, table, bundle or id twice, no two "
    "paths that differ in their case only, digests for all files or for none, scripts and plots that are there."
)


def schema(version: int) -> dict[str, Any]:
    """Give the JSON Schema of a version."""
    made = msgspec.json.schema(VERSIONS[version])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"A plotter2 manifest, version {version}",
        "description": _BEYOND,
        **{key: _published(value) for key, value in made.items()},
    }


def schema_text(version: int) -> str:
    """Give the schema as the text of its file."""
    return json.dumps(schema(version), indent=2, sort_keys=True) + "\n"


def _published(value: Any) -> Any:
    """Take out what only Python needs: in a schema `$` is the very end already."""
    if isinstance(value, dict):
        return {key: _published(inner) for key, inner in value.items() if key != "discriminator"}
    if isinstance(value, list):
        return [_published(inner) for inner in value]
    return value
