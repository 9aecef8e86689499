"""Every error code stands in one table of its part, is given somewhere, and is told on the page of errors."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from p2sign.causes import CAUSES
from plotter2.child.python.describing import page
from plotter2.cli.reference import RANGES, TABLES, TARGET, reference

PROJECT = Path(__file__).parents[2]
PACKAGES = ("lang", "logger2", "plotter2", "signing", "stdlib")
MODULES = [path for package in PACKAGES for path in (PROJECT / package).rglob("*.py")]
CODE = re.compile(r"P2-[A-Z]\d{4}")
TOLD = {code for table in TABLES for code in table}


def given(module: Path) -> set[str]:
    """Give what a module calls codes by: the codes it writes and the names it may know them under."""
    text = module.read_text(encoding="utf-8")
    return set(CODE.findall(text)) | set(re.findall(r"\b[A-Z][A-Z_0-9]+\b", text))


def test_every_code_of_the_product_is_in_a_table() -> None:
    for module in MODULES:
        assert set(CODE.findall(module.read_text(encoding="utf-8"))) <= TOLD, module


def test_no_code_is_in_two_tables() -> None:
    counts = Counter(code for table in TABLES for code in table)
    assert [code for code, count in counts.items() if count > 1] == []


def test_every_code_is_in_a_range() -> None:
    beginnings = tuple(beginning for beginning, _ in RANGES)
    assert all(CODE.fullmatch(code) and code.startswith(beginnings) for code in TOLD)


def test_every_line_is_in_the_form_of_a_message() -> None:
    lines = [line for table in TABLES for line in table.values()]
    assert [line for line in lines if re.search(r"\A[A-Z][a-z]|\A\Z|\.\Z", line)] == []


@pytest.mark.parametrize(
    "module",
    [m for m in MODULES if "CODES" in m.read_text()],
    ids=lambda m: m.parent.name + "." + m.stem,
)
def test_every_code_of_a_table_is_given_somewhere(module: Path) -> None:
    text = module.read_text(encoding="utf-8")
    elsewhere = {word for other in MODULES if other != module for word in given(other)}
    for name, code in re.findall(r'(?m)^([A-Z_0-9]+) = "(P2-[A-Z]\d{4})"', text):
        assert name in elsewhere, code
    for code in re.findall(r'(?m)^    "(P2-[A-Z]\d{4})": ', text):
        assert code in elsewhere or text.count(f'"{code}"') > 1, code


def test_every_refusal_of_p2sign_is_given_somewhere() -> None:
    texts = [m.read_text(encoding="utf-8") for m in MODULES if "causes" not in m.parts]
    assert [name for name in CAUSES if not any(f'"{name}"' in text for text in texts)] == []


def test_the_page_of_errors_is_current() -> None:
    assert TARGET.read_text(encoding="utf-8") == reference(), "run `make docs`"


def test_the_page_of_steps_in_python_is_current() -> None:
    assert TARGET.with_name("python.md").read_text(encoding="utf-8") == page(), "run `make docs`"
