"""The published JSON Schemas are those of this release, and say of single values what the reader says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from manifest_samples import as_bytes, minimal
from plotter2.manifest import codes, mistakes
from plotter2.manifest.schema import schema, schema_text

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
VALIDATORS = {n: jsonschema.Draft202012Validator(schema(n)) for n in (1, 2)}


@pytest.mark.parametrize("version", [1, 2])
def test_the_published_schema_is_that_of_this_release(version: int) -> None:
    published = (REFERENCE / f"manifest-{version}.schema.json").read_text()
    assert published == schema_text(version)
    jsonschema.Draft202012Validator.check_schema(json.loads(published))


CHANGES: list[dict[str, Any]] = [
    {},
    {"unknown": 1},
    {"meta": {"unknown": [1, {}]}},
    {"meta": 1},
    {"date": "2026-1-1"},
    {"time": "13:05"},
    {"time": "13"},
    {"timezone": "+01:00"},
    {"timezone": ""},
    {"user": 3},
    {"attempt": 2},
    {"attempt": 0},
    {"params": {"a": 1, "b": 2.5, "c": None, "d": True, "e": "x"}},
    {"params": {"a": []}},
    {"params": {"": 1}},
    {"contains": ["../x.csv"]},
    {"contains": ["a/con.csv"]},
    {"contains": ["a/x.csv"]},
    {"contains": [{"kind": "table", "name": "t", "files": ["t.csv"]}]},
    {"contains": [{"kind": "table", "name": "t", "files": [], "format": "arrow"}]},
    {"contains": [{"kind": "run", "files": []}]},
    {"contains": [{"kind": "table", "name": "t"}]},
    {"contains": [{"kind": "table", "name": "T", "files": ["t.csv"]}]},
    {"contains": [{"kind": "table", "name": "t", "files": ["t.csv"], "format": "csv", "x": 1}]},
    {"contains": [{"kind": "bundle", "name": "a", "contains": [{"kind": "run", "files": ["r"]}]}]},
    {"contains": [{"kind": "bundle", "name": "nul"}]},
    {"contains": [{"kind": "other"}]},
    {"contains": [7]},
    {"id": "01HZX3J7C8QK5RW2V9YBT6M4ND"},
    {"id": "run-1"},
    {"id": "../run"},
    {"id": "com1"},
    {"name": "a/b"},
    {"name": "a/b."},
    {"parent": "a/b"},
    {"parent": "A"},
    {"schema": {"steps": {"columns": {"a": {"unit": "s", "role": "step"}}, "x": "a"}}},
    {"schema": {"steps": {"columns": {"a": {"type": "text"}}}}},
    {"digests": {"steps.csv": {"sha256": "0" * 64, "bytes": 0}}},
    {"digests": {"steps.csv": {"sha256": "0" * 64, "bytes": -1}}},
    {"digests": {"steps.csv": {"sha256": "x" * 64, "bytes": 0}}},
    {"digests": {"steps.csv": {"sha256": "0" * 64}}},
    {"links": ["matrix"], "tasks": ["pca"]},
    {"links": "matrix"},
    {"tool": "x", "origin_point": "cluster-7", "destination": "home"},
    {"render": {"formats": ["png"]}},
    {"render": {"formats": ["bmp"]}},
    {"scripts": [{"file": "a.p2", "sidecar": "a.p2.sig"}], "plots": [{"script": "a.p2"}]},
    {"scripts": [{"file": "a.p2"}]},
    {"plots": [{"script": "a.p2", "params": {"a": [1, 2]}, "to": "../x"}]},
]


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: json.dumps(change)[:60])
def test_schema_and_reader_agree(version: int, change: dict[str, Any]) -> None:
    sample = minimal(**{"manifest_version": version, **change})
    found = mistakes(as_bytes(sample), "m.json")
    beyond = [problem for problem in found if problem.code == codes.DISAGREES]
    assert VALIDATORS[version].is_valid(sample) == (len(beyond) == len(found)), found


@pytest.mark.parametrize("key", ["date", "time", "user", "manifest_version", "meta", "contains"])
def test_schema_and_reader_miss_the_same_keys(key: str) -> None:
    sample = {name: value for name, value in minimal().items() if name != key}
    assert not VALIDATORS[1].is_valid(sample)
    assert mistakes(as_bytes(sample), "m.json")
