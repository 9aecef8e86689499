"""The parser's tables are what the grammar says and plain JSON; Lark parses from them, and nothing is unpickled."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from lark import Lark, UnexpectedInput
from lark.exceptions import GrammarError

import p2lang.parser
from p2_scripts import SCRIPTS
from p2lang.ast import KEYWORDS
from p2lang.parser.build import GRAMMAR_PATH, STARTS, build
from p2lang.parser.lexer import lex
from p2lang.parser.parsing import run
from p2lang.parser.tables import DIGEST_PATH, TABLES_PATH, read_tables, tables
from p2lang.parser.tree import Part

PACKAGE = Path(p2lang.parser.__file__).parent
GRAMMAR = GRAMMAR_PATH.read_text("ascii")


def test_the_shipped_tables_are_those_of_the_grammar() -> None:
    assert build(GRAMMAR) == TABLES_PATH.read_bytes()
    assert (
        DIGEST_PATH.read_text("ascii").strip()
        == hashlib.sha256(TABLES_PATH.read_bytes()).hexdigest()
    )


@pytest.mark.process
def test_the_tables_do_not_depend_on_the_order_of_hashes() -> None:
    program = "import sys; from p2lang.parser.build import *; sys.stdout.buffer.write(build(GRAMMAR_PATH.read_text()))"
    for seed in ("1", "2"):
        run = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        )
        assert run.stdout == TABLES_PATH.read_bytes()


def test_a_grammar_with_a_conflict_is_refused() -> None:
    with pytest.raises(GrammarError):
        build(GRAMMAR.replace('block:   "{" item* "}"', 'block:   "{" item* item* "}"'))


def test_tables_that_were_changed_are_refused() -> None:
    content = TABLES_PATH.read_bytes()
    with pytest.raises(ValueError, match="digest"):
        read_tables(content.replace(b"pipe", b"piqe"), DIGEST_PATH.read_text("ascii"))


def test_no_file_of_the_parser_names_a_serialiser_that_runs_code() -> None:
    for path in PACKAGE.rglob("*.py"):
        words = set(re.findall(r"\w+", re.sub(r'"""[\s\S]*?"""', "", path.read_text("utf-8"))))
        assert not words & {"pickle", "marshal", "shelve", "eval", "exec", "cache_grammar"}, path


@pytest.mark.process
def test_only_parsing_imports_lark() -> None:
    program = (
        "import sys\nimport p2lang, p2lang.fmt, p2lang.verifier, p2lang.compiler\n"
        "from p2lang.parser import parse\nfrom p2lang.source import Source\n"
        "print('lark' in sys.modules)\nparse(Source('p2 1'))\nprint('lark' in sys.modules)"
    )
    assert output_of(program) == "False\nTrue"


@pytest.mark.process
def test_parsing_unpickles_nothing_and_writes_no_file() -> None:
    program = """
import builtins, pickle, sys
def refuse(*arguments, **named):
    raise AssertionError("pickle is used")
for name in ("load", "loads", "dump", "dumps", "Unpickler", "Pickler", "_Unpickler", "_Pickler"):
    setattr(pickle, name, refuse)
def audit(event, arguments):
    if event == "open" and arguments[1] not in ("r", "rb", None):
        raise AssertionError(arguments)
    if event == "pickle.find_class":
        raise AssertionError(arguments)
sys.addaudithook(audit)
sys.dont_write_bytecode = True
from p2lang.parser import parse
from p2lang.source import Source
good = parse(Source('p2 1\\nlet a = f"{b + 1}" $x | f(1)'))
bad = parse(Source('p2 1\\nlet x = 3 +'))
print(len(good.script.items), len(good.diagnostics), len(bad.diagnostics), "lark" in sys.modules)
"""
    assert output_of(program) == "2 0 1 True"


def output_of(program: str) -> str:
    """Run a program in an interpreter of its own and give what it prints."""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return run.stdout.strip()


def test_the_words_of_the_grammar_are_those_of_the_syntax_tree() -> None:
    assert set(tables().keywords) == KEYWORDS


def test_lark_with_its_own_lexer_accepts_and_refuses_the_same_scripts() -> None:
    lark = Lark(GRAMMAR, parser="lalr", start=list(STARTS))
    texts = [path.read_text("utf-8") for path in SCRIPTS]
    for text in texts:
        for cut in range(0, len(text), 97):
            part = text[:cut] + text[cut + 3 :]
            tokens = lex(part)
            tree = run(tokens, range(len(tokens)), "script")
            assert accepts(lark, part) == isinstance(tree, Part), part


def accepts(lark: Lark, text: str) -> bool:
    """Tell whether Lark parses a text with tables and lexer made on the spot."""
    try:
        lark.parse(text, start="script")
    except UnexpectedInput:
        return False
    return True
