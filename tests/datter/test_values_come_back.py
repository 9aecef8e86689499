"""Bundles, events and selectors as values: what was written is read again, what is odd is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logger2.identity import ulid
from plotter2.datter.bundle import (
    SEGMENT,
    Bundle,
    Chunk,
    Column,
    Provenance,
    SourceFile,
    Table,
    canonical,
    check_name,
    read_bundle,
    slug,
    slug_path,
)
from plotter2.datter.ids import is_id
from plotter2.datter.store import Store
from plotter2.errors import DataError

_TEXT = st.text(max_size=12)
_SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), _TEXT,
    st.floats(allow_nan=False, allow_infinity=False),
)  # fmt: skip
_CHUNKS = st.builds(Chunk, digest=_TEXT, bytes=st.integers(0, 2**40), rows=st.integers(0, 2**40))
_COLUMNS = st.builds(
    Column, name=_TEXT, kind=st.sampled_from(["int", "number", "string", "bool", "time", "null"]),
    unit=_TEXT, role=_TEXT, nullable=st.booleans(), confidence=st.floats(0, 1),
    chunks=st.lists(_CHUNKS, max_size=2).map(tuple),
)  # fmt: skip
_TABLES = st.builds(
    Table, rows=st.integers(0, 2**40), columns=st.lists(_COLUMNS, max_size=3).map(tuple)
)
_BUNDLES = st.builds(
    Bundle,
    id=_TEXT,
    name=_TEXT,
    parent=st.none() | _TEXT,
    attempt=st.integers(1, 9),
    created=st.integers(0, 2**45),
    params=st.dictionaries(_TEXT, _SCALARS, max_size=3),
    tables=st.dictionaries(_TEXT, _TABLES, max_size=2),
    provenance=st.builds(
        Provenance,
        files=st.lists(
            st.builds(SourceFile, name=_TEXT, digest=_TEXT, bytes=st.integers(0, 2**40)), max_size=2
        ).map(tuple),
    ),
)


@settings(max_examples=100, deadline=None)
@given(_BUNDLES)
def test_a_bundle_is_read_as_it_was_written(bundle: Bundle) -> None:
    data = canonical(bundle)
    assert data.isascii()
    read = read_bundle(data, "here")
    assert read == bundle
    assert canonical(read) == data
    assert read.content_digest() == bundle.content_digest()


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data + b" ",
        lambda data: data.replace(b'"attempt":1', b'"attempt": 1'),
        lambda data: data.replace(b'"attempt":1', b'"attempt":1,"more":2'),
        lambda data: data.replace(b'"version":1', b'"version":2'),
        lambda data: data[:-1],
        lambda data: b"",
    ],
)
def test_anything_but_the_canonical_form_is_refused(change: object) -> None:
    assert callable(change)
    data = canonical(Bundle(id="x", name="x", parent=None, attempt=1, created=0))
    with pytest.raises(DataError) as caught:
        read_bundle(change(data), "here")
    assert caught.value.code == "P2-D0817"


def test_content_is_the_same_whoever_guessed_the_roles() -> None:
    def bundle(role: str, unit: str) -> Bundle:
        column = Column(name="a", kind="int", unit=unit, role=role, why=role)
        table = Table(rows=0, columns=(column,))
        return Bundle(id=role, name="x", parent=None, attempt=1, created=0, tables={"t": table})

    assert bundle("step", "").content_digest() == bundle("metric", "").content_digest()
    assert bundle("step", "s").content_digest() != bundle("step", "").content_digest()


@given(st.text(max_size=200))
def test_every_text_has_a_slug_that_is_a_name_and_its_own_slug(text: str) -> None:
    made = slug(text)
    assert SEGMENT.match(made)
    assert slug(made) == made
    assert check_name(slug_path(text)) == slug_path(text)


@given(st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=10))
def test_ids_sort_by_time(at: int, random: bytes) -> None:
    made = ulid(at, random)
    assert is_id(made)
    assert made < ulid(at + 1, b"\0" * 10) or at == 2**48 - 1


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("ab/*-.0Z "), max_size=12))
def test_every_selector_means_something_or_is_refused_with_a_reason(path: str) -> None:
    with pytest.raises(DataError) as caught:
        _EMPTY.describe(path)
    assert caught.value.code in ("P2-D0810", "P2-D0815")
    assert caught.value.help


@pytest.fixture(scope="module", autouse=True)
def empty_store(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    global _EMPTY
    folder: Path = tmp_path_factory.mktemp("empty")
    with Store.open(folder) as _EMPTY:
        yield
