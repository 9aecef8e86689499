"""Provenance inside pictures: comes back as it went in, and damaged or hostile files are refused."""

from __future__ import annotations

import json
import zlib
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plotter2.errors import DataError
from plotter2.renderkit.compose import compose
from plotter2.renderkit.mpl import FORMATS, draw
from plotter2.renderkit.provenance import MOST_TEXT, embed, png_chunk, read
from renderkit.sample_views import line

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
FACTS = st.dictionaries(st.text(max_size=10), JSON, max_size=5)


@cache
def picture(format: str) -> bytes:
    """A small picture without provenance."""
    return draw(compose(line([1.0, 2.0], size=(100.0, 80.0))), format)


@pytest.mark.parametrize("format", FORMATS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(facts=FACTS)
def test_what_is_embedded_is_read_back(format: str, facts: dict[str, Any]) -> None:
    assert read(embed(picture(format), facts)) == facts


@pytest.mark.parametrize("format", FORMATS)
def test_a_picture_without_provenance_gives_none(format: str) -> None:
    assert read(picture(format)) is None


@pytest.mark.parametrize("format", FORMATS)
def test_provenance_is_not_embedded_twice(format: str) -> None:
    with pytest.raises(DataError) as caught:
        embed(embed(picture(format), {"a": 1}), {"a": 2})
    assert caught.value.code == "P2-D0884"


def outcome(data: bytes) -> str | None:
    """The code with which a file is refused; None when it is read and carries nothing."""
    try:
        assert read(data) is None
    except DataError as error:
        return error.code
    return None


@pytest.mark.parametrize("format", FORMATS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_cut_picture_is_refused_or_shows_nothing(format: str, data: st.DataObject) -> None:
    whole = embed(picture(format), {"script": "x" * 50})
    end = data.draw(st.integers(0, len(whole) - 2))
    assert outcome(whole[:end]) in {None, "P2-D0880", "P2-D0881"}


@pytest.mark.parametrize("format", FORMATS)
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_changed_byte_never_breaks_the_reader(format: str, data: st.DataObject) -> None:
    whole = bytearray(embed(picture(format), {"script": "x" * 50}))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))
    try:
        found = read(bytes(whole))
    except DataError:
        return
    assert format != "png" or found is None or place < 8
    assert found is None or isinstance(found, dict)


@given(
    st.binary(max_size=300),
    st.sampled_from([b"\x89PNG\r\n\x1a\n", b"%PDF-1.4\n", b"<svg>", b"<?xml version='1.0'?>", b""]),
)
def test_random_bytes_are_refused_or_carry_nothing(noise: bytes, start: bytes) -> None:
    assert outcome(start + noise) in {None, "P2-D0880", "P2-D0881", "P2-D0882"}


def png_with(text: bytes) -> bytes:
    """A PNG whose provenance chunk holds any bytes."""
    plain = picture("png")
    return plain[:33] + png_chunk(b"iTXt", b"plotter2\0\0\0\0\0" + text) + plain[33:]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"{", "P2-D0882"),
        (b"[1]", "P2-D0882"),
        (b'{"a":NaN}', "P2-D0882"),
        (b'{"a":1,"a":2}', "P2-D0882"),
        (b'{"a":' + b"[" * 40 + b"]" * 40 + b"}", "P2-D0882"),
        (b"[" * 100_000, "P2-D0882"),
        (b'{"a":"\xc3\xa9"}', "P2-D0882"),
        (b'{"a":"' + b"x" * MOST_TEXT + b'"}', "P2-D0883"),
    ],
)
def test_provenance_that_is_not_ours_is_refused(text: bytes, code: str) -> None:
    with pytest.raises(DataError) as caught:
        read(png_with(text))
    assert caught.value.code == code


def test_brackets_inside_strings_do_not_count_as_nesting() -> None:
    facts = {"a": '[[[["\\' * 20}
    assert read(embed(picture("png"), facts)) == facts


def test_two_provenance_texts_are_refused() -> None:
    once = png_with(b"{}")
    twice = once[:33] + png_chunk(b"iTXt", b"plotter2\0\0\0\0\0{}") + once[33:]
    with pytest.raises(DataError) as caught:
        read(twice)
    assert caught.value.code == "P2-D0882"


