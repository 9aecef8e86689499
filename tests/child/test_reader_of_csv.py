"""CSV and TSV: what is found out, what is refused and with which words."""

from __future__ import annotations

import csv
import io
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plotter2.errors import DataError
from reader_samples import DATA, read_one


def table(content: bytes | str, format: str = "csv") -> dict[str, list]:
    return read_one(content, format).tables["x"]


def notes(content: bytes | str) -> list[str]:
    return read_one(content).done["x"].notes


def refusal(content: bytes | str, format: str = "csv", **limits: int) -> DataError:
    with pytest.raises(DataError) as caught:
        read_one(content, format, **limits)
    assert caught.value.help
    return caught.value


# ------------------------------------------------------------ types
def test_columns_get_the_type_that_all_their_values_have() -> None:
    found = read_one("i,f,b,s,n\n1,1,true,a,\n2,2.5,False,,NA\n-3,,NA,c,null\n")
    assert found.tables["x"] == {
        "i": [1, 2, -3],
        "f": [1.0, 2.5, None],
        "b": [True, False, None],
        "s": ["a", None, "c"],
        "n": [None, None, None],
    }
    assert list(found.dtypes["x"].values()) == ["int", "number", "bool", "string", "null"]


def test_nan_and_infinity_are_numbers_and_not_missing() -> None:
    values = table("x\nnan\nNaN\ninf\n-Infinity\n1\n")["x"]
    assert math.isnan(values[0])
    assert math.isnan(values[1])
    assert values[2:] == [math.inf, -math.inf, 1.0]


def test_how_many_values_are_nan_is_said() -> None:
    assert notes("a,b\nnan,1\n1,2\nNaN,3\n") == ["column 'a' has 2 NaN"]


def test_thousands_separators_and_units_leave_a_column_text() -> None:
    found = table('params,time,share\n"1,000.12",357.36ms,5%\n"2,500",1.2s,6%\n')
    assert found == {
        "params": ["1,000.12", "2,500"], "time": ["357.36ms", "1.2s"], "share": ["5%", "6%"]
    }  # fmt: skip


def test_leading_zeros_are_reported() -> None:
    assert notes("id\n007\n012\n") == [
        "column 'id': leading zeros are dropped, its values are read as numbers"
    ]


# ------------------------------------------------------------ layout
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found_out(separator: str) -> None:
    content = "a,b,c\n1,2.5,x\n3,4.5,y\n".replace(",", separator)
    assert table(content) == {"a": [1, 3], "b": [2.5, 4.5], "c": ["x", "y"]}


def test_decimal_commas_do_not_split_a_semicolon_file() -> None:
    assert table("a;b\n1,5;2,5\n3,5;4,5\n") == {"a": ["1,5", "3,5"], "b": ["2,5", "4,5"]}


def test_a_tsv_is_split_at_tabs_only() -> None:
    assert table("a\tb\n1,2\t3\n", "tsv") == {"a": ["1,2"], "b": [3]}


def test_without_a_header_row_the_columns_are_numbered_and_it_is_said() -> None:
    found = read_one((DATA / "inflammation" / "small-01.csv").read_bytes())
    assert found.tables["x"] == {"c0": [0, 0], "c1": [0, 1], "c2": [1, 2]}
    assert found.done["x"].notes == ["no header row: the columns are called c0 to c2"]
    matrix = read_one((DATA / "inflammation" / "inflammation-01.csv").read_bytes())
    assert (len(matrix.tables["x"]), matrix.done["x"].rows) == (40, 60)


def test_years_as_names_beside_a_named_column_are_a_header() -> None:
    assert list(table("site,2019,2020\n7,1,2\n")) == ["site", "2019", "2020"]


def test_a_first_row_like_the_others_is_no_header() -> None:
    assert list(table("Adelie,39.1,181\nGentoo,47.2,210\n")) == ["c0", "c1", "c2"]


def test_a_json_comment_line_is_skipped_and_reported() -> None:
    found = read_one((DATA / "sb3_monitor" / "a2c-1.monitor.csv").read_bytes())
    assert list(found.tables["x"]) == ["r", "l", "t"]
    assert found.done["x"].rows == 38
    assert found.done["x"].notes[0].startswith('comment line skipped: #{"t_start": 1614619328')


