"""Large objects are written while the next ones are hashed: all are there, whole, once the add is committed."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from plotter2.datter import codes, objects
from plotter2.datter.adding import Draft
from plotter2.datter.bundle import Chunk, Column, Table
from plotter2.datter.locks import PATIENCE_S
from plotter2.datter.store import Store
from plotter2.errors import DataError

PIECE = 5 << 20


def test_all_are_whole_after_the_commit(tmp_path: Path) -> None:
    pieces = [os.urandom(PIECE) for _ in range(5)]
    with Store.open(tmp_path) as store, store.adding() as adding:
        chunks = [Chunk(digest=adding.put(p)[0], bytes=PIECE, rows=1) for p in (*pieces, pieces[0])]
        table = Table(rows=6, columns=(Column(name="c", kind="number", chunks=tuple(chunks)),))
        adding.commit([Draft("large", tables={"main": table})], PATIENCE_S)
        for piece in pieces:
            assert objects.read(store.layout, hashlib.sha256(piece).hexdigest()) == piece


def test_an_add_that_is_given_up_leaves_nothing(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        with store.adding() as adding:
            for _ in range(4):
                adding.put(os.urandom(PIECE))
        assert not list(store.layout.temp.iterdir())
        assert not list((tmp_path / "source" / "objects").rglob("??/*"))


def test_a_write_that_fails_later_is_told(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store, store.adding() as adding:
        digest, _ = adding.put(os.urandom(PIECE))
        (work,) = (path for path in store.layout.temp.iterdir() if path.is_dir())
        (work / hashlib.sha256(b"x" * PIECE).hexdigest()).write_bytes(b"in the way")
        chunks = (Chunk(digest=adding.put(b"x" * PIECE)[0], bytes=PIECE, rows=1),)
        table = Table(rows=1, columns=(Column(name="c", kind="number", chunks=chunks),))
        with pytest.raises(DataError) as caught:
            adding.commit([Draft("large", tables={"main": table})], PATIENCE_S)
        assert caught.value.code == codes.IO_FAILED
        assert not list((tmp_path / "source" / "objects").rglob(digest))
