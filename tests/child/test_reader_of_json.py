"""JSON lines and parameter files: flattening, odd numbers, torn and bad lines, limits."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plotter2.errors import DataError
from reader_samples import DATA, Found, read_one


def refusal(content: bytes | str, format: str = "jsonl", **limits: int) -> DataError:
    with pytest.raises(DataError) as caught:
        read_one(content, format, **limits)
    assert caught.value.help
    return caught.value


def found_or_refused(content: bytes, format: str) -> Found | DataError:
    try:
        return read_one(content, format)
    except DataError as error:
        return error


def test_nested_objects_give_names_with_slashes() -> None:
    found = read_one('{"step": 1, "train": {"loss": 0.5, "by": {"a": true}}}\n', "jsonl")
    assert found.tables["x"] == {"step": [1], "train/loss": [0.5], "train/by/a": [True]}


def test_rows_with_different_keys_get_gaps() -> None:
    content = '{"step": 1, "loss": 0.5}\n\n{"step": 2, "acc": 0.9}\n{"loss": 0.4}\n'
    assert read_one(content, "jsonl").tables["x"] == {
        "step": [1, 2, None], "loss": [0.5, None, 0.4], "acc": [None, 0.9, None]
    }  # fmt: skip


def test_short_lists_of_numbers_become_columns_and_other_lists_stay_text() -> None:
    content = json.dumps({"w": [1, 2.5], "names": ["a", "b"], "long": [0] * 65, "none": []})
    columns = read_one(content + "\n", "jsonl").tables["x"]
    assert columns["w_0"] == [1]
    assert columns["w_1"] == [2.5]
    assert columns["names"] == ['["a","b"]']
    assert columns["long"] == [json.dumps([0] * 65, separators=(",", ":"))]
    assert columns["none"] == ["[]"]


def test_nan_and_infinity_tokens_are_numbers_and_reported() -> None:
    found = read_one(
        (DATA / "sklearn_sweep" / "lr=10_seed=0" / "steps.jsonl").read_bytes(), "jsonl"
    )
    loss = found.tables["x"]["batch/loss"]
    assert math.isnan(loss[0])
    assert loss[1] == math.inf
    odd = sum(math.isnan(value) for value in loss)
    assert f"column 'batch/loss' has {odd} NaN" in found.done["x"].notes
    assert found.features["x"]["batch/loss"]["nan"] == odd
    assert found.features["x"]["batch/loss"]["infinite"] >= 1


def test_words_for_odd_numbers_are_numbers_too() -> None:
    found = read_one('{"x": "NaN"}\n{"x": 1}\n{"x": "-Infinity"}\n', "jsonl")
    assert math.isnan(found.tables["x"]["x"][0])
    assert found.tables["x"]["x"][1:] == [1.0, -math.inf]
    assert "are read as numbers" in found.done["x"].notes[0]


def test_a_mixed_column_is_text_and_it_is_said() -> None:
    found = read_one('{"x": 1}\n{"x": true}\n{"x": "a"}\n{"x": null}\n', "jsonl")
    assert found.tables["x"]["x"] == ["1", "true", "a", None]
    assert found.done["x"].notes == [
        "column 'x' mixes text, true/false, whole numbers; all its values are kept as text"
    ]


def test_whole_numbers_beyond_64_bits_become_numbers() -> None:
    found = read_one('{"x": 1}\n{"x": 9223372036854775808}\n', "jsonl")
    assert found.tables["x"]["x"] == [1.0, 2.0**63]


def test_a_torn_last_line_is_left_out_and_counted() -> None:
    found = read_one((DATA / "crash_torn" / "truncated.jsonl").read_bytes(), "jsonl")
    assert found.tables["x"]["step"][-1] == 194
    torn = '{"step": 195, "t": 1795404070.3216784, "train/loss": 1.304531047'
    assert found.done["x"].skipped_bytes == len(torn)
    assert found.done["x"].notes[0] == f"torn last line: {len(torn)} bytes are left out"


def test_a_last_line_without_line_end_that_is_whole_counts() -> None:
    assert read_one('{"a": 1}\n{"a": 2}', "jsonl").tables["x"] == {"a": [1, 2]}


def test_a_bad_line_in_the_middle_is_given_beside_the_rows() -> None:
    path = DATA / "sklearn_sweep" / "lr=0.001_seed=2" / "steps.jsonl"
    lines = path.read_bytes().splitlines()
    found = read_one(path.read_bytes(), "jsonl")
    (bad,) = found.refused["x"]
    assert (bad.line, bad.code) == (37, "P2-D0846")
    assert bad.why.startswith("it is no JSON")
    assert found.done["x"].rows == len(lines) - 1


def test_more_bad_lines_than_rows_are_refused_with_the_first() -> None:
    error = refusal('{"a": 1}\n{\n}\n')
    assert (error.code, error.where) == ("P2-D0846", "x:2")
    assert error.message.startswith("x, line 2: it is no JSON")
    assert refusal("[1]\n" * 1_001 + '{"a": 1}\n' * 5_000).code == "P2-D0852"
    assert read_one("[1]\n" * 1_000 + '{"a": 1}\n' * 1_001, "jsonl").done["x"].rows == 1_001


def test_the_bytes_of_bad_lines_are_kept_whatever_the_line_ends_are() -> None:
    found = read_one(
        b'\xef\xbb\xbf{"a": 1}\r\n[1]\r\n{"a": 2}\r\n"\xc3\xa9"\r\n{"a": 3}\r\n', "jsonl"
    )
    assert found.tables["x"]["a"] == [1, 2, 3]
    assert [(bad.line, bad.code) for bad in found.refused["x"]] == [
        (2, "P2-D0852"), (4, "P2-D0852")
    ]  # fmt: skip
    assert found.lines["x"] == [b"[1]", '"é"'.encode()]


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        ("", "P2-D0840", "is empty"),
        ('{"a": 1}\n[1]\n', "P2-D0852", "line 2: it is a list, not an object"),
        ('{"a": 1}\n"text"\n', "P2-D0852", "line 2: it is text"),
        ('{"a": 1, "a": 2}\n', "P2-D0853", "'a' stands there twice"),
        ('{"a": {"b": 1}, "a/b": 2}\n', "P2-D0853", "two keys give the name 'a/b'"),
        ('{"a": ' * 40 + "1" + "}" * 40 + "\n", "P2-D0850", "nested more than 32 deep"),
        ("[" * 100_000 + "]" * 100_000 + "\n", "P2-D0850", "nested more than 32 deep"),
        ('{"": 1}\n', "P2-D0854", "cannot be a column's name"),
        ('{"a": 1}\n{"a": 1' + "0" * 5000 + "}\n", "P2-D0846", "line 2"),
        ('{"a": "\0"}\n', "P2-D0841", "zero byte"),
    ],
)
def test_what_is_no_json_line_is_refused_with_its_reason(
    content: str, code: str, words: str
) -> None:
    error = refusal(content)
    assert error.code == code
    assert words in error.message


def test_limits_stop_with_a_message() -> None:
    lines = '{"a": 1}\n{"b": 2}\n{"c": 3}\n'
    assert refusal(lines, max_rows=2).code == "P2-D0847"
    assert refusal(lines, max_columns=2).code == "P2-D0848"
    assert refusal('{"a": "xxxxxxxx"}\n', max_text_bytes=10).code == "P2-D0849"


_NAMES = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=8)
_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(st.characters(codec="utf-8", exclude_characters="\0")),
)


@settings(max_examples=150, deadline=None)
@given(_NAMES, st.lists(st.lists(_VALUES.filter(lambda v: not isinstance(v, str)), max_size=1)))
def test_numbers_come_back(name: str, rows: list[list[object]]) -> None:
    values = [row[0] for row in rows if row]
    kinds = {type(value) for value in values} - {type(None)}
    if len(kinds) != 1:
        return
    content = "".join(json.dumps({name: value}) + "\n" for value in values)
    assert read_one(content, "jsonl").tables["x"] == {name: values}


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), min_size=1))
def test_texts_come_back(values: list[str]) -> None:
    content = "".join(json.dumps({"x": "t" + v}, ensure_ascii=False) + "\n" for v in values)
    assert read_one(content, "jsonl").tables["x"] == {"x": ["t" + v for v in values]}


def test_half_a_character_pair_is_replaced() -> None:
    content = '{"x": "a\\ud800b", "y": ["\\udc00"]}\n{"x": "\\ud83d\\ude00", "y": null}\n'
    columns = read_one(content, "jsonl").tables["x"]
    assert columns["x"] == ["a\ufffdb", "\U0001f600"]
    assert read_one('{"x": "\\ud800"}', "params").runs["x"].params == {"x": "\ufffd"}


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(["csv", "tsv", "jsonl", "params", "l2"]),
    st.one_of(
        st.binary(max_size=60),
        st.text(st.sampled_from("ab12.-,;\t|\n\r\" #{}[]:'"), max_size=60).map(str.encode),
    ),
)
def test_whatever_bytes_come_they_are_read_or_refused_with_a_reason(
    format: str, content: bytes
) -> None:
    found = found_or_refused(content, format)
    if isinstance(found, DataError):
        assert found.code.startswith(("P2-D08", "P2-D09"))
        assert found.help
        return
    for name, columns in found.tables.items():
        assert {len(values) for values in columns.values()} <= {found.done[name].rows}


# ------------------------------------------------------------ parameters
def test_a_parameter_file_is_flattened_with_dots() -> None:
    content = '{"lr": 1e-3, "model": {"depth": 4, "act": "relu"}, "layers": [1, 2], "x": null}'
    found = read_one(content, "params")
    assert found.runs["x"].params == {
        "lr": 1e-3, "model.depth": 4, "model.act": "relu", "layers": "[1,2]", "x": None
    }  # fmt: skip


def test_long_texts_are_no_parameters_and_it_is_said() -> None:
    found = read_one(json.dumps({"lr": 1, "source": "x" * 2000}), "params")
    assert found.runs["x"].params == {"lr": 1}
    assert found.runs["x"].definitions == {"source": {"left out": "a text of 2000 characters"}}


@pytest.mark.parametrize("content", ["[1]", "{", "3"])
def test_a_parameter_file_that_is_no_object_is_refused(content: str) -> None:
    assert refusal(content, "params").code == "P2-D0855"


def test_numbers_of_hundreds_of_digits_are_infinite() -> None:
    text = '{"a": ' + "9" * 400 + '}\n{"a": -' + "9" * 400 + '}\n{"a": 0.5}\n'
    assert read_one(text, "jsonl").tables["x"]["a"] == [math.inf, -math.inf, 0.5]
