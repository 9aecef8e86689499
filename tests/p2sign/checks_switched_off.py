"""Switches off every check of the verifier in turn, and tells whether the attacks on signatures notice.

A check is a `raise` (it becomes nothing), a part of a condition before one (never the case), a call of a check (left
out), an answer that refuses (it becomes yes). Each lives in a copy of one module in the memory of a forked process;
no file is changed. What the attacks do not notice is given to the unit tests of p2sign; what these do not notice
either must be explained in checks_that_are_redundant.py.

Run as a script: prints each check that was not noticed by the attacks, and the shares. The suite runs a small share.
"""

from __future__ import annotations

import argparse
import ast
import importlib.abc
import importlib.machinery
import json
import os
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, ModuleType

HERE = Path(__file__).resolve().parent
TESTS, PROJECT = HERE.parent, HERE.parent.parent
SOURCES = PROJECT / "signing" / "p2sign"
# These make, edit or show; nothing passes because of them.
NOT_OF_THE_VERIFIER = frozenset(
    {
        "refusal.py", "uses.py", "make.py", "inspection.py", "trust_editing.py",
        "policy_editing.py", "log/tiles.py", "algorithms/model.py",
    }
)  # fmt: skip
CALLS = ("check", "_check", "require", "_require", "accept")
# They ask, and no answer of theirs lets anything pass.
QUESTIONS = frozenset({"needs_passphrase", "at_end", "_taken"})
# The unit tests of each part, beside this file; the first that fails says that a check is missed.
UNIT_TESTS = {
    "again": "test_known_again.py",
    "log": "test_log_*.py",
    "ceilings": "test_ceilings_*.py test_policy_rules.py",
    "policy": "test_policy_rules.py test_every_refusal.py",
    "bundles": "test_trust_travels.py test_every_refusal.py",
    "feed": "test_trust_travels.py test_every_refusal.py",
    "signed_text": "test_trust_travels.py test_every_refusal.py",
    "statement": "test_statement_form.py test_every_refusal.py test_gate_order.py",
    "lines": "test_statement_form.py test_trust_travels.py",
    "times": "test_statement_form.py test_trust_files.py test_trust_travels.py test_gate_order.py test_packs.py",
    "naming": "test_statement_form.py",
    "rights": "test_statement_form.py",
    "trust": "test_trust_files.py test_every_refusal.py",
    "keys": "test_key_files.py test_key_types.py test_every_refusal.py",
    "algorithms": "test_key_types.py test_key_files.py",
    "fields": "test_sshsig_layout.py test_key_types.py",
    "sshsig": "test_sshsig_layout.py test_every_refusal.py",
    "sidecar": "test_sshsig_layout.py test_every_refusal.py test_gate_order.py",
    "gate": "test_gate_order.py test_every_refusal.py",
    "pack": "test_packs.py test_every_refusal.py",
    "pack_gate": "test_packs.py test_every_refusal.py",
}
PATIENCE_S = 60
UNIT_PATIENCE_S = 300


@dataclass(frozen=True)
class Check:
    """One place where the verifier says no: its file, line, kind, and its text as Python writes it again."""

    file: str
    number: int
    line: int
    kind: str
    text: str

    @property
    def module(self) -> str:
        return "p2sign." + self.file.removesuffix(".py").replace("/", ".").removesuffix(".__init__")

    @property
    def name(self) -> str:
        """What it is called where it is explained, on whichever line it stands."""
        return f"{self.file} {self.kind}: {' '.join(self.text.split())}"

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.name.partition(' ')[2]}"


@dataclass(frozen=True)
class Outcome:
    """Who noticed that a check was off: an attack or a control, a unit test, nobody ("")."""

    check: Check
    by: str
    what: str


# ------------------------------------------------------------------ finding checks


def checks() -> list[Check]:
    """Find every check in the sources."""
    found: list[Check] = []
    for path in sorted(SOURCES.rglob("*.py")):
        file = path.relative_to(SOURCES).as_posix()
        if file not in NOT_OF_THE_VERIFIER:
            tree = ast.parse(path.read_text(encoding="utf-8"))
            found += [
                Check(file, number, node.lineno, kind, ast.unparse(node))
                for number, (kind, node, _) in enumerate(_places(tree))
            ]
    return found


Place = tuple[str, ast.stmt | ast.expr, Callable[[], None]]


def _places(tree: ast.AST) -> Iterator[Place]:
    """Give each check of a tree and what switches it off there, always in the same order."""
    for node in ast.walk(tree):
        for body in _bodies(node):
            for at, statement in enumerate(body):
                yield from _of_statement(body, at, statement)
        if isinstance(node, ast.If) and any(isinstance(each, ast.Raise) for each in node.body):
            yield from _operands(node.test, node.lineno)
        if isinstance(node, ast.FunctionDef) and _says_yes_or_no(node):
            yield from _answers(node)


