"""Opening a pack: verified in memory, shown, then written into a fresh folder; its data go into the store.

Nothing is executed, and a picture is bytes with a name. The folder gets its name last: what kills the process before
leaves no folder, and at most whole bundles, which opening the pack again finds already there.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from p2sign import pack_gate
from p2sign.gate import Signer
from p2sign.pack import MAX_PACK
from p2sign.pack_gate import PackContent, PackedScript
from p2sign.refusal import Refusal
from plotter2.datter import durable
from plotter2.datter.layout import is_root
from plotter2.errors import DataError, ExitCode, Plotter2Error, Problem, Refused
from plotter2.host import codes, verifying
from plotter2.host.host import Host
from plotter2.host.keyring import as_refused, refusals
from plotter2.host.refusing import refusals_kept
from plotter2.host.root import Root
from plotter2.libraries.reference import FOLDER
from plotter2.manifest import container
from plotter2.manifest.model import ManifestV2
from plotter2.manifest.walking import walk
from plotter2.runs.mistakes import CheckFailed
from plotter2.runs.opening import OpenedScript, read_once
from plotter2.staging import AddReport
from plotter2.staging.shipping import new_folder

_LEFT = re.compile(r"\.new\.([0-9]{1,10})-[0-9]+")


@dataclass(frozen=True, slots=True)
class Standing:
    """A script or library of a pack as it stands here: whose it is, and why it would not run, if so."""

    packed: PackedScript
    signers: tuple[Signer, ...]
    problem: Problem | None

    @property
    def counts(self) -> bool:
        """Tell whether its signature counts here now."""
        return self.problem is None


@dataclass(frozen=True, slots=True)
class PackedData:
    """A data package of a pack: its place, its size, what its bundle is called, how many bundles it holds.

    `known` tells that there is a bundle of this name here.
    """

    path: str
    bytes: int
    name: str
    bundles: int
    known: bool = False


@dataclass(frozen=True, slots=True)
class LookedAt:
    """A pack that was read, not opened: who bound it, what is in it, and why it may not be opened here, if so."""

    path: Path
    bytes: int
    content: PackContent
    signers: tuple[Signer, ...]
    scripts: tuple[Standing, ...]
    libraries: tuple[Standing, ...]
    data: tuple[PackedData, ...]
    refused: Refused | None

    @property
    def problem(self) -> Problem | None:
        """Why it may not be opened here, as people are shown it."""
        return None if self.refused is None else self.refused.problem()


@dataclass(frozen=True, slots=True)
class OpenedPack:
    """A pack that was opened: its folder, what became of its data, and for each script why it would not run there."""

    folder: Path
    added: AddReport | None
    problems: Mapping[str, Problem]


def look(root: Root, path: Path) -> LookedAt:
    """Read a pack and write nothing; that it may not be opened here is told in `refused`.

    Raises FileRefused, Refused, DataError for what is no sound pack.
    """
    data = read_once(path, MAX_PACK, "pack")
    content, signers, refused = _judged(root, data, path.name)
    libraries = tuple(_standing(root, each) for each in content.libraries)
    wrong = {each.packed.path: each.problem for each in libraries if each.problem is not None}
    scripts = tuple(_with_libraries(_standing(root, each), wrong) for each in content.scripts)
    packages = tuple(_data(root, file, content.files[file]) for file in content.data)
    return LookedAt(path, len(data), content, signers, scripts, libraries, packages, refused)


def look_to_open(root: Root, path: Path) -> LookedAt:
    """Read a pack that may be opened here; a refusal is an entry of the log. Raises FileRefused, Refused, DataError."""
    with refusals_kept(root, path, use="pack"):
        looked = look(root, path)
        if looked.refused is not None:
            raise looked.refused
    return looked


def open_pack(host: Host, looked: LookedAt, into: Path | None) -> OpenedPack:
    """Write what was looked at into a fresh folder, its data into the store. Raises Refused, DataError, HostError."""
    terms = looked.content.terms
    folder = Path(terms.name.rpartition("/")[2]) if into is None else into
    if os.path.lexists(folder):
        raise Plotter2Error(
            codes.PACK_FOLDER_TAKEN,
            f"there is something at {folder} already, and a pack is opened into a fresh folder",
            str(folder),
            f"name another one: plotter2 pack open {looked.path} --into FOLDER",
            exit_code=ExitCode.USAGE,
        )
    _sweep(folder)
    host.run_log.append(
        "pack-open",
        name=terms.name,
        serial=terms.serial,
        statement=looked.content.statement_sha256,
        principals=[signer.principal for signer in looked.signers],
        folder=str(folder.absolute()),
    )
    with new_folder(folder) as fresh:
        _write(fresh, looked.content.files)
        problems = {each.packed.path: each.problem for each in looked.scripts if each.problem}
        problems |= _locked(host, fresh, looked, problems)
        host.store.see_serial(floor_name(terms.name), terms.serial)
        added = _added(host, fresh, looked.content.data)
    return OpenedPack(folder, added, problems)


def floor_name(name: str) -> str:
    """Give the name under which the highest serial of a pack is remembered; no script can have it."""
    return f"pack:{name}"


def data_in(name: str, content: bytes) -> PackedData:
    """Check a data package to its last byte; it may bring no scripts. Raises DataError P2-D089x, Refused P2-S0883."""
    opened = container.verified((content,), name)
    manifest = opened.manifest
    if isinstance(manifest, ManifestV2) and manifest.scripts:
        raise Refused(
            codes.PACK_BRINGS_SCRIPTS,
            f"the data package {name} brings scripts of its own, which nobody would be shown",
            name,
            "name the scripts themselves, and the data without them: plotter2 pack make SCRIPT --data BUNDLE",
        )
    places = list(walk(manifest))
    inside = [place.name for place in places if place.around is not None]
    called = manifest.name or (inside[0] if len(inside) == 1 else "")
    return PackedData(name, len(content), called, len(places))


# ------------------------------------------------------------ looking
def _judged(
    root: Root, data: bytes, name: str
) -> tuple[PackContent, tuple[Signer, ...], Refused | None]:
    floors = verifying.SerialFloors(lambda name: root.store.seen_serial(floor_name(name)))
    try:
        verified = pack_gate.verify_pack(data, root.trust_files(), root.now(), floors, name)
    except Refusal as refusal:
        with refusals():
            content, fingerprints = pack_gate.look_into(data, name)
        return content, _named(root, fingerprints), as_refused(refusal)
    return verified.content, verified.signers, None


def _standing(root: Root, packed: PackedScript) -> Standing:
    name = packed.path.rpartition("/")[2]
    try:
        verified = verifying.verify(root, OpenedScript(Path(name), packed.content, packed.sidecar))
    except Plotter2Error as error:
        return Standing(packed, _named(root, packed.fingerprints), error.problem())
    return Standing(packed, verified.signers, None)


def _with_libraries(script: Standing, wrong: Mapping[str, Problem]) -> Standing:
    """Give a script with what is wrong with a library that it uses, when nothing is wrong with itself."""
    for imported in script.packed.terms.imports:
        problem = wrong.get(f"{FOLDER}/{imported.name}.p2")
        if problem is not None and script.counts:
            return Standing(script.packed, script.signers, problem)
    return script


def _named(root: Root, fingerprints: Sequence[str]) -> tuple[Signer, ...]:
    """Give keys with whose they are, as far as that is known here."""
    try:
        known = {key.fingerprint: who for key, who in root.keyring.owners().items()}
    except Plotter2Error:  # what cannot be read names nobody; the problem says so
        known = {}
    return tuple(Signer(known.get(each, ""), each) for each in fingerprints)


def _data(root: Root, path: str, content: bytes) -> PackedData:
    found = data_in(path, content)
    known = False
    if found.name and is_root(root.settings.root):
        with suppress(DataError):  # no bundle of this name
            known = bool(root.store.find(found.name))
    return replace(found, known=known)


# ------------------------------------------------------------ opening
def _sweep(folder: Path) -> None:
    """Remove what openings of this folder left that were killed."""
    for left in folder.absolute().parent.glob(f".{folder.name}.new.*"):
        match = _LEFT.fullmatch(left.name.removeprefix(f".{folder.name}"))
        if match and not left.is_symlink() and not _lives(int(match[1])):
            durable.discard_dir(left)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is there, and somebody else's
        return True
    return True


def _write(fresh: Path, files: Mapping[str, bytes]) -> None:
    folders = {fresh}
    for path, content in files.items():
        here = fresh
        for part in path.split("/")[:-1]:
            here = here / part
            if here not in folders:
                folders.add(here)
                durable.make_dir(here)
        durable.write_new(fresh / path, (content,), mode=0o644)
    durable.sync_dirs(sorted(folders, reverse=True))


def _locked(
    host: Host, fresh: Path, looked: LookedAt, problems: Mapping[str, Problem]
) -> dict[str, Problem]:
    """Pin the libraries of the scripts whose signatures count; gives why that did not work, by script."""
    failed: dict[str, Problem] = {}
    for script in looked.scripts:
        path = script.packed.path
        if script.packed.terms.imports and path not in problems:
            try:
                host.lock([fresh / path], "add")
            except CheckFailed as error:
                first = error.diagnostics[0]
                failed[path] = Problem(first.code, first.message, path, first.help)
            except Plotter2Error as error:
                failed[path] = error.problem()
    return failed


def _added(host: Host, fresh: Path, packages: Sequence[str]) -> AddReport | None:
    if not packages:
        return None
    return host.add([fresh / path for path in packages], None)
