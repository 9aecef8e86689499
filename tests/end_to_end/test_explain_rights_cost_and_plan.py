"""`explain rights|cost|plan` of a script: what a person approves, what each line may cost, and the plan of the run."""

from __future__ import annotations

from pathlib import Path

from commandline import p2, p2_json
from p2_compiling import SCRIPTS

SCHEMAS = SCRIPTS / "example_schemas.json"


def written(folder: Path, text: str) -> Path:
    path = folder / "plot.p2"
    path.write_text(f"p2 1\n{text}\n", encoding="utf-8")
    return path


def said(folder: Path, word: str, script: Path) -> str:
    finished = p2(folder / "root", "explain", word, script, "--schemas", SCHEMAS)
    assert finished.code == 0, finished.err
    return finished.out


def test_rights_say_in_plain_words_what_signing_approves(tmp_path: Path) -> None:
    script = SCRIPTS / "02_mean_ci.p2"
    text = said(tmp_path, "rights", script)
    for words in (
        "read    experiment2/*", "write   reward_mean_ci", "draw pictures", "3,000,000 in one table",
        "of the limit of 5 G", "window    int = 50, where ($window in 1..5000)", "no network",
    ):  # fmt: skip
        assert words in text
    data = p2_json(tmp_path / "root", "explain", "rights", script, "--schemas", SCHEMAS)
    assert data["touches"] == [
        {"right": "read", "kind": "bundle", "target": "experiment2/*"},
        {"right": "write", "kind": "output", "target": "reward_mean_ci"},
    ]
    assert set(data["rights"]) == {"read", "render", "write"}
    assert data["needs"]["frames"] == 1


def test_cost_tells_each_line_and_adds_up(tmp_path: Path) -> None:
    script = SCRIPTS / "02_mean_ci.p2"
    data = p2_json(tmp_path / "root", "explain", "cost", script, "--schemas", SCHEMAS)
    assert sum(line["work"] for line in data["lines"]) == data["needs"]["work"]
    assert sum(line["memory"] for line in data["lines"]) == data["needs"]["memory"]
    assert [line["line"] for line in data["lines"]] == sorted(line["line"] for line in data["lines"])  # fmt: skip
    assert data["limits"]["work"] == 5_000_000_000
    text = said(tmp_path, "cost", script)
    assert "share" in text.splitlines()[0]
    assert "summary" in text


def test_cost_of_what_is_used_several_times_stands_on_one_line(tmp_path: Path) -> None:
    script = written(
        tmp_path,
        """repeat n in 1..3 {
        access("matrix") | head($n) | frame | line(x=row, y=value) | plot(f"p{$n}") | handoff
        }""",
    )
    assert "plot x 3" in said(tmp_path, "cost", script)


def test_cost_is_told_also_when_it_is_too_much(tmp_path: Path) -> None:
    script = written(
        tmp_path,
        'access("experiment2/*") | kmeans(on=[step], k=200, iters=300) | frame\n'
        "  | point(x=step, y=reward) | plot | handoff",
    )
    finished = p2(tmp_path / "root", "explain", "cost", script, "--schemas", SCHEMAS)
    assert finished.code == 3
    assert "kmeans" in finished.out
    assert "P2-E0301" in finished.out
    told = p2(tmp_path / "root", "explain", "cost", script, "--schemas", SCHEMAS, "--json").json
    assert told["over"] == ["P2-E0301"]
    assert told["ok"] is False
    refused = p2(tmp_path / "root", "explain", "plan", script, "--schemas", SCHEMAS)
    assert refused.code == 3
    assert "P2-E0301" in refused.err


def test_plan_shows_the_ir_what_is_fused_and_what_is_left_out(tmp_path: Path) -> None:
    script = SCRIPTS / "02_mean_ci.p2"
    text = said(tmp_path, "plan", script)
    assert "module p2ir=1" in text
    assert "7 of 11 columns" in text
    assert "unused  n  ; made in line 8" in text
    data = p2_json(tmp_path / "root", "explain", "plan", script, "--schemas", SCHEMAS)
    names = {node[0]: node[1] for node in data["module"]["nodes"]}
    fused = [[names[node] for node in run] for run in data["fused"]]
    assert fused == [["select@1", "derive@1", "summary@1"]]


def test_a_script_with_mistakes_is_answered_with_them(tmp_path: Path) -> None:
    script = written(tmp_path, 'access("matrix") | filter(rows > 1) | frame | plot | handoff')
    for word in ("rights", "cost", "plan"):
        finished = p2(tmp_path / "root", "explain", word, script, "--schemas", SCHEMAS)
        assert finished.code == 3
        assert "P2-E0201" in finished.err
