"""A copy of a picture carries a proof; taken out, the picture is what it was, to the byte."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from typing import Any

import av
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from plotter2.errors import DataError
from plotter2.renderkit.carried_proof import carrying, taken_out
from plotter2.renderkit.compose import compose
from plotter2.renderkit.film import Timeline, film_of
from plotter2.renderkit.filming import filmed
from plotter2.renderkit.mpl import FORMATS, draw
from plotter2.renderkit.provenance import embed, read
from renderkit.sample_views import line

FACTS = {"script": "mine.p2", "signers": ["ada@lab"]}
KINDS = (*FORMATS, "gif", "mp4")


@cache
def picture(kind: str) -> bytes:
    """A small picture or film with its provenance inside."""
    view = line([1.0, 2.0], size=(100.0, 80.0))
    if kind in FORMATS:
        return embed(draw(compose(view), kind), FACTS)
    return filmed(film_of(view, Timeline(2, between=0, fps=10)), [kind], FACTS)[kind]


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(proof=st.binary(max_size=2000))
def test_what_is_put_in_comes_out_and_leaves_the_picture_as_it_was(kind: str, proof: bytes) -> None:
    copy = carrying(picture(kind), proof)
    assert taken_out(copy) == (picture(kind), proof)
    assert read(copy) == FACTS


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_without_a_proof_carries_none(kind: str) -> None:
    assert taken_out(picture(kind)) == (picture(kind), None)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_changed_byte_never_gives_the_same_picture_and_proof(
    kind: str, data: st.DataObject
) -> None:
    copy = carrying(picture(kind), b"a proof")
    at = data.draw(st.integers(0, len(copy) - 1))
    changed = copy[:at] + bytes([copy[at] ^ data.draw(st.integers(1, 255))]) + copy[at + 1 :]
    assert taken_out(changed) != (picture(kind), b"a proof")
    cut = copy[:at]
    assert taken_out(cut) != (picture(kind), b"a proof")


@pytest.mark.parametrize("noise", [b"", b"a,b\n1,2\n", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"%PDF-"])
def test_what_is_no_picture_carries_no_proof(noise: bytes) -> None:
    assert taken_out(noise) == (noise, None)
    with pytest.raises(DataError):
        carrying(noise, b"a proof")


def frames(data: bytes) -> list[Any]:
    with av.open(BytesIO(data)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


@pytest.mark.parametrize("kind", ["png", "gif", "mp4"])
def test_other_programs_see_the_same(kind: str) -> None:
    plain, copy = picture(kind), carrying(picture(kind), b"a proof" * 100)
    if kind == "png":
        assert Image.open(BytesIO(plain)).tobytes() == Image.open(BytesIO(copy)).tobytes()
    else:
        pairs = zip(frames(plain), frames(copy), strict=True)
        assert all((one == other).all() for one, other in pairs)
