"""Packages for tests of staging: written as folders and containers, added, refused, exported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import logger2
from manifest_samples import as_bytes, minimal
from plotter2.datter.bundle import Bundle
from plotter2.datter.store import Store
from plotter2.errors import DataError
from plotter2.exporting import package as packages
from plotter2.exporting.wanted import Exported, ToExport
from plotter2.staging.intake import AddReport
from plotter2.staging.packing import Label, pack
from plotter2.staging.shipping import Shipped, write_container
from reader_samples import read_here
from staging_samples import staged

LABEL = Label("2026-11-24", "13:05:00", "UTC", "ada", "plotter2")
CSV = b"step,loss\n0,1.5\n1,\n"


def add(store: Store, path: Path, name: str | None = None) -> AddReport:
    return staged([path], name, read_here, store)


def export(store: Store, wanted: ToExport) -> Exported:
    def never(*_: object) -> Any:
        raise AssertionError("a package needs no child")

    return packages.export(store, wanted, never)


def folder(at: Path, files: dict[str, bytes], **more: Any) -> Path:
    """Write a package as a folder."""
    for name, content in files.items():
        (at / name).parent.mkdir(parents=True, exist_ok=True)
        (at / name).write_bytes(content)
    at.mkdir(exist_ok=True)
    (at / "manifest.json").write_bytes(as_bytes(minimal(**more)))
    return at


def refusal(store: Store, path: Path, **how: Any) -> DataError:
    """Add what must be refused; nothing of it may be left in the store."""
    before = {path for path in store.layout.source.rglob("*") if path.is_file()}
    with pytest.raises(DataError) as caught:
        add(store, path, **how)
    assert caught.value.help
    assert {path for path in store.layout.source.rglob("*") if path.is_file()} == before
    return caught.value


def bundle(store: Store, name: str) -> Bundle:
    return store.bundle(store.find(name)[0].id)


def outcomes(report: AddReport) -> dict[str, str]:
    return {each.name: each.outcome for each in report.bundles}


def ship(path: Path, to: Path, **how: Any) -> Shipped:
    return write_container(pack([path], None, LABEL, **how).cargo, to)


def record(at: Path, **params: float) -> Path:
    with logger2.run("digits", params, axes=["lr"], dir=at) as run:
        run.define("loss", unit="nat")
        for step in range(3):
            run.log(step, loss=params["lr"] / (step + 1))
    return at / "digits"
