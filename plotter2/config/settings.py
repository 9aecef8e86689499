"""The settings of one root: where it is, the least sandbox level, the limits of a run. Reads files, writes none."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args

import msgspec

from plotter2.errors import ExitCode, HostError

Level = Literal["A", "B", "C", "none"]
"""Sandbox levels, strongest first: A adds namespaces, B is Landlock and seccomp, C is seccomp without opening files."""


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a run may use at most, whatever its signature allows. Times in milliseconds, sizes in MiB."""

    wall_ms: int = 300_000
    cpu_ms: int = 300_000
    memory_mib: int = 4096
    output_mib: int = 256
    read_mib: int = 8192
    work: int = 5_000_000_000


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is configured, decided once at the start."""

    root: Path
    minimum_level: Level = "B"
    limits: Limits = Limits()


class _Sandbox(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    minimum: Level = "B"


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sandbox: _Sandbox = _Sandbox()
    limits: Limits = Limits()


def settings(
    root: str | Path | None = None, environment: Mapping[str, str] | None = None
) -> Settings:
    """Give the settings of a root: `root`, else `PLOTTER2_ROOT`, else `~/.local/share/plotter2`.

    Raises HostError P2-H0901 when `config/plotter2.toml` is there and wrong.
    """
    surroundings = os.environ if environment is None else environment
    folder = Path(root or surroundings.get("PLOTTER2_ROOT") or _default_root(surroundings))
    folder = folder.expanduser().absolute()
    file = _read(folder / "config" / "plotter2.toml")
    return Settings(root=folder, minimum_level=file.sandbox.minimum, limits=file.limits)


def _default_root(environment: Mapping[str, str]) -> str:
    data = environment.get("XDG_DATA_HOME") or "~/.local/share"
    return f"{data}/plotter2"


def _read(path: Path) -> _File:
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return _File()
    except (OSError, UnicodeDecodeError) as error:
        raise _wrong(path, str(error)) from None
    try:
        values: dict[str, Any] = tomllib.loads(text)
        return msgspec.convert(values, _File)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise _wrong(path, str(error)) from None


def _wrong(path: Path, why: str) -> HostError:
    levels = ", ".join(get_args(Level))
    return HostError(
        "P2-H0901",
        f"the configuration cannot be used: {why}",
        str(path),
        f"it may hold [sandbox] minimum = one of {levels}, and [limits] with "
        + ", ".join(msgspec.structs.asdict(Limits())),
        exit_code=ExitCode.USAGE,
    )