def test_names_in_a_comment_line_are_used_when_there_is_no_header() -> None:
    assert table("# made by numpy\n# x, y\n1,2\n3,4\n") == {"x": [1, 3], "y": [2, 4]}


def test_byte_order_mark_and_windows_line_ends_do_not_show() -> None:
    assert table(b"\xef\xbb\xbfa,b\r\n1,x\r\n2,y\r\n") == {"a": [1, 2], "b": ["x", "y"]}


def test_quoted_fields_hold_separators_quotes_and_line_ends() -> None:
    content = 'a,b\n"x, ""y""\nz",1\n,2\n'
    assert table(content) == {"a": ['x, "y"\nz', None], "b": [1, 2]}


def test_blank_lines_are_passed_over() -> None:
    assert table("a,b\n\n1,2\n\n\n3,4\n\n") == {"a": [1, 3], "b": [2, 4]}
    assert table("a\n1\n\n3\n") == {"a": [1, 3]}


def test_an_unnamed_index_column_gets_a_name() -> None:
    assert table(",loss\n0,1.5\n1,2.5\n") == {"c0": [0, 1], "loss": [1.5, 2.5]}


def test_penguins_keep_their_texts_and_lose_their_na() -> None:
    found = read_one((DATA / "palmerpenguins" / "penguins_raw_head.csv").read_bytes())
    columns = found.tables["x"]
    assert found.done["x"].rows == 29
    assert columns["Stage"][0] == "Adult, 1 Egg Stage"
    assert columns["Delta 15 N (o/oo)"][:2] == [None, 8.94956]
    assert found.dtypes["x"]["Culmen Length (mm)"] == "number"
    assert found.features["x"]["Date Egg"]["is_date"] is True


def test_a_header_without_rows_is_an_empty_table() -> None:
    found = read_one((DATA / "sb3_monitor" / "ars-0.monitor.csv").read_bytes())
    assert found.tables["x"] == {"r": [], "l": [], "t": []}
    assert found.done["x"].rows == 0
    assert set(found.dtypes["x"].values()) == {"null"}


def test_a_torn_last_line_is_left_out_and_counted() -> None:
    found = read_one((DATA / "crash_torn" / "truncated.csv").read_bytes())
    assert found.done["x"].rows == 35
    assert found.done["x"].skipped_bytes == len("197,1.6084950782587295,0.26098797")
    assert found.done["x"].notes[0] == "torn last line: 33 bytes are left out"


def test_a_last_line_without_line_end_is_kept_with_a_warning() -> None:
    found = read_one("a,b\n1,2\n3,4")
    assert found.tables["x"] == {"a": [1, 3], "b": [2, 4]}
    assert "may be cut short" in found.done["x"].notes[0]


# ------------------------------------------------------------ refusals
def test_a_ragged_line_is_named_with_both_counts() -> None:
    error = refusal("a,b,c\n1,2,3\n4,5\n6,7,8\n")
    assert error.code == "P2-D0844"
    assert error.message == "x, line 3: 2 fields where the header has 3"
    assert error.where == "x:3"
    quoted = refusal('a,b\n"one\ntwo",2\n3,4,5\n')
    assert quoted.message == "x, line 4: 3 fields where the header has 2"
    assert "the first line has 2" in refusal("1,2\n3,4,5\n6,7\n").message
    commented = refusal("#{}\n\na,b\n\n1,2\n3\n4,5\n")
    assert commented.where == "x:6"


