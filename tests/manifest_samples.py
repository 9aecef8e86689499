"""Manifests and packages for tests: a sound one to change, and containers made of bytes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from plotter2.manifest.container import head, trailer


def minimal(**more: Any) -> dict[str, Any]:
    """Give a manifest with the keys that every one has."""
    return {
        "date": "2026-11-24",
        "time": "13:05:00",
        "user": "ada",
        "manifest_version": 1,
        "meta": {},
        "contains": ["steps.csv"],
        **more,
    }


def as_bytes(manifest: Any) -> bytes:
    return json.dumps(manifest).encode()


def digests(files: Mapping[str, bytes]) -> dict[str, Any]:
    return {
        path: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        for path, content in files.items()
    }


def container(files: Mapping[str, bytes], **more: Any) -> bytes:
    """Give a package as one file, with sound digests."""
    start = head(as_bytes(minimal(**{"digests": digests(files), **more})))
    return b"".join([start, *(files[path] for path in sorted(files)), trailer(start)])
