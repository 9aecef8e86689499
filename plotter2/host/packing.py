"""Making a pack: signed scripts, the libraries that they were signed with, data and pictures, bound by one signature.

Everything is gathered in memory; what is written is one file, and only after the pack was taken apart again as whoever
opens it will.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from p2lang.check import UnusableLibrary
from p2sign import pack_gate
from p2sign.make import sign_statement
from p2sign.pack import ENDING, MAX_PACK, SHIPPED_SCOPE, packed
from p2sign.statement import Import, Statement, digests, to_second
from p2sign.uses import Kind
from plotter2.errors import ExitCode, Plotter2Error, Refused
from plotter2.exporting import package as exporting
from plotter2.exporting.wanted import ToExport
from plotter2.host import codes, signing
from plotter2.host.host import Host
from plotter2.host.key_choice import chosen, signed_with
from plotter2.host.keyring import refusals
from plotter2.host.signing import SignHow
from plotter2.host.surrounding import finder, require_script
from plotter2.host.unpacking import data_in, floor_name
from plotter2.libraries.reference import FOLDER, Reference
from plotter2.manifest.container import ENDING as PACKAGE
from plotter2.runs.opening import OpenedScript, open_script, read_once
from plotter2.runs.signing import LANGUAGE, VALID_FOR, default_name
from plotter2.staging import packing
from plotter2.staging.packages import is_package
from plotter2.staging.packing import Label
from plotter2.staging.shipping import new_file, require_free, write_container

_NOT_IN_NAME = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class ToPack:
    """What goes into a pack: scripts, then data (paths, or bundles of the store) and pictures, and where it goes."""

    scripts: Sequence[Path]
    data: Sequence[str]
    pictures: Sequence[Path]
    output: Path
    label: Label


@dataclass(frozen=True, slots=True)
class MadePack:
    """A pack that was written: where, by whom, its statement's text, its size, and what a person should know."""

    path: Path
    principal: str
    fingerprint: str
    statement: str
    files: int
    bytes: int
    notes: tuple[str, ...]


def make(host: Host, wanted: ToPack, how: SignHow) -> MadePack:
    """Gather, sign and write a pack. Raises Refused, FileRefused, DataError, Plotter2Error."""
    require_free(wanted.output)
    choice = chosen(host, how.which)
    held = _Held()
    for path in wanted.scripts:
        _take_script(host, path, held)
    entry = next(iter(held.files))
    for data in wanted.data:
        _take_data(host, data, wanted.label, held)
    for path in wanted.pictures:
        held.put("pictures", path.name, read_once(path, MAX_PACK, "picture"))
    with refusals():
        terms = _terms(host, how.name or _name_of(wanted.output), entry, held.files)
    how.approve(terms, choice)
    accepted = host.accepted_keys
    sidecar = signed_with(choice, lambda key: sign_statement(terms, key, accepted))
    with refusals():
        data_of_pack = packed(sidecar, held.files)
        pack_gate.look_into(data_of_pack, wanted.output.name)
    signing.keep_signature(host, terms, choice)
    new_file(wanted.output, (data_of_pack,))
    host.store.see_serial(floor_name(terms.name), terms.serial)
    return MadePack(
        wanted.output,
        choice.principal,
        choice.public.fingerprint,
        terms.dump().decode(),
        len(held.files),
        len(data_of_pack),
        tuple(held.notes),
    )


@dataclass(slots=True)
class _Held:
    """What is on board: path to bytes, the first script first."""

    files: dict[str, bytes] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def put(self, folder: str, name: str, content: bytes) -> str:
        """Take a file under a name that can be a file on every system, and that no other has."""
        usable = _NOT_IN_NAME.sub("-", name).strip("-.")[-_LONGEST_NAME:].lstrip("-.") or "file"
        stem, point, ending = usable.rpartition(".")
        if not stem:
            stem, point, ending = ending, "", ""
        taken = {path.lower() for path in self.files}
        number, path = 1, f"{folder}/{usable}"
        while path.lower() in taken:
            number += 1
            path = f"{folder}/{stem}-{number}{point}{ending}"
        self.files[path] = content
        return path


