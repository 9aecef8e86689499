"""Scripts that are no scripts: one clear answer for each, whatever the bytes, and whatever the file is."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest

from commandline import Finished, p2

WIDE = {
    "wide": {"rows": 10, "cols": {"step": "int", "lоss": "number", "metric_*99998": "number"}}
}  # o is Cyrillic
DRAWN = "| frame | line(x=step, y={}) | plot | handoff\n"


@pytest.fixture(scope="module")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("schemas") / "wide.json"
    path.write_text(json.dumps(WIDE))
    return path


def answer(folder: Path, schemas: Path, content: str | bytes) -> Finished:
    path = folder / "bad.p2"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return p2(folder / "root", "check", path, "--schemas", schemas, "--json")


def doubling(levels: int) -> str:
    lines = ["def f0(x: column[number]): number = $x + $x"]
    lines += [
        f"def f{i}(x: column[number]): number = f{i - 1}($x) + f{i - 1}($x)"
        for i in range(1, levels)
    ]
    return "\n".join(
        [*lines, f'access("wide") | derive(y = f{levels - 1}(step)) ' + DRAWN.format("y")]
    )


def doubling_pipes(levels: int) -> str:
    lines = ["pipe q0 = [head(10), head(10)]"]
    lines += [f"pipe q{i} = [$q{i - 1}, $q{i - 1}]" for i in range(1, levels)]
    return "\n".join([*lines, f'access("wide") | $q{levels - 1} ' + DRAWN.format("step")])


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("let a = " + "(" * 100_000, "P2-E0004"),
        ("let a = 1" + " + 1" * 50_000, "P2-E0004"),
        (doubling(40), "P2-E0302"),
        (doubling_pipes(40), "P2-E0302"),
        ("let a = \x00 3", "P2-E0002"),
        ("let a = 3 # \u202e harmless", "P2-E0002"),
        ("let a\u200b = 3", "P2-E0002"),
        ("let a = 3\rlet b = 4", "P2-E0002"),
        ("\ufeffp2 1\nloggy(1)", "P2-E0002"),
        (b"let a = \xff", "P2-E0003"),
        ("let a = 3".encode("utf-16"), "P2-E0003"),
        ("", "P2-E0118"),
        ("p2 9\nloggy(1)", "P2-E0005"),
    ],
    ids=lambda value: value if isinstance(value, str) and value.startswith("P2-") else "",
)
def test_a_bad_text_has_its_code_first(
    tmp_path: Path, schemas: Path, content: str | bytes, code: str
) -> None:
    finished = answer(tmp_path, schemas, content)
    assert finished.code == 3
    assert finished.json["diagnostics"][0]["code"] == code
    assert finished.json["diagnostics"][0]["help"]


def test_a_script_that_is_too_long_is_not_read(tmp_path: Path, schemas: Path) -> None:
    finished = answer(tmp_path, schemas, "#" * (256 * 1024 + 1))
    assert finished.code == 3
    assert finished.json["error"]["code"] == "P2-E0001"


def test_line_ends_of_two_systems_may_be_mixed(tmp_path: Path, schemas: Path) -> None:
    text = "p2 1\r\nloggy(1)\nloggy(2)\r\n"
    places = [d["span"]["line"] for d in answer(tmp_path, schemas, text).json["diagnostics"]]
    assert places == [2, 3]


def test_a_byte_order_mark_is_refused_and_fix_takes_it_away(tmp_path: Path, schemas: Path) -> None:
    path = tmp_path / "marked.p2"
    path.write_bytes(b'\xef\xbb\xbfp2 1\nloggy("a")\n')
    assert p2(tmp_path / "root", "check", path, "--schemas", schemas).code == 3
    assert p2(tmp_path / "root", "check", path, "--schemas", schemas, "--fix").code == 0
    assert path.read_bytes() == b'p2 1\nloggy("a")\n'


def test_what_is_no_file_is_refused_without_waiting(tmp_path: Path, schemas: Path) -> None:
    (tmp_path / "folder.p2").mkdir()
    os.mkfifo(tmp_path / "pipe.p2")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s.p2"))
        for path in (
            tmp_path / "folder.p2",
            tmp_path / "pipe.p2",
            tmp_path / "s.p2",
            Path("/dev/zero"),
        ):
            finished = p2(tmp_path / "root", "check", path, "--schemas", schemas)
            assert finished.code == 2, path
            assert "P2-E0012" in finished.err
            assert "help:" in finished.err


def test_a_column_of_a_hundred_thousand_is_found_and_a_misspelt_one_answered(
    tmp_path: Path, schemas: Path
) -> None:
    good = answer(tmp_path, schemas, 'p2 1\naccess("wide") ' + DRAWN.format("metric_99997"))
    assert good.json == {"ok": True, "diagnostics": []}
    bad = answer(tmp_path, schemas, 'access("wide") ' + DRAWN.format("metrc_12345"))
    assert bad.json["diagnostics"][0]["help"] == "did you mean metric_12345?"
    assert bad.json["diagnostics"][0]["note"].endswith("(100000 in all)")


def test_a_column_with_letters_that_only_look_latin_is_pointed_at(
    tmp_path: Path, schemas: Path
) -> None:
    [found] = answer(tmp_path, schemas, 'p2 1\naccess("wide") ' + DRAWN.format("loss")).json[
        "diagnostics"
    ]
    assert found["help"] == "the column only looks the same: write `lоss`"
    assert "U+043E cyrillic small letter o" in found["note"]
    assert found["fix"]["text"] == "`lоss`"
