"""Manifests as bytes: canonical JSON (keys sorted, no spaces, ASCII only), and from an old version to the newest."""

from __future__ import annotations

import json

import msgspec

from plotter2.manifest.model import Manifest, ManifestV1, ManifestV2


def encode(manifest: Manifest) -> bytes:
    """Give the canonical bytes of a manifest; what only repeats a default is left out."""
    text = json.dumps(
        msgspec.to_builtins(manifest),
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=True,
        allow_nan=False,
    )
    return text.encode("ascii")


def upgraded(manifest: Manifest) -> ManifestV2:
    """Give the same manifest in the newest version; nothing that it says is lost."""
    if isinstance(manifest, ManifestV1):
        return ManifestV2(**{**msgspec.structs.asdict(manifest), "manifest_version": 2})
    return manifest