def _says_yes_or_no(function: ast.FunctionDef) -> bool:
    returns = function.returns
    kept = function.name in QUESTIONS
    return not kept and isinstance(returns, ast.Name) and returns.id == "bool"


def _bodies(node: ast.AST) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        body = getattr(node, name, None)
        if isinstance(body, list):
            yield body


def _of_statement(body: list[ast.stmt], at: int, statement: ast.stmt) -> Iterator[Place]:
    def nothing() -> None:
        body[at] = ast.copy_location(ast.Pass(), statement)

    if isinstance(statement, ast.Raise) and statement.exc is not None:
        yield "raise", statement, nothing
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        called = statement.value.func
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        if name.startswith(CALLS) or name == "end":
            yield "call", statement, nothing


def _operands(test: ast.expr, line: int) -> Iterator[Place]:
    """Give the parts of a condition of which each alone suffices to refuse."""
    negated = isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)
    inner = test.operand if isinstance(test, ast.UnaryOp) and negated else test
    if isinstance(inner, ast.BoolOp) and isinstance(inner.op, ast.And if negated else ast.Or):
        for at, operand in enumerate(inner.values):
            yield "condition", operand, _replacing(inner.values, at, never=not negated)
            yield from _operands(operand, line)


def _replacing(values: list[ast.expr], at: int, *, never: bool) -> Callable[[], None]:
    def switch() -> None:
        values[at] = ast.copy_location(ast.Constant(not never), values[at])

    return switch


def _answers(function: ast.FunctionDef) -> Iterator[Place]:
    for node in ast.walk(function):
        if not isinstance(node, ast.Return) or node.value is None:
            continue
        value = node.value
        if isinstance(value, ast.Constant) and value.value is True:
            continue
        yield "answer", node, _yes(node)
        if isinstance(value, ast.BoolOp) and isinstance(value.op, ast.And):
            for at, operand in enumerate(value.values):
                yield "answer", operand, _replacing(value.values, at, never=False)


def _yes(node: ast.Return) -> Callable[[], None]:
    def switch() -> None:
        assert node.value is not None
        node.value = ast.copy_location(ast.Constant(True), node.value)

    return switch


def without(check: Check) -> CodeType:
    """Compile the module of a check without it."""
    path = SOURCES / check.file
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kind, node, switch = list(_places(tree))[check.number]
    assert (kind, node.lineno) == (check.kind, check.line)
    switch()
    return compile(ast.fix_missing_locations(tree), str(path), "exec")


# ------------------------------------------------------------------ a process without a check


