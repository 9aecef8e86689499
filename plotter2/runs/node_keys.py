"""What the result of a node depends on, as one SHA-256: the key under which it is kept.

The node's id covers the operations behind it; beside that a result follows from the columns that its sources read, from
values of params, from what a task knows of its place, from the release, the libraries and the machine. A run can only
name the results of sources that it has bound itself, so nobody is given what they may not read. The signers belong to
the key as well: what a child hands out is not trusted, and if a script could make its child lie, it could lie to
scripts of its own signers only.
"""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import msgspec

import p2lang
import p2std
from p2lang.ir import CORE, Node
from p2lang.semantics.selection import selection
from p2lang.semantics.structure import DELIVERED, NEED, asks_about_place, reads_bundle
from p2lang.verifier import Program, ProgramNode
from p2std.origins import counted, views_drawn
from p2std.registry import core
from plotter2.datter.bundle import canonical
from plotter2.runs.inputs import BoundTable
from plotter2.runs.model import RunRequest
from plotter2.runs.selecting import variables
from plotter2.runs.task_place import digest_of_inputs
from plotter2.version import __version__
from plotter2.wire.inputs import collected_path

_FORM: Final = "p2result-v1"
_INSTALLED: Final = "*.dist-info"
_LIBRARIES: Final = ("polars", "numpy", "scipy", "RestrictedPython")


@dataclass(frozen=True)
class Keys:
    """Gives the keys of a run's results; `tables` are those that it has bound."""

    program: Program
    request: RunRequest
    tables: Mapping[str, BoundTable]

    def of(self, node: str) -> str | None:
        """Give the key of a node's result; None when it depends on more than is known here."""
        behind = self._behind(node)
        read = [self._read(each) for each in behind if each.signature.kind == "source"]
        if None in read:
            return None
        hidden = {n.id: sorted(self._hidden[n.id]) for n in behind if n.id in self._hidden}
        signers = sorted(signer.fingerprint for signer in self.request.verified.signers)
        about = [_FORM, node, read, self._params(behind), self._place(behind), hidden, signers]
        return hashlib.sha256(canonical([*about, *release()])).hexdigest()

    def _behind(self, node: str) -> list[ProgramNode]:
        found = {node}
        for each in reversed(self.program.nodes):
            if each.id in found:
                found.update(each.inputs)
        return [each for each in self.program.nodes if each.id in found]

    @cached_property
    def _hidden(self) -> Mapping[str, Mapping[str, Any]]:
        return counted(self.program, views_drawn(self.program))

    def _read(self, source: ProgramNode) -> list[str] | None:
        """Give what a source reads: its id and a digest of all its columns; nothing for one that reads none."""
        name = source_name(source.node)
        if name is None:
            return [source.id]
        table = self.tables.get(name)
        if table is None:
            return None
        link = None if self.request.task is None else self.request.task.links.get(name)
        told = None if link is None else msgspec.json.encode(link).decode()
        read = table if link is not None else _of_columns(table, source.node)
        return [source.id, digest_of_inputs({"link": told}, read)]

    def _params(self, behind: list[ProgramNode]) -> dict[str, Any]:
        known = variables(self.request.params, self.request.task_name)
        named = {v[1] for node in behind for v in node.node.inside if v[0] == "var"}
        return {name: _plain(known.get(name)) for name in sorted(named)}

    def _place(self, behind: list[ProgramNode]) -> str:
        """Give what a task knows of its place, if anything of it is asked for."""
        asked = any(
            core().by_full_name[call[1]].facts.needs_bundle
            for node in behind
            for call in node.node.calls
        ) or any(asks_about_place(node.node) for node in behind)
        if not asked or self.request.task is None:
            return ""
        return msgspec.json.encode(self.request.task.place).decode()


def source_name(node: Node) -> str | None:
    """Give the name under which a run has the table that a source reads; None for a source that makes its rows."""
    if node.op == NEED.full_name:
        return str(node.attributes["name"][1])
    if node.op.startswith("collect@"):
        task = str(node.attributes["tasks"][2]["name"][1])
        return collected_path(task, str(node.attributes.get("name", ["str", ""])[1]))
    signature = core().by_full_name[node.op]
    return selection(node.attributes).key if reads_bundle(signature) else None


def _of_columns(table: BoundTable, source: Node) -> BoundTable:
    """Give a bound table with the columns that one source delivers; another one may read more of it."""
    wanted = source.attributes.get(DELIVERED)
    if wanted is None:
        return table
    parts = tuple(
        replace(
            part,
            columns={n: c for n, c in part.columns.items() if n in wanted[1]},
            constants={n: c for n, c in part.constants.items() if n in wanted[1]},
        )
        for part in table.parts
    )
    return BoundTable(table.path, parts)


def _plain(value: Any) -> Any:
    """Give a param's value with its type, floats exactly."""
    if isinstance(value, float):
        return ["float", value.hex()]
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return [type(value).__name__, value]


@cache
def release() -> tuple[str, ...]:
    """Give what computes: the release and its files, the libraries, the kind of machine."""
    packages = (Path(p2std.__file__).parent, Path(p2lang.__file__).parent / "semantics")
    child = Path(__file__).parent.parent / "child"
    files = hashlib.sha256(repr([*map(list, map(_files, (*packages, child)))]).encode()).hexdigest()
    machine = (platform.python_version(), platform.machine())
    return (__version__, CORE, files, *_libraries(), *machine)


def _libraries() -> Iterator[str]:
    """Give which installations of the libraries there are, and their versions as their folders are named.

    Their metadata would say the same, in twenty times the time.
    """
    places: dict[Path, list[str]] = {}
    for name in _LIBRARIES:
        found = find_spec(name)
        assert found is not None
        assert found.origin is not None
        first = Path(found.origin)
        status = first.stat()
        yield f"{first} {status.st_size} {status.st_mtime_ns}"
        places.setdefault(first.parent.parent, []).append(name.lower())
    for place, names in places.items():
        versions = (folder.name for folder in place.glob(_INSTALLED))
        yield from sorted(n for n in versions if n.partition("-")[0].lower() in names)


def _files(folder: Path) -> Iterator[tuple[str, int, int]]:
    """Give name, size and time of each file of a package: a change of the code is a release of its own."""
    for entry in sorted(os.scandir(folder), key=lambda each: each.name):
        if entry.is_dir() and entry.name != "__pycache__":
            yield from _files(Path(entry.path))
        elif entry.is_file():
            status = entry.stat()
            yield entry.name, status.st_size, status.st_mtime_ns
