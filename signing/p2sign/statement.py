"""The statement, which is what a person signs: values to bytes and back, in exactly one form.

`parse(b).dump() == b`, or `b` is refused. Decides nothing about keys, time or the script itself.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from p2sign.lines import Lines
from p2sign.naming import check_digest, check_name, check_path, check_paths, is_language
from p2sign.refusal import Refusal, shown
from p2sign.rights import MAX_NUMBER, Capability, SignedLimits
from p2sign.times import is_whole_second, read_time, require_zone, written_time
from p2sign.uses import Kind

MAX_STATEMENT = 256 * 1024
"""The most bytes a statement may have."""
FIRST_WORD = "plotter2-statement"
"""What a statement begins with."""

_FIRST_LINE = f"{FIRST_WORD} 1"
_NUMBER = re.compile(r"[0-9]{1,10}")
_FILE_LINE = re.compile(r"\(([^()]*)\) = (.*)")
_IMPORT_LINE = re.compile(r"sha256:([^ ]*) (.*)")


@dataclass(frozen=True, slots=True)
class FileDigest:
    """A file that the statement covers, by its bytes. Raises Refusal E_STMT_PATH, E_STMT_DIGEST."""

    path: str
    sha256: str

    def __post_init__(self) -> None:
        check_path(self.path)
        check_digest(self.sha256)


@dataclass(frozen=True, slots=True)
class Import:
    """A library that the script uses, directly or through others. Raises Refusal E_STMT_NAME, E_STMT_DIGEST."""

    sha256: str
    name: str

    def __post_init__(self) -> None:
        check_digest(self.sha256)
        check_name(self.name)


@dataclass(frozen=True, slots=True)
class Statement:
    """Who may run what: the canonical statement. An instance always has a form in bytes; else Refusal E_STMT_...

    `issued` and `expires` are whole seconds in UTC (`to_second`), `expires` None means never. `files`, `imports` and
    `caps` are sorted (`digests`, `sorted_imports`, `sorted_caps` do that). Only a pack has no `limits`.
    """

    kind: Kind
    name: str
    serial: int
    language: str
    issued: datetime
    expires: datetime | None
    entry: str
    files: tuple[FileDigest, ...]
    imports: tuple[Import, ...]
    caps: tuple[Capability, ...]
    limits: SignedLimits | None

    def __post_init__(self) -> None:
        check_name(self.name)
        if not 1 <= self.serial <= MAX_NUMBER:
            raise Refusal(
                "E_STMT_NUMBER", f"the serial is {self.serial}, and may be 1 to {MAX_NUMBER}"
            )
        _language(self.language)
        _check_times(self.issued, self.expires)
        _check_sorted("SHA256", [file.path for file in self.files])
        _check_sorted("import", [imported.name for imported in self.imports])
        _check_sorted("cap", [str(cap) for cap in self.caps])
        check_paths(file.path for file in self.files)
        _check_kind(self)

    def digest_of_entry(self) -> str:
        """Give the SHA-256 of the file that is the entry, in hex."""
        return next(file.sha256 for file in self.files if file.path == self.entry)

    def dump(self) -> bytes:
        """Give the statement as the bytes that are signed. Raises Refusal E_STMT_SIZE."""
        expires = "never" if self.expires is None else written_time(self.expires)
        lines = [
            _FIRST_LINE,
            f"kind {self.kind.value}",
            f"name {self.name}",
            f"serial {self.serial}",
            f"language {self.language}",
            f"issued {written_time(self.issued)}",
            f"expires {expires}",
            f"entry {self.entry}",
            *(f"SHA256 ({file.path}) = {file.sha256}" for file in self.files),
            *(f"import sha256:{imported.sha256} {imported.name}" for imported in self.imports),
            *(f"cap {cap}" for cap in self.caps),
            *(
                f"limit {name} {value}"
                for name, value in (self.limits.items() if self.limits else ())
            ),
            "end",
        ]
        data = "".join(line + "\n" for line in lines).encode("ascii")
        _check_size(data)
        return data


def parse(data: bytes) -> Statement:
    """Read a statement.

    Raises Refusal E_STMT_... with the line, and E_STMT_NONCANONICAL where `data` is not in its one form.
    """
    _check_size(data)
    lines = Lines(data, "E_STMT_LINE")
    _check_version(lines.peek())
    lines.header(FIRST_WORD, str)
    kind = lines.header("kind", _kind)
    name = lines.header("name", check_name)
    serial = lines.header("serial", _number)
    language = lines.header("language", _language)
    issued = lines.header("issued", _time)
    expires = lines.header("expires", _expiry)
    entry = lines.header("entry", check_path)
    files = lines.block("SHA256", _file)
    imports = lines.block("import", _import)
    caps = lines.block("cap", Capability.parse)
    limits = _limits(lines.block("limit", _limit))
    lines.end()
    statement = Statement(
        kind, name, serial, language, issued, expires, entry, files, imports, caps, limits
    )
    if statement.dump() != data:
        raise Refusal("E_STMT_NONCANONICAL")
    return statement


def to_second(moment: datetime) -> datetime:
    """Give an aware time in UTC without its fraction of a second, as a statement holds it."""
    require_zone(moment)
    return moment.astimezone(UTC).replace(microsecond=0)


def digests(files: Mapping[str, bytes]) -> tuple[FileDigest, ...]:
    """Hash files, given as path to bytes, into the sorted `files` of a statement."""
    return tuple(
        FileDigest(path, hashlib.sha256(files[path]).hexdigest()) for path in sorted(files)
    )


def sorted_imports(imports: Iterable[Import]) -> tuple[Import, ...]:
    """Give imports, each once, in the order of a statement."""
    return tuple(sorted(set(imports), key=lambda imported: imported.name))


def sorted_caps(caps: Iterable[Capability]) -> tuple[Capability, ...]:
    """Give rights, each once, in the order of a statement."""
    return tuple(sorted(set(caps), key=str))


# ------------------------------------------------------------------ reading lines


def _check_version(line: str) -> None:
    if line != _FIRST_LINE:
        raise Refusal(
            "E_STMT_VERSION", f"the statement begins with {shown(line)}, not {_FIRST_LINE!r}"
        )


def _kind(text: str) -> Kind:
    try:
        return Kind(text)
    except ValueError:
        raise Refusal("E_STMT_KIND", f"the kind {shown(text)} is not known") from None


def _number(text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise Refusal(
            "E_STMT_NUMBER", f"{shown(text)} is not a whole number from 1 to {MAX_NUMBER}"
        )
    return int(text)


def _language(text: str) -> str:
    if not is_language(text):
        raise Refusal("E_STMT_NUMBER", f"{shown(text)} is not a language version such as 1.0")
    return text


def _time(text: str) -> datetime:
    moment = read_time(text)
    if moment is None:
        raise Refusal("E_STMT_TIME", f"{shown(text)} is not a time YYYY-MM-DDTHH:MM:SSZ")
    return moment


def _expiry(text: str) -> datetime | None:
    return None if text == "never" else _time(text)


def _file(rest: str) -> FileDigest:
    match = _FILE_LINE.fullmatch(rest)
    if match is None:
        raise Refusal(
            "E_STMT_LINE", f"{shown('SHA256 ' + rest)} is not of the form SHA256 (PATH) = DIGEST"
        )
    return FileDigest(match[1], match[2])


def _import(rest: str) -> Import:
    match = _IMPORT_LINE.fullmatch(rest)
    if match is None:
        raise Refusal(
            "E_STMT_LINE", f"{shown('import ' + rest)} is not of the form import sha256:DIGEST NAME"
        )
    return Import(match[1], match[2])


def _limit(rest: str) -> tuple[str, int]:
    name, _, value = rest.partition(" ")
    return name, _number(value)


def _limits(pairs: tuple[tuple[str, int], ...]) -> SignedLimits | None:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise Refusal("E_STMT_LIMIT", "a limit is set twice")
    return SignedLimits.of(values) if pairs else None


# ------------------------------------------------------------------ rules over several fields


def _check_size(data: bytes) -> None:
    if len(data) > MAX_STATEMENT:
        raise Refusal(
            "E_STMT_SIZE", f"the statement has {len(data)} bytes, and may have {MAX_STATEMENT}"
        )


def _check_times(issued: datetime, expires: datetime | None) -> None:
    for moment in (issued, expires):
        if moment is None:
            continue
        if not is_whole_second(moment) or moment.year < 2000:
            raise Refusal(
                "E_STMT_TIME",
                f"{moment.isoformat()} is not a whole second in UTC after the year 2000",
            )
    if expires is not None and expires <= issued:
        raise Refusal("E_STMT_TIME", "the statement expires before it is issued")


def _check_sorted(word: str, keys: list[str]) -> None:
    for before, after in pairwise(keys):
        if before == after:
            raise Refusal("E_STMT_NONCANONICAL", f"{shown(after)} stands twice in the {word} lines")
        if before > after:
            raise Refusal(
                "E_STMT_NONCANONICAL",
                f"the {word} lines are not sorted: {shown(after)} stands too late",
            )


def _check_kind(statement: Statement) -> None:
    paths = [file.path for file in statement.files]
    if statement.entry not in paths:
        raise Refusal("E_STMT_FILES", f"the entry {shown(statement.entry)} is not among the files")
    if statement.kind is Kind.PACK:
        if statement.imports or statement.caps or statement.limits:
            raise Refusal("E_STMT_PACK")
        return
    if len(paths) != 1 or "/" in statement.entry:
        raise Refusal(
            "E_STMT_FILES",
            f"a {statement.kind} covers one file, given by its name without a folder",
        )
    if statement.limits is None:
        raise Refusal("E_STMT_LIMIT")
