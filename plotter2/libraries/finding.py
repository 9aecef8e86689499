"""Looks for libraries: beside the script, in the folders of the settings, under the root, among those that ship.

A file is opened once; the bytes that passed the gate are the bytes that are compiled. A library without a signature
that counts is still given, so that `check` can speak of it, and says why a run refuses it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from p2lang.check import Libraries, Library, Locked, UnusableLibrary
from p2lang.diagnostics import Diagnostic
from p2lang.parser import decode
from p2sign.gate import Offer, Signer, TrustFiles, verify
from p2sign.refusal import Refusal
from plotter2.errors import Plotter2Error
from plotter2.libraries.codes import OTHER_LIBRARY
from plotter2.libraries.reference import SUFFIX, Reference
from plotter2.runs import codes as run_codes
from plotter2.runs.opening import FileRefused, OpenedScript, open_script

OWN_SCOPE = "p2"
"""The scope of the libraries that ship with plotter2; nobody else's folder can hold one of it."""


@dataclass(frozen=True)
class Shelf:
    """A folder of libraries: what people call it, and whose signatures count for what stands in it.

    `scope` names the only scope that it holds; None holds all others.
    """

    label: str
    folder: Path
    trust: Callable[[], TrustFiles]
    scope: str | None = None

    def holds(self, scope: str) -> bool:
        """Tell whether libraries of this scope are looked for here."""
        return scope == self.scope if self.scope else scope != OWN_SCOPE

    def all(self) -> list[Reference]:
        """Give what stands here, sorted."""
        found = []
        for path in self.folder.glob(f"*/*/*{SUFFIX}"):
            scope, name = path.parts[-3:-1]
            reference = Reference.parse(f"{scope}/{name}@{path.name.removesuffix(SUFFIX)}")
            if reference is not None and self.holds(scope):
                found.append(reference)
        return sorted(found, key=lambda each: (each.scope, each.name, each.order))


@dataclass(frozen=True)
class Found:
    """A library as it was found: where, its bytes, who signed it."""

    reference: Reference
    shelf: str
    path: Path
    content: bytes
    signers: tuple[Signer, ...]
    library: Library

    @property
    def sha256(self) -> str:
        """Give the SHA-256 of its bytes."""
        return self.library.sha256


@dataclass
class Finder:
    """Looks on shelves in order and remembers what it found in `found`.

    `seen` tells when this place first ran something with a library, by its SHA-256: what was used while
    its signer's key was valid goes on.
    """

    shelves: Sequence[Shelf]
    now: datetime
    seen: Callable[[str], datetime | None] = lambda _: None
    found: dict[str, Found] = field(default_factory=dict)

    def libraries(self, locked: Mapping[str, Locked] | None, *, strict: bool) -> Libraries:
        """Give what the checker asks; when strict, what is not locked or trusted stops the script."""
        known = [str(each) for shelf in self.shelves for each in shelf.all()]
        return Libraries(
            self.find, self.versions, tuple(dict.fromkeys(known)), locked, strict=strict
        )

    def versions(self, name: str) -> tuple[str, ...]:
        """Give the versions of a library that are here, the newest last."""
        found = {
            each
            for shelf in self.shelves
            for each in shelf.all()
            if f"{each.scope}/{each.name}" == name
        }
        return tuple(each.version for each in sorted(found, key=lambda each: each.order))

    def find(self, text: str) -> Library | None:
        """Give a library, None when it is nowhere; raises UnusableLibrary."""
        reference = Reference.parse(text)
        if reference is None:
            return None
        if text not in self.found:
            for shelf in self.shelves:
                opened = _opened(reference, shelf) if shelf.holds(reference.scope) else None
                if opened is not None:
                    self.found[text] = _judged(reference, shelf, opened, self)
                    break
        return self.found[text].library if text in self.found else None


def _opened(reference: Reference, shelf: Shelf) -> OpenedScript | None:
    try:
        return open_script(reference.below(shelf.folder))
    except FileRefused as error:
        if error.code == run_codes.NOT_THERE:
            return None
        raise UnusableLibrary(
            error.code, f"{_of_library(error.message)}: {error.where}", error.help
        ) from None


def _judged(reference: Reference, shelf: Shelf, opened: OpenedScript, finder: Finder) -> Found:
    decoded = decode(opened.content, str(opened.path))
    if isinstance(decoded, Diagnostic):
        told = f"{_of_library(decoded.message)}: {opened.path}"
        raise UnusableLibrary(decoded.code, told, decoded.help)
    digest = sha256(opened.content).hexdigest()
    try:
        offer = Offer(opened.content, opened.sidecar, opened.name)
        verified = verify(
            offer, shelf.trust(), finder.now, seen=lambda _statement: finder.seen(digest)
        )
    except Refusal as refusal:
        told = refusal.what.replace("the script", f"the library {reference}", 1)
        told = f"{told} ({refusal.where})" if refusal.where else told
        library = Library(decoded, digest, (), (refusal.code, told, _remedy(refusal, opened)))
        return Found(reference, shelf.label, opened.path, opened.content, (), library)
    except Plotter2Error as error:
        raise UnusableLibrary(error.code, f"{error.message}: {error.where}", error.help) from None
    principals = tuple(signer.principal for signer in verified.signers)
    other = None
    if verified.statement.name != reference.signed_name:
        other = (
            OTHER_LIBRARY,
            f"the signature beside {reference} is for {verified.statement.name}",
            f"get the library's own .sig file, or read it and sign it yourself: plotter2 sign {opened.path}",
        )
    library = Library(decoded, digest, principals, other)
    return Found(reference, shelf.label, opened.path, opened.content, verified.signers, library)


def _of_library(message: str) -> str:
    return message.replace("the script", "the library", 1)


def _remedy(refusal: Refusal, opened: OpenedScript) -> str:
    remedy = refusal.remedy.replace("plotter2 sign FILE", f"plotter2 sign {opened.path}")
    return remedy.replace("the script", "the library")
