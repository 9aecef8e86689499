"""What a manifest may say, what it may not, and that each mistake is told with its place and remedy."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifest_samples import as_bytes, digests, minimal
from plotter2.errors import DataError, Plotter2Error
from plotter2.manifest import codes, encode, mistakes, read_manifest, upgraded
from plotter2.manifest.model import Enclosed, ManifestV1, ManifestV2, TableFile
from plotter2.manifest.plain import DEEPEST, MOST_BYTES, MOST_VALUES
from plotter2.manifest.walking import walk

V2 = minimal(
    manifest_version=2,
    scripts=[{"file": "a.p2", "sidecar": "a.p2.sig"}],
    plots=[{"script": "a.p2", "params": {"window": 5}, "to": "plots"}],
    render={"formats": ["png", "svg"]},
)


def told(manifest: Any) -> list[tuple[str, str]]:
    """Give code and JSON path of each mistake; every one has a message and a remedy."""
    data = manifest if isinstance(manifest, bytes) else as_bytes(manifest)
    found = mistakes(data, "m.json")
    for problem in found:
        assert problem.message
        assert problem.help
        assert problem.message[0].islower() or not problem.message[0].isalpha()
        assert not problem.message.endswith(".")
    return [(problem.code, problem.where.removeprefix("m.json").lstrip(": ")) for problem in found]


# ------------------------------------------------------------ sound ones
def test_the_keys_that_every_manifest_has_are_enough() -> None:
    manifest = read_manifest(as_bytes(minimal()), "m.json")
    assert isinstance(manifest, ManifestV1)
    assert manifest.contains == ("steps.csv",)
    assert manifest.timezone == "UTC"


def test_bundles_lie_inside_each_other() -> None:
    inner = {"kind": "bundle", "name": "b", "contains": ["b/x.csv"], "params": {"lr": 0.1}}
    outer = {"kind": "bundle", "name": "a", "contains": [inner], "meta": {"why": [1, {"x": None}]}}
    manifest = read_manifest(as_bytes(minimal(contains=[outer])), "m.json")
    assert [(place.path, place.name) for place in walk(manifest)] == [
        ("$", ""), ("$.contains[0]", "a"), ("$.contains[0].contains[0]", "a/b"),
    ]  # fmt: skip


def test_meta_takes_any_key() -> None:
    assert told(minimal(meta={"anything": {"goes": [1, 2.5, "x", None, True]}})) == []


def test_the_second_version_brings_scripts_and_plots() -> None:
    manifest = read_manifest(as_bytes(V2), "m.json")
    assert isinstance(manifest, ManifestV2)
    assert manifest.plots[0].params == {"window": 5}
    assert told({**V2, "manifest_version": 1}) == [
        (codes.BAD_VALUE, "$.scripts"), (codes.BAD_VALUE, "$.plots"), (codes.BAD_VALUE, "$.render"),
    ]  # fmt: skip


def test_writing_is_the_inverse_of_reading_and_canonical() -> None:
    for sample in (minimal(), V2, minimal(params={"lr": 0.1, "n": 3, "on": True, "s": "ü"})):
        manifest = read_manifest(as_bytes(sample), "m.json")
        data = encode(manifest)
        assert read_manifest(data, "m.json") == manifest
        assert encode(read_manifest(data, "m.json")) == data
        assert data.isascii()
        assert list(json.loads(data)) == sorted(json.loads(data))


def test_an_upgrade_loses_nothing() -> None:
    old = read_manifest(as_bytes(minimal(name="exp", params={"lr": 1})), "m.json")
    new = upgraded(old)
    assert json.loads(encode(new)) == {**json.loads(encode(old)), "manifest_version": 2}
    assert upgraded(new) is new


# ------------------------------------------------------------ not even JSON
@pytest.mark.parametrize(
    ("data", "where"),
    [
        (b"", "line 1, column 1"),
        (b"[]", ""),
        (b"7", ""),
        (b'{"date": "2026', "line 1, column 10"),
        (b"\xff\xfe", "byte 0"),
        (b'{"a": NaN}', ""),
        (b'{"a": ' + b"9" * 500 + b"}", ""),
        (b'{"a": 1' + b"0" * 400 + b".5}", ""),
        (b"[" * 200_000, ""),
        (b'{"a":' * 100 + b"1" + b"}" * 100, "$" + ".a" * DEEPEST),
        (b'{"a": 1} {"a": 1}', "line 1, column 10"),
    ],
)
def test_what_is_no_json_object_is_one_clear_mistake(data: bytes, where: str) -> None:
    assert told(data) == [(codes.NOT_JSON, where)]


def test_a_manifest_that_is_too_large_is_not_read() -> None:
    assert told(b" " * (MOST_BYTES + 1)) == [(codes.NOT_JSON, "")]
    assert told(b"[" + b"0," * MOST_VALUES + b"0]") == [(codes.NOT_JSON, "")]


def test_a_key_that_is_there_twice_is_refused_wherever_it_is() -> None:
    data = as_bytes(minimal(meta={"x": 1})).replace(b'{"x": 1}', b'{"x": 1, "x": 2}')
    assert told(data) == [(codes.NOT_JSON, "$.meta.x")]
    doubled = as_bytes(minimal()).replace(b'"user"', b'"date": "2026-11-25", "user"')
    assert told(doubled) == [(codes.NOT_JSON, "$.date")]


@pytest.mark.parametrize("value", ["1e999", "-1e999", '"\\ud800"', '{"\\udfff": 1}'])
def test_values_that_no_file_can_keep_are_refused(value: str) -> None:
    data = as_bytes(minimal(meta={"x": 1})).replace(b'{"x": 1}', b'{"x": %b}' % value.encode())
    assert [code for code, _ in told(data)] == [codes.NOT_JSON]


# ------------------------------------------------------------ versions
def test_a_newer_version_is_refused_with_the_release_that_reads_it() -> None:
    data = as_bytes(minimal(manifest_version=3, tool="plotter2 7.0", scores=[1]))
    with pytest.raises(DataError) as caught:
        read_manifest(data, "m.json")
    assert caught.value.code == codes.NEWER
    assert "plotter2 7.0" in caught.value.message
    assert "pip install" in caught.value.help


@pytest.mark.parametrize("version", [0, -1, "1", 1.0, True, None, [1]])
def test_what_is_no_version_is_refused(version: object) -> None:
    assert told(minimal(manifest_version=version)) == [(codes.BAD_VALUE, "$.manifest_version")]


# ------------------------------------------------------------ values
@pytest.mark.parametrize("key", ["date", "time", "user", "meta", "contains", "manifest_version"])
def test_each_key_that_is_needed_is_missed(key: str) -> None:
    without = {name: value for name, value in minimal().items() if name != key}
    assert told(without) == [(codes.BAD_VALUE, "$")]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"dates": "2026-11-24"}, "$.dates"),
        ({"date": "24.11.2026"}, "$.date"),
        ({"date": "2026-02-30"}, "$.date"),
        ({"date": "2026-11-24\n"}, "$.date"),
        ({"time": "25:00:00"}, "$.time"),
        ({"time": 13}, "$.time"),
        ({"timezone": "somewhere else"}, "$.timezone"),
        ({"user": None}, "$.user"),
        ({"user": "x" * 1001}, "$.user"),
        ({"meta": []}, "$.meta"),
        ({"contains": {}}, "$.contains"),
        ({"contains": [3]}, "$.contains[0]"),
        ({"contains": [{"kind": "bundel"}]}, "$.contains[0].kind"),
        ({"contains": [{"name": "x"}]}, "$.contains[0].kind"),
        ({"contains": [{"kind": "run", "files": []}]}, "$.contains[0].files"),
        ({"contains": [{"kind": "table", "name": "t", "files": ["a.csv"], "format": "xls"}]},
         "$.contains[0].format"),
        ({"attempt": 0}, "$.attempt"),
        ({"attempt": 10**9}, "$.attempt"),
        ({"attempt": 1.5}, "$.attempt"),
        ({"attempt": True}, "$.attempt"),
        ({"params": {"lr": [1]}}, "$.params.lr"),
        ({"params": {"lr": {}}}, "$.params.lr"),
        ({"schema": {"steps": {"columns": {"loss": {"type": "float"}}}}}, "$.schema.steps.columns.loss.type"),
        ({"schema": {"steps": {"columns": {"loss": {"confidence": 2}}}}},
         "$.schema.steps.columns.loss.confidence"),
        ({"schema": {"steps": {"columns": {"loss": {"nullable": "no"}}}}},
         "$.schema.steps.columns.loss.nullable"),
        ({"digests": {"steps.csv": {"sha256": "0" * 64, "bytes": -1}}}, '$.digests["steps.csv"].bytes'),
        ({"digests": {"steps.csv": {"sha256": "0" * 64, "bytes": 2**60}}}, '$.digests["steps.csv"].bytes'),
        ({"digests": {"steps.csv": {"sha256": "0" * 63, "bytes": 1}}}, '$.digests["steps.csv"].sha256'),
        ({"digests": {"steps.csv": {"sha256": "F" * 64, "bytes": 1}}}, '$.digests["steps.csv"].sha256'),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_is_refused_with_its_path(change: dict[str, Any], path: str) -> None:
    assert told(minimal(**change)) == [(codes.BAD_VALUE, path.replace('"', "'"))]


def test_all_mistakes_are_told_at_once() -> None:
    bad = minimal(date="x", user=1, attempt=0, contains=["../a.csv", {"kind": "?"}], more=1)
    assert len(told(bad)) == 6
    with pytest.raises(DataError) as caught:
        read_manifest(as_bytes(bad), "m.json")
    assert "5 more" in caught.value.note


# ------------------------------------------------------------ names, ids, paths
@pytest.mark.parametrize(
    "path",
    [
        "../x.csv", "a/../x.csv", "/x.csv", "a//x.csv", "./x.csv", "a\\x.csv", "c:x.csv", "x.csv/", "",
        "x\n.csv", "x\x00.csv", "x\x7f.csv", "con.csv", "a/NUL/x.csv", "com1", "Lpt9.tar.csv", "x.csv.",
        "x.csv ", " x.csv", ".x.csv", "a" * 201 + ".csv", "/".join(["a"] * 33), "x?.csv", "x\n",
    ],
)  # fmt: skip
def test_no_path_leaves_its_package_or_is_no_file_somewhere(path: str) -> None:
    assert told(minimal(contains=[path])) == [(codes.BAD_NAME, "$.contains[0]")]


@pytest.mark.parametrize(
    "path", ["steps.csv", "Run 1/Größe (2).csv", "a/b/c.jsonl", "console.csv", "x..y.csv"]
)
def test_other_paths_are_taken(path: str) -> None:
    assert told(minimal(contains=[path])) == []


def test_characters_that_cannot_be_seen_are_no_part_of_a_path() -> None:
    assert told(minimal(contains=["x\u202e.csv"])) == [(codes.BAD_NAME, "$.contains[0]")]


@pytest.mark.parametrize(
    "name",
    ["", "A", "a/../b", "/a", "a/", "con", "a/nul", "com1.x", "a.", "-a", "a b", "ä", "a" * 101,
     "a\n", "a\x00", "/".join("a" * 17)],
)  # fmt: skip
def test_names_of_bundles_are_checked(name: str) -> None:
    assert told(minimal(name=name)) == [(codes.BAD_NAME, "$.name")]
    inside = [{"kind": "bundle", "name": name}]
    assert told(minimal(contains=inside)) == [(codes.BAD_NAME, "$.contains[0].name")]


@pytest.mark.parametrize(
    "identity", ["../evil", "", "Con", "con", "nul.txt", "a/b", "a.", "x" * 101, "é", "a\n", "com7"]
)
def test_ids_are_checked(identity: str) -> None:
    assert told(minimal(id=identity)) == [(codes.BAD_NAME, "$.id")]


@pytest.mark.parametrize("identity", ["01HZX3J7C8QK5RW2V9YBT6M4ND", "run-17", "0", "a.b_c-d"])
def test_a_ulid_or_a_name_of_ones_own_is_an_id(identity: str) -> None:
    assert told(minimal(id=identity)) == []


def test_two_paths_that_differ_in_their_case_are_one_file_somewhere() -> None:
    inside = [{"kind": "table", "name": "a", "files": ["X.csv"]},
              {"kind": "table", "name": "b", "files": ["x.csv"]}]  # fmt: skip
    assert told(minimal(contains=inside)) == [
        (codes.BAD_NAME, "$.contains[1].files".removesuffix(".files"))
    ]
    composed = [{"kind": "table", "name": "a", "files": ["\u00e4.csv"]},
                {"kind": "table", "name": "b", "files": ["a\u0308.csv"]}]  # fmt: skip
    assert [code for code, _ in told(minimal(contains=composed))] == [codes.BAD_NAME]


def test_a_file_is_no_folder() -> None:
    inside = [{"kind": "table", "name": "a", "files": ["a.csv"]},
              {"kind": "table", "name": "b", "files": ["a.csv/b.csv"]}]  # fmt: skip
    assert [code for code, _ in told(minimal(contains=inside))] == [codes.BAD_NAME]


@pytest.mark.parametrize(
    "contains",
    [
        ["a.csv", "a.csv"],
        ["a/x.csv", "b/x.csv"],
        [{"kind": "bundle", "name": "a"}, {"kind": "bundle", "name": "a"}],
        [{"kind": "bundle", "name": "a", "id": "i"}, {"kind": "bundle", "name": "b", "id": "i"}],
    ],
)
def test_nothing_is_there_twice(contains: list[Any]) -> None:
    assert {code for code, _ in told(minimal(contains=contains))} == {codes.BAD_NAME}


def test_attempts_of_one_bundle_lie_side_by_side() -> None:
    inside = [{"kind": "bundle", "name": "a", "attempt": n} for n in (1, 2)]
    assert told(minimal(contains=inside)) == []


# ------------------------------------------------------------ what does not go together
@pytest.mark.parametrize(
    "change",
    [
        {"contains": [{"kind": "table", "name": "t", "files": ["x.xyz"]}]},
        {
            "contains": [
                {"kind": "run", "files": ["run.json"]},
                {"kind": "file", "file": "a.png"},
                "x.csv",
            ]
        },
        {"contains": [{"kind": "table", "name": "t", "files": [], "format": "csv"}]},
        {"contains": [{"kind": "table", "name": "t", "files": []}]},
        {"contains": [{"kind": "table", "name": "t", "files": ["a.csv", "b.csv"]}]},
        {"contains": [{"kind": "source", "files": ["a.npy"], "format": "npy"}]},
        {"contains": [{"kind": "source", "files": ["a", "b"], "format": "npz", "name": "a"}]},
        {"contains": [{"kind": "source", "files": ["a", "b"], "format": "events", "name": "a"}]},
        {
            "contains": [
                {"kind": "source", "files": ["a.wandb"], "format": "wandb", "name": "a"},
            ]
        },
        {"contains": [{"kind": "bundle"}]},
        {"contains": [{"kind": "run", "files": ["run.json"]}, "x.csv"]},
        {"contains": [{"kind": "params", "file": "a.json"}, {"kind": "params", "file": "b.json"}]},
        {"schema": {"other": {}}},
        {"digests": digests({"other.csv": b""})},
        {**V2, "plots": [{"script": "b.p2"}]},
        {**V2, "scripts": [{"file": "a.p2", "sidecar": "a.p2.sig", "bundle": "nowhere"}]},
    ],
)
def test_parts_that_do_not_go_together_are_refused(change: dict[str, Any]) -> None:
    assert [code for code, _ in told(minimal(**change))] == [codes.DISAGREES]


def test_bundles_do_not_nest_without_an_end() -> None:
    inside: dict[str, Any] = {"kind": "bundle", "name": "a"}
    for _ in range(12):
        inside = {"kind": "bundle", "name": "a", "contains": [inside]}
    assert [code for code, _ in told(minimal(contains=[inside]))] == [codes.DISAGREES]


# ------------------------------------------------------------ anything at all
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
KEYS = st.sampled_from(
    [*V2, "id", "name", "parent", "attempt", "params", "schema", "digests", "links", "tasks"]
)


@given(st.binary(max_size=200))
def test_any_bytes_give_a_plotter2_error(data: bytes) -> None:
    assert only_plotter2_errors(data)


@given(st.dictionaries(KEYS, JSON, max_size=4), st.lists(KEYS, max_size=2))
def test_any_values_under_the_keys_give_a_plotter2_error_or_a_manifest(
    changed: dict[str, Any], gone: list[str]
) -> None:
    made = {key: value for key, value in {**V2, **changed}.items() if key not in gone}
    only_plotter2_errors(json.dumps(made).encode())


@given(st.data())
def test_any_flipped_byte_gives_a_plotter2_error_or_a_manifest(data: st.DataObject) -> None:
    sound = bytearray(as_bytes(V2))
    for _ in range(data.draw(st.integers(1, 3))):
        sound[data.draw(st.integers(0, len(sound) - 1))] = data.draw(st.integers(0, 255))
    only_plotter2_errors(bytes(sound))


def only_plotter2_errors(data: bytes) -> bool:
    """Read bytes; what is told first is what is raised, and what is read can be written."""
    found = mistakes(data, "m.json")
    if found:
        with pytest.raises(Plotter2Error) as caught:
            read_manifest(data, "m.json")
        assert (caught.value.code, caught.value.message) == (found[0].code, found[0].message)
        return True
    manifest = read_manifest(data, "m.json")
    assert read_manifest(encode(manifest), "m.json") == manifest
    return False


def test_entries_are_of_four_kinds() -> None:
    inside = [
        {"kind": "table", "name": "t", "files": ["t.arrow", "u.arrow"]},
        {"kind": "params", "file": "p.json"},
        {"kind": "bundle", "contains": [{"kind": "run", "files": ["r/run.json"]}]},
    ]
    manifest = read_manifest(as_bytes(minimal(contains=inside)), "m.json")
    assert isinstance(manifest.contains[0], TableFile)
    assert isinstance(manifest.contains[2], Enclosed)