def _name_of(output: Path) -> str:
    return default_name(output.name.removesuffix(ENDING))


def _terms(host: Host, name: str, entry: str, files: Mapping[str, bytes]) -> Statement:
    issued = to_second(host.now())
    return Statement(
        kind=Kind.PACK,
        name=name,
        serial=(host.store.seen_serial(floor_name(name)) or 0) + 1,
        language=LANGUAGE,
        issued=issued,
        expires=issued + VALID_FOR,
        entry=entry,
        files=digests(files),
        imports=(),
        caps=(),
        limits=None,
    )


# ------------------------------------------------------------ scripts and libraries
def _take_script(host: Host, path: Path, held: _Held) -> None:
    require_script(path)
    script = open_script(path)
    verified = host.verify(script)
    if script.name in held.files:
        raise Plotter2Error(
            codes.PACK_NAMES,
            f"two scripts are called {script.name}, and a pack has one folder for all",
            str(path),
            "rename one and sign it again, or make two packs",
            exit_code=ExitCode.USAGE,
        )
    _put_signed(held, script.name, script)
    for library, opened in _libraries(host, path, verified.statement.imports):
        where = library.below(Path(FOLDER)).as_posix()
        before = held.files.get(where, opened.content)
        if before != opened.content:
            raise Refused(
                codes.PACK_LACKS,
                f"two scripts were signed with different libraries {library}",
                str(path),
                "bring both up to date (plotter2 lock update), sign them again, or make two packs",
            )
        _put_signed(held, where, opened)


def _put_signed(held: _Held, where: str, opened: OpenedScript) -> None:
    held.files[where] = opened.content
    if opened.sidecar is not None:
        held.files[f"{where}.sig"] = opened.sidecar


def _libraries(
    host: Host, script: Path, imports: Sequence[Import]
) -> Iterator[tuple[Reference, OpenedScript]]:
    """Give the libraries that a script was signed with, but for those that everybody has. Raises Refused P2-S0882."""
    looking = finder(host, script)
    for imported in imports:
        scope, name, version = imported.name.split("/")
        if scope == SHIPPED_SCOPE:
            continue
        library = Reference(scope, name, version)
        try:
            looking.find(str(library))
        except UnusableLibrary as error:
            raise _lacking(script, library, error.message) from None
        found = looking.found.get(str(library))
        opened = None if found is None else open_script(found.path)
        if opened is None or sha256(opened.content).hexdigest() != imported.sha256:
            raise _lacking(
                script, library, "it is not here" if opened is None else "it is another one"
            )
        yield library, opened


def _lacking(script: Path, library: Reference, why: str) -> Refused:
    return Refused(
        codes.PACK_LACKS,
        f"the script was signed with the library {library}, which cannot be packed: {why}",
        str(script),
        f"bring the library back, or sign the script with what is here: plotter2 lock update {script}, "
        f"plotter2 sign {script}",
    )


# ------------------------------------------------------------ data
def _take_data(host: Host, data: str, label: Label, held: _Held) -> None:
    path = Path(data)
    if path.is_file() and is_package(path):
        content, name = read_once(path, MAX_PACK, "package"), path.name
    else:
        content, name = _made_package(host, data, label, held)
    data_in(name, content)
    held.put("data", name, content)


def _made_package(host: Host, data: str, label: Label, held: _Held) -> tuple[bytes, str]:
    """Give a package of what lies at a path, else of a bundle of the store without what is attached to it."""
    with TemporaryDirectory(prefix="plotter2-pack-") as folder:
        to = Path(folder) / f"data{PACKAGE}"
        if Path(data).exists():
            ready = packing.pack([Path(data)], None, label)
            write_container(ready.cargo, to)
            held.notes += [f"left alone: {each}" for each in ready.left_alone]
            name = ready.name
        else:
            found = host.export(exporting.export, ToExport(data, to, scripts=False))
            held.notes += found.notes
            name = data.rpartition("/")[2]
        return read_once(to, MAX_PACK, "package"), f"{name}{PACKAGE}"
