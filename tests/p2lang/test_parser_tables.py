"""The parser's tables are what the grammar says, plain JSON, and all that is needed at run time."""

from __future__ import annotations

import hashlib
import json
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
from p2lang.parser.machine import Action, Built, Machine
from p2lang.parser.tables import DIGEST_PATH, TABLES_PATH, read_tables, tables

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
            env={"PYTHONHASHSEED": seed},
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


def test_tables_of_another_format_are_refused() -> None:
    content = json.dumps({**json.loads(TABLES_PATH.read_bytes()), "format": 99}).encode()
    with pytest.raises(ValueError, match="format 99"):
        read_tables(content, hashlib.sha256(content).hexdigest())


def test_no_file_of_the_parser_names_a_serialiser_that_runs_code() -> None:
    for path in PACKAGE.rglob("*.py"):
        words = set(re.findall(r"\w+", re.sub(r'"""[\s\S]*?"""', "", path.read_text("utf-8"))))
        assert not words & {"pickle", "marshal", "shelve", "eval", "exec", "cache_grammar"}, path


@pytest.mark.process
def test_parsing_and_formatting_import_neither_lark_nor_pickle() -> None:
    program = (
        "import sys\nfrom p2lang.parser import parse\nfrom p2lang.fmt import format_script\n"
        "from p2lang.source import Source\n"
        "format_script(parse(Source('p2 1\\nlet x = 3 +')).script)\n"
        "print(sorted({'lark', 'pickle'} & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"


def test_the_words_of_the_grammar_are_those_of_the_syntax_tree() -> None:
    assert set(tables().keywords) == KEYWORDS


def test_lark_itself_accepts_and_refuses_the_same_scripts() -> None:
    lark = Lark(GRAMMAR, parser="lalr", start=list(STARTS))
    texts = [path.read_text("utf-8") for path in SCRIPTS]
    for text in texts:
        for cut in range(0, len(text), 97):
            part = text[:cut] + text[cut + 3 :]
            assert accepts(lark, part) == machine_accepts(part), part


def accepts(lark: Lark, text: str) -> bool:
    """Tell whether Lark's own machine parses a text."""
    try:
        lark.parse(text, start="script")
    except UnexpectedInput:
        return False
    return True


class AnyAction(dict[str, Action]):
    """An action for every rule, which makes nothing."""

    def __missing__(self, name: str) -> Action:
        return lambda children, first, last: None


def machine_accepts(text: str) -> bool:
    """Tell whether the project's machine parses a text."""
    tokens = lex(text)
    return isinstance(
        Machine(tables(), AnyAction(), 10_000).run(tokens, range(len(tokens)), "script"), Built
    )