def test_a_compressed_text_is_not_unpacked() -> None:
    bomb = zlib.compress(b"0" * 1_000_000)
    plain = picture("png")
    hostile = plain[:33] + png_chunk(b"iTXt", b"plotter2\0\1\0\0\0" + bomb) + plain[33:]
    with pytest.raises(DataError) as caught:
        read(hostile)
    assert caught.value.code == "P2-D0882"


def test_bytes_after_the_end_of_a_png_are_refused() -> None:
    with pytest.raises(DataError) as caught:
        read(picture("png") + b"x")
    assert caught.value.code == "P2-D0881"


@pytest.mark.parametrize(
    "svg",
    [
        b'<!DOCTYPE svg [<!ENTITY a "b">]><svg>&a;</svg>',
        b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]><svg>&a;</svg>',
        b'<svg><metadata id="plotter2"><b/></metadata></svg>',
        b'<svg><metadata id="plotter2">{}</metadata><metadata id="plotter2">{}</metadata></svg>',
        b"<svg><g></svg>",
        b"<?xml version='1.0'?><html/>",
    ],
)
def test_hostile_svg_is_refused(svg: bytes) -> None:
    with pytest.raises(DataError):
        read(svg)


def test_metadata_deeper_in_an_svg_does_not_count() -> None:
    assert read(b'<svg><g><metadata id="plotter2">{"a":1}</metadata></g></svg>') is None


@pytest.mark.parametrize(
    "facts", [{"a": float("nan")}, {"a": {1, 2}}, {"a": b"x"}, {"a": (1, 2)}, {1: "a"}]
)
def test_what_json_would_change_is_not_embedded(facts: Any) -> None:
    with pytest.raises(DataError) as caught:
        embed(picture("png"), facts)
    assert caught.value.code == "P2-D0884"


def test_too_much_provenance_is_refused() -> None:
    with pytest.raises(DataError) as caught:
        embed(picture("png"), {"a": "x" * MOST_TEXT})
    assert caught.value.code == "P2-D0883"


def test_the_pdf_stays_whole_for_other_readers() -> None:
    data = embed(picture("pdf"), {"a": "(x\\)"})
    assert data.startswith(picture("pdf"))
    start = int(data.rsplit(b"startxref\n", 1)[1].split(b"\n")[0])
    assert data[start : start + 4] == b"xref"
    assert json.dumps({"a": "(x\\)"}, separators=(",", ":")).count("(") == 1


def inside_png(text: bytes) -> bytes:
    """A PNG that carries these bytes as its provenance."""
    whole = picture("png")
    return whole[:33] + png_chunk(b"iTXt", b"plotter2\0\0\0\0\0" + text) + whole[33:]


def test_a_string_that_never_ends_is_read_once() -> None:
    # With a second look from each quote, a text of this length takes an hour.
    text = b'{"a":"' + b'\\"' * (MOST_TEXT // 2 - 10)
    with pytest.raises(DataError) as caught:
        read(inside_png(text))
    assert caught.value.code == "P2-D0882"


def test_an_svg_of_elements_in_elements_is_not_read_to_its_end() -> None:
    assert outcome(b"<svg>" + b"<a>" * 500) == "P2-D0881"
    assert outcome(b"<svg>" + b"<a>" * 150 + b"</a>" * 150 + b"</svg>") is None


def hostile_containers() -> list[bytes]:
    """Films of more pieces than any film has: they would keep the reader busy for minutes."""
    gif = b"GIF89a" + bytes(7)
    return [
        gif + b"\x21\xff" + b"\x01x" * (1 << 21) + b"\0;",
        gif + (b"\x21\xff\0") * ((1 << 21) + 1) + b";",
        b"\0\0\0\x08ftyp" + b"\0\0\0\x08free" * (1 << 21),
    ]


@pytest.mark.parametrize("place", range(3))
def test_a_film_of_countless_pieces_is_refused(place: int) -> None:
    assert outcome(hostile_containers()[place]) == "P2-D0881"
