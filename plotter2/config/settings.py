"""The settings of one root: where it is, the least sandbox level, the limits of a run. Reads files, writes none."""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import msgspec

from plotter2.config import codes
from plotter2.config.levels import LEVELS, Level
from plotter2.config.ownership import closing, open_to_others
from plotter2.errors import ExitCode, HostError

_Milliseconds = Annotated[int, msgspec.Meta(ge=1, le=7 * 24 * 3600 * 1000)]
_Mebibytes = Annotated[int, msgspec.Meta(ge=1, le=1 << 24)]
_Count = Annotated[int, msgspec.Meta(ge=1, le=2**53)]
_LARGEST = 64 * 1024


class Ceiling(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a run may use at most, whatever its signature allows. Times in milliseconds, sizes in MiB.

    From `work` on they are held against what a script may need by its text and its bundles' manifests; `tables_mib` is
    what all its tables together would hold if none were given back.
    """

    wall_ms: _Milliseconds = 300_000
    cpu_ms: _Milliseconds = 300_000
    memory_mib: _Mebibytes = 4096
    output_mib: _Mebibytes = 256
    read_mib: _Mebibytes = 8192
    work: _Count = 5_000_000_000
    tables_mib: _Mebibytes = 16_384
    rows: _Count = 500_000_000
    panels: _Count = 2_500
    pixels: _Count = 5_000_000_000
    frames: _Count = 5_000


class SignerLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What scripts of one signer may need, instead of what `[limits]` says."""

    work: Annotated[int, msgspec.Meta(ge=1, le=20_000_000_000)]


class Disk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When to warn: below so much free space, and above so many percent of what the root may take (0 = any amount)."""

    warn_free_mib: Annotated[int, msgspec.Meta(ge=0, le=1 << 30)] = 1024
    quota_mib: Annotated[int, msgspec.Meta(ge=0, le=1 << 40)] = 0
    warn_percent: Annotated[int, msgspec.Meta(ge=1, le=100)] = 90


class HostShare(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What all children of one process of plotter2 may use together; what is not said is decided by the machine.

    At one time: children at work, and the sums of the memory and the output that their runs may use. Over the life of
    the process: processor time and wall-clock time of all runs (0 = any amount). `queue` runs may wait for their turn,
    `spares` children wait for a run, and take `idle_mib` at most.
    """

    children: Annotated[int, msgspec.Meta(ge=1, le=1024)] | None = None
    memory_mib: _Mebibytes | None = None
    output_mib: _Mebibytes | None = None
    cpu_ms: Annotated[int, msgspec.Meta(ge=0, le=2**53)] = 0
    wall_ms: Annotated[int, msgspec.Meta(ge=0, le=2**53)] = 0
    queue: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 1000
    spares: Annotated[int, msgspec.Meta(ge=0, le=256)] | None = None
    idle_mib: Annotated[int, msgspec.Meta(ge=0, le=1 << 24)] | None = None


class Cache(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much room results take that are kept for later runs; 0 = none are kept, and none are used."""

    max_mib: Annotated[int, msgspec.Meta(ge=0, le=1 << 24)] = 4096


class Files(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of the files that nothing is read from: how many a bundle keeps, how large each, and all of them together."""

    most: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 10_000
    largest_mib: Annotated[int, msgspec.Meta(ge=0, le=1 << 22)] = 16_384
    together_mib: Annotated[int, msgspec.Meta(ge=0, le=1 << 24)] = 65_536


class Signing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long an agent or a signer program may take for a signature: a person may have to confirm or touch a key."""

    wait_s: Annotated[int, msgspec.Meta(ge=1, le=3600)] = 60


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is configured, decided once at the start."""

    root: Path
    minimum_level: Level = "B"
    limits: Ceiling = Ceiling()
    host: HostShare = HostShare()
    signers: dict[str, SignerLimits] = {}
    libraries: tuple[Path, ...] = ()
    disk: Disk = Disk()
    cache: Cache = Cache()
    files: Files = Files()
    signing: Signing = Signing()

    def limits_of(self, principals: Iterable[str]) -> Ceiling:
        """Give the limits of a script that these have signed: of several, the one who is allowed most counts."""
        allowed = [
            self.signers[name].work if name in self.signers else self.limits.work
            for name in principals
        ]
        return msgspec.structs.replace(self.limits, work=max(allowed, default=self.limits.work))


class _Libraries(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    folders: tuple[str, ...] = ()


class _Sandbox(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    minimum: Literal["A", "B", "C"] = "B"


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sandbox: _Sandbox = _Sandbox()
    limits: Ceiling = Ceiling()
    host: HostShare = HostShare()
    signers: dict[str, SignerLimits] = {}
    libraries: _Libraries = _Libraries()
    disk: Disk = Disk()
    cache: Cache = Cache()
    files: Files = Files()
    signing: Signing = Signing()


def settings(
    root: str | Path | None = None, environment: Mapping[str, str] | None = None
) -> Settings:
    """Give the settings of a root: `root`, else `PLOTTER2_ROOT`, else `~/.local/share/plotter2`.

    Raises HostError P2-H0901 when `config/plotter2.toml` is there and wrong.
    """
    surroundings = os.environ if environment is None else environment
    folder = Path(root or surroundings.get("PLOTTER2_ROOT") or _default_root(surroundings))
    try:
        folder = plain_path(folder.expanduser())
    except RuntimeError as error:  # a user id without a name, as in containers
        raise HostError(
            codes.BAD_SETTINGS,
            f"there is no home folder for {folder}: {error}",
            str(folder),
            "say where the root is: --root DIR",
            exit_code=ExitCode.USAGE,
        ) from None
    file = _read(folder, "config", "plotter2.toml")
    return Settings(
        root=folder,
        minimum_level=file.sandbox.minimum,
        limits=file.limits,
        host=file.host,
        signers=file.signers,
        libraries=tuple(folder / "config" / named for named in file.libraries.folders),
        disk=file.disk,
        cache=file.cache,
        files=file.files,
        signing=file.signing,
    )


def plain_path(path: Path) -> Path:
    """Give an absolute path that has no `..` in it; links stay as they were named where they can."""
    absolute = path.absolute()
    return Path(os.path.realpath(absolute)) if ".." in absolute.parts else absolute


def _default_root(environment: Mapping[str, str]) -> str:
    data = environment.get("XDG_DATA_HOME") or "~/.local/share"
    return f"{data}/plotter2"


def _read(root: Path, *below: str) -> _File:
    path = root.joinpath(*below)
    try:
        loose = open_to_others(root, below)
        if loose is not None:
            raise _loose(loose)
        text = _content(path).decode("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return _File()
    except OSError as error:
        raise _wrong(path, error.strerror or str(error)) from None
    except UnicodeDecodeError as error:
        raise _wrong(path, str(error)) from None
    try:
        values: dict[str, Any] = tomllib.loads(text)
        return msgspec.convert(values, _File)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise _wrong(path, str(error)) from None


def _content(path: Path) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # never waits for a pipe
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise _wrong(path, "it is not a plain file")
        with open(descriptor, "rb", closefd=False) as file:
            content = file.read(_LARGEST + 1)
    finally:
        os.close(descriptor)
    if len(content) > _LARGEST:
        raise _wrong(path, f"it is larger than {_LARGEST // 1024} KiB")
    return content


def _loose(path: Path) -> HostError:
    return HostError(
        codes.BAD_SETTINGS,
        "the configuration is not used: others can change it",
        str(path),
        closing(path),
        exit_code=ExitCode.USAGE,
    )


def _wrong(path: Path, why: str) -> HostError:
    levels = ", ".join(level for level in LEVELS if level != "none")
    return HostError(
        codes.BAD_SETTINGS,
        f"the configuration cannot be used: {why}",
        str(path),
        f"it may hold {'; '.join(_sections())}; minimum is one of {levels}",
        exit_code=ExitCode.USAGE,
    )


def _sections() -> Iterator[str]:
    for field in msgspec.structs.fields(_File):
        of_each = get_args(field.type)  # of a table of tables
        (kind,) = of_each[1:] or (field.type,)
        head = f'{field.name}."name@place"' if of_each else field.name
        yield f"[{head}] with {', '.join(kind.__struct_fields__)}"
