"""A few lines are split by hand: what comes out is what polars gives for the same bytes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from plotter2.child.reader_columns import NULL_TOKENS
from plotter2.child.reader_delimited import SEPARATORS, split_by_hand, split_by_polars

FIELDS = st.one_of(
    st.sampled_from(
        [*NULL_TOKENS, "0", "-1.5e3", " 7 ", "nan", "true", "#", "\ufeff", "\u2028", "'"]
    ),
    st.text(st.characters(exclude_characters='"\n\r\0', exclude_categories=["Cs"]), max_size=8),
)


@given(st.sampled_from(SEPARATORS), st.integers(1, 4), st.data())
def test_by_hand_and_by_polars_are_the_same(
    separator: str, width: int, data: st.DataObject
) -> None:
    fields = FIELDS.map(lambda text: text.replace(separator, "_"))
    row = st.lists(fields, min_size=width, max_size=width).filter(lambda r: width > 1 or r[0])
    rows = data.draw(st.lists(row, min_size=1, max_size=6))
    body = "".join(separator.join(r) + "\n" for r in rows).encode()
    by_hand, by_polars = (f(body, separator, width) for f in (split_by_hand, split_by_polars))
    assert [c.to_list() for c in by_hand] == [c.to_list() for c in by_polars]
    assert [(c.name, c.dtype) for c in by_hand] == [(c.name, c.dtype) for c in by_polars]
