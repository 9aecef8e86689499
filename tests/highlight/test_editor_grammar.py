"""The grammar for editors colours scripts as the language reads them, and the extension around it is whole."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from pygments.token import Comment, Keyword, Name, Number, String

from p2_scripts import SCRIPTS
from p2lang.ast import KEYWORDS
from p2lang.types import QUANTITY_UNITS
from plotter2.highlight import P2Lexer
from textmate_reading import Grammar

EXTENSION = Path(__file__).parents[2] / "editors" / "vscode"
GRAMMAR = Grammar(EXTENSION / "syntaxes" / "p2.tmLanguage.json")

CLASSES = (
    ("comment", Comment, "comment."),
    ("number", Number, "constant.numeric"),
    ("unit", Keyword.Type, "keyword.other.unit"),
    ("binding", Name.Variable, "variable.parameter.p2"),
    ("function", Name.Function, "entity.name.function"),
    ("text", String.Double, "string."),
)


def of_lexer(text: str) -> list[str]:
    """Give the class of each character as the language's lexer sees it; of Python only that it is Python."""
    found: list[str] = []
    python = False
    for _, kind, piece in P2Lexer().get_tokens_unprocessed(text):
        if kind is String.Delimiter:
            python = not python
        alike = String.Double if kind is String.Affix else kind
        name = next((n for n, wanted, _ in CLASSES if alike in wanted), "")
        found += ["python" if python or kind is String.Delimiter else name] * len(piece)
    return found


def of_grammar(text: str) -> list[str]:
    """Give the class of each character as an editor sees it."""
    found = []
    for scope in GRAMMAR.scopes(text):
        name = next((n for n, _, wanted in CLASSES if scope.startswith(wanted)), "")
        found.append("python" if "python" in scope else name)
    return found


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_editors_and_the_language_agree_on_what_is_what(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    declared = {"binding": {""}, "unit": {""}}
    differing = []
    for place, (ours, theirs) in enumerate(zip(of_lexer(text), of_grammar(text), strict=True)):
        same = ours == theirs or theirs in declared.get(ours, ())
        if not (same or text[place].isspace()):
            differing.append((text[max(0, place - 15) : place + 5], ours, theirs))
    assert not differing


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_every_character_has_a_scope(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    scopes = GRAMMAR.scopes(text)
    bare = [text[i] for i, scope in enumerate(scopes) if not scope and not text[i].isspace()]
    assert not bare


def test_keywords_and_units_are_those_of_the_language() -> None:
    rules = GRAMMAR.data["repository"]
    words = set()
    for rule in ("keyword", "word-operator", "constant", "library"):
        words |= set(re.findall(r"(?<!\\)[a-z]+", rules[rule]["match"].replace("\\b", "")))
    assert words == KEYWORDS - {"p2"}
    units = rules["quantity"]["match"].rpartition("(?!")[0].rpartition("(")[2].strip(")")
    assert set(units.split("|")) == set(QUANTITY_UNITS)


def test_expressions_keep_to_what_every_engine_knows() -> None:
    for expression in GRAMMAR.expressions():
        re.compile(expression)
        assert not re.search(r"\(\?<|\\[hGAZpk]|\(\?[imsx>#]|[+*?}]\+", expression), expression


def test_the_extension_names_files_that_are_there() -> None:
    package = json.loads((EXTENSION / "package.json").read_text(encoding="utf-8"))
    contributes = package["contributes"]
    named = [package["main"]]
    named += [each["configuration"] for each in contributes["languages"]]
    named += [each["path"] for each in contributes["grammars"]]
    assert all((EXTENSION / name).is_file() for name in named)
    assert contributes["grammars"][0]["scopeName"] == GRAMMAR.data["scopeName"]
    client = (EXTENSION / package["main"]).read_text(encoding="utf-8")
    for setting in contributes["configuration"]["properties"]:
        assert f'"{setting.partition(".")[2]}"' in client
    assert f'registerCommand("{contributes["commands"][0]["command"]}"' in client


def test_the_client_is_right_javascript() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    done = subprocess.run(
        [node, "--check", str(EXTENSION / "client.js")], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
