"""A library and the script that uses it do not meddle with each other; what is inside counts like the rest."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from p2_compiling import SCHEMAS
from p2lang.check import Libraries, Library
from p2lang.compiler import Compiled, Surroundings, compile_script
from p2lang.diagnostics import as_json
from p2lang.source import Source
from p2std.registry import core

TAIL = " | frame | line(x=row, y=a) | plot | handoff\n"


def compiled(script: str, *, as_library: bool = False, **texts: str) -> Compiled:
    """Compile a script against libraries `lab/<name>@1.0.0` of these texts."""

    def find(reference: str) -> Library | None:
        name = reference.removeprefix("lab/").removesuffix("@1.0.0")
        text = texts.get(name.replace("-", "_"))
        if text is None:
            return None
        return Library(
            Source(text, f"{name}.p2"), hashlib.sha256(text.encode()).hexdigest(), ("a@b",)
        )

    libraries = Libraries(find, lockable=False)
    around = Surroundings(libraries, as_library)
    return compile_script(Source(script, "plot.p2"), core(), SCHEMAS, None, around)


def codes(result: Compiled) -> list[str]:
    return [d.code for d in result.diagnostics if d.code != "P2-W0405"]


def uses(*names: str) -> str:
    return "".join(f'use "lab/{name.replace("_", "-")}@1.0.0" as {name}\n' for name in names)


def test_inlined_or_written_out_the_nodes_are_the_same() -> None:
    library = "def half(x: column[number]) = $x / 2\ndef few(n: int = 7): table = | head($n)\n"
    used = compiled(
        uses("part") + 'access("matrix") | part.few | derive(a = part.half(value))' + TAIL,
        part=library,
    )
    written = compiled('access("matrix") | head(7) | derive(a = value / 2)' + TAIL)
    assert used.module is not None
    assert written.module is not None
    assert used.module.nodes == written.module.nodes
    assert set(used.module.libs) == {"lab/part@1.0.0"}
    assert not written.module.libs


def test_layout_and_comments_of_a_library_change_its_digest_and_no_node() -> None:
    script = uses("part") + 'access("matrix") | derive(a = part.half(value))' + TAIL
    one = compiled(script, part="def half(x: column[number]) = $x / 2\n").module
    other = compiled(script, part="## Half.\ndef half(x: column[number]) =\n  $x / 2\n").module
    assert one is not None
    assert other is not None
    assert one.nodes == other.nodes
    assert one.sha256 != other.sha256


@given(name=st.sampled_from(["limit", "x", "value", "half", "part"]))
def test_no_name_of_the_script_changes_what_a_library_means(name: str) -> None:
    library = "let limit = 3\ndef half(x: number): number = $x / $limit\n"
    end = 'access("matrix") | derive(a = part.half(1))' + TAIL
    plain = compiled(uses("part") + end, part=library).module
    bound = compiled(uses("part") + f"let {name} = 100\n" + end, part=library).module
    assert plain is not None
    assert bound is not None
    assert bound.nodes == plain.nodes


def test_no_name_of_a_library_is_seen_without_its_dot() -> None:
    library = "let limit = 3\ndef half(x: number): number = $x / $limit\n"
    end = TAIL
    bare = 'access("matrix") | derive(a = half(1), b = part.half($limit))'
    assert codes(compiled(uses("part") + bare + end, part=library)) == ["P2-E0202", "P2-E0209"]


def test_two_libraries_with_the_same_names_do_not_meet() -> None:
    result = compiled(
        uses("one", "two") + 'access("matrix") | derive(a = one.f(1) + two.f(1))' + TAIL,
        one="def _g(x: number): number = $x * 2\ndef f(x: number): number = _g($x)\n",
        two="def _g(x: number): number = $x * 3\ndef f(x: number): number = _g($x)\n",
    )
    assert codes(result) == []
    assert result.module is not None
    (derive,) = (n for n in result.module.nodes if n.op == "derive@1")
    assert derive.attributes["new"][1][0][1] == [
        "op", "+", ["op", "*", ["int", 1], ["int", 2]], ["op", "*", ["int", 1], ["int", 3]],
    ]  # fmt: skip


def test_a_definition_called_like_an_operation_is_the_operation_inside_its_library() -> None:
    library = (
        "def mean(x: column[number]) = mean($x) * 2\ndef twice(x: column[number]) = mean($x)\n"
    )
    result = compiled(
        uses("part")
        + 'access("matrix") | summary(by=row, a = part.mean(value), b = part.twice(value))'
        + " | frame | line(x=row, y=a) | line(x=row, y=b) | plot | handoff\n",
        part=library,
    )
    assert codes(result) == []
    assert result.module is not None
    (summary,) = (n for n in result.module.nodes if n.op == "summary@1")
    new = dict(summary.attributes["new"][1])
    assert new["b"] == ["call", "mean@1", {"x": ["col", "value"]}]
    assert new["a"] == ["op", "*", new["b"], ["int", 2]]


def test_libraries_that_double_each_other_meet_the_budget_at_the_line_of_the_script() -> None:
    texts = {"l0": "def f(x: number): number = $x + 1\n"}
    for n in range(1, 7):
        below = "b.f(b.f(b.f(b.f(b.f(b.f($x))))))"
        texts[f"l{n}"] = f'use "lab/l{n - 1}@1.0.0" as b\ndef f(x: number): number = {below}\n'
    script = uses("l6") + 'access("matrix") | derive(a = l6.f(1))' + TAIL
    result = compiled(script, **texts)
    assert "P2-E0302" in codes(result)
    assert result.module is None
    for told in result.diagnostics:
        if told.is_error:
            assert Source(script).position(told.in_script.start)[0] == 2


def test_a_row_of_libraries_that_is_too_long_is_refused() -> None:
    texts = {"l0": "def f(x: number): number = $x\n"}
    for n in range(1, 12):
        texts[f"l{n}"] = f'use "lab/l{n - 1}@1.0.0" as b\ndef f(x: number): number = b.f($x)\n'
    good = compiled(uses("l7") + 'access("matrix") | derive(a = l7.f(1))' + TAIL, **texts)
    assert codes(good) == []
    assert good.module is not None
    assert len(good.module.libs) == 8
    long = compiled(uses("l8") + 'access("matrix") | derive(a = l8.f(1))' + TAIL, **texts)
    assert codes(long) == ["P2-E0252"]


def test_more_libraries_than_are_allowed_are_refused_once() -> None:
    texts = {f"l{n}": "def f(x: number): number = $x\n" for n in range(66)}
    total = " + ".join(f"l{n}.f(1)" for n in range(66))
    result = compiled(uses(*texts) + f'access("matrix") | derive(a = {total})' + TAIL, **texts)
    assert set(codes(result)) == {"P2-E0252"}


def test_a_place_in_a_library_names_its_file_in_json_and_offers_no_fix() -> None:
    result = compiled(
        uses("part") + 'access("matrix") | part.late' + TAIL.replace("y=a", "y=value"),
        part="def late(): table = | filter(vlue > 3)\n",
    )
    (diagnostic,) = (d for d in result.diagnostics if d.is_error)
    told = as_json(diagnostic, Source(uses("part"), "plot.p2"))
    assert told["span"]["file"] == "part.p2"
    assert told["span"]["text"] == "vlue"
    assert told["fix"] is None
    assert "file" not in told["related"][0]["span"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def f(x: number): number = $x\nlet a = 2\npipe p = [head(3)]\n", []),
        ("def f(x: number): number = $y\n", ["P2-E0209"]),
        ("def f() = | plot\n", ["P2-E0251"]),
        ('use "lab/other@1.0.0" as other\ndef f(x: number): number = $x\n', ["P2-W0401"]),
        (
            'use "lab/nowhere@1.0.0" as other\ndef f(x: number): number = other.f($x)\n',
            ["P2-E0250"],
        ),
        ("$a | plot\n", ["P2-E0251"]),
    ],
)
def test_a_library_is_checked_by_itself(text: str, expected: list[str]) -> None:
    result = compiled(text, as_library=True, other="def f(x: number): number = $x\n")
    assert codes(result) == expected
