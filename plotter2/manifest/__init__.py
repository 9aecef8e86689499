"""Manifests and packages, pure: bytes in, frozen values out. No file is opened here.

A manifest is the cargo list of a package: which bundles it brings, which files hold their tables, what is known of
them. A package is one container file (`container`) or a folder with `manifest.json`.
"""

from plotter2.manifest.model import Enclosed, Manifest, ManifestV1, ManifestV2
from plotter2.manifest.reading import mistakes, read_manifest
from plotter2.manifest.writing import encode, upgraded

__all__ = [
    "Enclosed",
    "Manifest",
    "ManifestV1",
    "ManifestV2",
    "encode",
    "mistakes",
    "read_manifest",
    "upgraded",
]