def test_ragged_lines_far_into_a_file_are_named_too() -> None:
    content = "a,b\n" + "1,2\n" * 3_000_000 + "1,2,3\n" + "1,2\n" * 1_000_000
    assert refusal(content).where == "x:3000002"


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"", "P2-D0840", "is empty"),
        (b"\xef\xbb\xbf \r\n", "P2-D0840", "is empty"),
        (b"# only a comment\n", "P2-D0840", "only comments"),
        (b"\x1f\x8b\x08\x00rest", "P2-D0841", "a gzip archive"),
        (b"\x89HDF\r\n", "P2-D0841", "an HDF5 file"),
        (b"a,b\n1,\x002\n", "P2-D0841", "zero byte at offset 6"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:40\nsize 4419\n",
            "P2-D0842",
            "Git-LFS pointer",
        ),
        ("a,b\n1,é\n".encode("latin1"), "P2-D0843", "byte 0xe9 in line 2"),
        ("a,b\n1,2\n".encode("utf-16"), "P2-D0843", "UTF-16"),
        (b"a,b,a\n1,2,3\n", "P2-D0845", "columns 1 and 3 are both called 'a'"),
        (b'a,b\n1,"2\n3,4\n', "P2-D0851", "quotation marks do not match"),
        (b'a,b\n1,"2"x\n3,4\n', "P2-D0851", "quotation marks do not match"),
        (b"a\x07,b\n1,2\n", "P2-D0854", "cannot be a column's name"),
    ],
)
def test_what_is_no_csv_is_refused_with_its_reason(content: bytes, code: str, words: str) -> None:
    error = refusal(content)
    assert error.code == code
    assert words in error.message


def test_limits_stop_with_a_message() -> None:
    assert refusal("a\n1\n2\n3\n", max_rows=2).code == "P2-D0847"
    assert refusal('a\n"1"\n2\n3\n', max_rows=2).code == "P2-D0847"
    assert refusal("a,b,c\n1,2,3\n", max_columns=2).code == "P2-D0848"
    assert refusal("a,b\n1,xxxxxxxxxxx\n", max_text_bytes=10).code == "P2-D0849"
    assert refusal('a,b\n1,"xxxxxxxxxxx"\n', max_text_bytes=10).code == "P2-D0849"
    assert refusal("x" * 2_000_000, max_text_bytes=1_048_576).code == "P2-D0849"


# ------------------------------------------------------------ inverse
_TEXTS = st.text(
    st.characters(codec="utf-8", exclude_characters="\0\r\x85\u2028\u2029\x1c\x1d\x1e")
)
_CELLS = _TEXTS.filter(lambda text: text.strip() == text)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(_CELLS, _CELLS, st.integers(-(2**63), 2**63 - 1)), min_size=1, max_size=8)
)
def test_what_pythons_writer_wrote_comes_back(rows: list[tuple[str, str, int]]) -> None:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["first", "second", "number"])
    writer.writerows([["t" + a, "t" + b, n] for a, b, n in rows])
    columns = table(buffer.getvalue())
    assert columns["number"] == [n for _, _, n in rows]
    assert columns["first"] == ["t" + a for a, _, _ in rows]
    assert columns["second"] == ["t" + b for _, b, _ in rows]


_WORDS = st.sampled_from(["1", "-2.5", "", "NA", " 3 ", "a b", "é", "nan", "true", "\x0b", "007"])


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 4).flatmap(lambda n: st.lists(st.lists(_WORDS, min_size=n, max_size=n))))
def test_quotation_marks_around_everything_change_nothing(rows: list[list[str]]) -> None:
    header = [f"name{place}" for place in range(len(rows[0]) if rows else 2)]
    rows = [row for row in rows if any(row)]
    texts = []
    for style in (csv.QUOTE_ALL, csv.QUOTE_MINIMAL):
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\n", quoting=style).writerows([header, *rows])
        texts.append(buffer.getvalue())
    found = [read_one(text) for text in texts]
    assert repr(found[0].tables) == repr(found[1].tables)
    assert found[0].dtypes == found[1].dtypes


def test_long_columns_come_in_chunks_in_order() -> None:
    content = "n,t\n" + "".join(f"{i},text{i}\n" for i in range(20_000))
    found = read_one(content, chunk_bytes=65_536)
    assert found.tables["x"]["n"] == list(range(20_000))
    assert found.tables["x"]["t"][-1] == "text19999"
    assert found.chunks["x"]["n"] >= 3
    assert found.chunks["x"]["t"] >= 3


def test_what_is_wrong_with_quotation_marks_is_told_in_one_line() -> None:
    with pytest.raises(DataError) as caught:
        read_one('a\tb\n"x"y\t1\n', "tsv")
    assert caught.value.code == "P2-D0851"
    assert caught.value.message.isprintable()