class _Instead(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Gives one module from memory."""

    def __init__(self, name: str, code: CodeType, *, package: bool) -> None:
        self._name = name
        self._code = code
        self._package = package

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != self._name:
            return None
        spec = importlib.machinery.ModuleSpec(name, self, is_package=self._package)
        if self._package:
            spec.submodule_search_locations = [str(Path(self._code.co_filename).parent)]
        return spec

    def get_code(self, fullname: str) -> CodeType:
        return self._code

    def get_source(self, fullname: str) -> None:
        return None


def _forked(check: Check, work: Callable[[], str], patience_s: int) -> str:
    """Do something in a process without the check; gives what it told, also of a crash or a hang."""
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        _in_the_child(check, work, patience_s, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read().decode("utf-8", "replace")
    _, status = os.waitpid(process, 0)
    if os.WIFSIGNALED(status):
        return f"it hangs or dies (signal {os.WTERMSIG(status)})"
    return told


def _in_the_child(check: Check, work: Callable[[], str], patience_s: int, writing: int) -> None:
    told = ""
    try:
        silence = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(silence, descriptor)
        signal.alarm(patience_s)
        package = check.file.endswith("__init__.py")
        sys.meta_path.insert(0, _Instead(check.module, without(check), package=package))
        told = work()
    except BaseException as error:  # noqa: BLE001 - whatever breaks was noticed
        told = f"it breaks: {traceback.format_exception_only(error)[-1].strip()}"
    finally:
        os.write(writing, told.encode())
        os._exit(0)


def _attacked(check: Check) -> str:
    """Give the attack or control that first notices; those with the name that the check refuses with come first."""
    from signing_attacks import Attack, corpus, outcome

    found = corpus()
    entries: list[tuple[str, object]] = [*found.attacks, *found.controls]
    stem = check.file.removesuffix(".py").rpartition("/")[2]

    def likely(entry: tuple[str, object]) -> tuple[bool, bool]:
        refused = getattr(entry[1], "refused", "?")
        return f"'{refused}'" not in check.text, stem[:4] not in entry[0]

    for of, entry in sorted(entries, key=likely):
        assert hasattr(entry, "name")
        wanted = entry.refused if isinstance(entry, Attack) else ""
        try:
            got = outcome(entry)  # type: ignore[arg-type]
        except Exception as error:  # noqa: BLE001 - a crash is noticed
            got = f"a crash: {type(error).__name__}"
        if got != wanted:
            return f"{of.removeprefix('on_')}: {entry.name} ({wanted or 'passes'} became {got or 'passes'})"
    return ""


def unit_tests_of(check: Check) -> list[str]:
    """Give the files of unit tests of this part of p2sign."""
    part = check.file.removesuffix(".py").partition("/")[0]
    found = [str(path) for form in UNIT_TESTS[part].split() for path in sorted(HERE.glob(form))]
    assert found, f"no unit tests of {check.file}"
    return found


def _unit_tested(files: list[str]) -> str:
    """Give the first of these unit tests that notices."""
    import pytest

    failed: list[str] = []

    class Told:
        def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
            if report.failed:
                failed.append(report.nodeid)

        def pytest_collectreport(self, report: pytest.CollectReport) -> None:
            if report.failed:
                failed.append(report.nodeid)

    os.chdir(PROJECT)
    words = ["-x", "-q", "-p", "no:cacheprovider", "-m", "not process and not attack"]
    pytest.main([*words, *files], [Told()])
    return failed[0] if failed else ""


# ------------------------------------------------------------------ all of them


def prepare() -> None:
    """Import what every process needs, and nothing of p2sign: that is imported without the check."""
    for folder in (TESTS, PROJECT / "signing"):
        if str(folder) not in sys.path:
            sys.path.insert(0, str(folder))
    import cryptography.hazmat.primitives.asymmetric.ed25519
    import cryptography.hazmat.primitives.asymmetric.rsa
    import cryptography.hazmat.primitives.serialization.ssh  # noqa: F401

    assert not any(name.split(".")[0] == "p2sign" for name in sys.modules)


def tried(check: Check, *, unit_tests: bool = True) -> Outcome:
    """Switch one check off and tell who notices."""
    what = _forked(check, lambda: _attacked(check), PATIENCE_S)
    if what:
        return Outcome(check, "attack", what)
    files = unit_tests_of(check)
    if unit_tests and (what := _forked(check, lambda: _unit_tested(files), UNIT_PATIENCE_S)):
        return Outcome(check, "unit test", what)
    return Outcome(check, "", "")


def _tried_by_workers(wanted: list[Check], jobs: int, unit_tests: bool) -> Iterator[Outcome]:
    """Share the checks among processes of one thread each, for each forks; told in the order in which they are done."""
    reading, writing = os.pipe()
    workers = []
    for first in range(jobs):
        worker = os.fork()
        if worker == 0:
            os.close(reading)
            for number in range(first, len(wanted), jobs):
                done = tried(wanted[number], unit_tests=unit_tests)
                os.write(writing, f"{json.dumps([number, done.by, done.what[:1000]])}\n".encode())
            os._exit(0)
        workers.append(worker)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as pipe:
        for line in pipe:
            number, by, what = json.loads(line)
            yield Outcome(wanted[number], by, what)
    for worker in workers:
        os.waitpid(worker, 0)


def main() -> None:
    """Try all checks, or those of some files, and print what became of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "files", nargs="*", help="files below signing/p2sign; all when none is named"
    )
    parser.add_argument("--every", type=int, default=1, help="only every Nth check")
    parser.add_argument("--attacks-only", action="store_true", help="do not ask the unit tests")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    prepare()
    from checks_that_are_redundant import REDUNDANT

    started = time.monotonic()
    wanted = [each for each in checks() if not asked.files or each.file in asked.files]
    outcomes = list(_tried_by_workers(wanted[:: asked.every], asked.jobs, not asked.attacks_only))
    if len(outcomes) != len(wanted[:: asked.every]):
        sys.exit("a worker died: not all checks were tried")
    unexplained = 0
    for each in sorted(outcomes, key=lambda each: (each.check.file, each.check.line)):
        if each.by != "attack":
            why = REDUNDANT.get(each.check.name, "")
            unexplained += not (each.by or why)
            print(
                f"{each.check}\n    {f'noticed by {each.what}' if each.by else why or 'NOT NOTICED'}"
            )
    counts = Counter(each.by or "nobody" for each in outcomes)
    share = counts["attack"] / len(outcomes)
    both = (counts["attack"] + counts["unit test"]) / len(outcomes)
    print(
        f"{len(outcomes)} checks switched off in {time.monotonic() - started:.0f} s: the attacks notice "
        f"{counts['attack']} ({share:.1%}), with the unit tests {both:.1%}; "
        f"{counts['nobody']} by nobody, {unexplained} of them unexplained"
    )
    sys.exit(unexplained > 0)


if __name__ == "__main__":
    sys.path.insert(0, str(HERE))
    main()
