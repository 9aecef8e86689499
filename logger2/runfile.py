"""`run.json`: who a run is, what it was given and how it ended; written to a temporary file and renamed.

Finds runs that can be resumed. Recording imports this only when a run starts.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping

from logger2.identity import Scalar, folder_name, is_run_id
from logger2.segmentfile import is_being_written, sync_folder

RUN_FILE = "run.json"
FORMAT = 1
STATES = ("running", "ok", "failed")


def write_run_file(folder: str, content: Mapping[str, object]) -> None:
    """Put `run.json` in place atomically and durably; raises OSError."""
    from json import dumps

    data = dumps(content, indent=1, allow_nan=False, ensure_ascii=False).encode("utf-8", "replace")
    path = os.path.join(folder, RUN_FILE)
    temporary = f"{path}.{os.getpid()}.tmp"
    fd = os.open(temporary, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o666)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view) :]
        os.fsync(fd)
    except OSError:
        os.close(fd)
        os.unlink(temporary)
        raise
    os.close(fd)
    os.replace(temporary, path)
    sync_folder(folder)


def read_run_file(folder: str) -> dict[str, object]:
    """Give what `run.json` of a run's folder says; raises OSError, or ValueError when it is none."""
    from json import loads

    path = os.path.join(folder, RUN_FILE)
    with open(path, "rb") as file:
        content = loads(file.read(16 << 20))
    if not isinstance(content, dict) or content.get("l2") != FORMAT:
        raise ValueError(f"{path} is no run file of format {FORMAT}")
    return content


def packed(values: Mapping[str, Scalar]) -> dict[str, object]:
    """Give values as JSON can hold them: a non-finite number becomes `{"float": "nan"}`."""
    return {
        name: {"float": str(value)}
        if isinstance(value, float) and not math.isfinite(value)
        else value
        for name, value in values.items()
    }


def unpacked(values: object) -> dict[str, Scalar]:
    """Give values as they were before `packed`; raises ValueError for anything else."""
    if not isinstance(values, dict):
        raise ValueError("parameters are an object")
    return {str(name): _unpacked(value) for name, value in values.items()}


def run_to_resume(
    experiment: str, resume: str, given: Mapping[str, Scalar]
) -> tuple[str, dict[str, object]] | None:
    """Find the run to go on with, as its folder and what its `run.json` says.

    With "auto": the newest run with exactly the given params and repeat that is neither finished nor being written by a
    living process, or None. With a run id: that run; raises ValueError when there is none or it was given other
    parameters.
    """
    if resume == "auto":
        return _newest_unfinished(experiment, given)
    if not is_run_id(resume):
        raise ValueError(f'resume is "auto" or a run id of 26 characters, not {resume!r}')
    folder = os.path.join(experiment, resume)
    try:
        content = read_run_file(folder)
    except (OSError, ValueError):
        raise ValueError(f"there is no run {resume} to resume in {experiment}") from None
    known = _given(content)
    differing = [name for name in given if name not in known or not _same(known[name], given[name])]
    if differing:
        raise ValueError(f"run {resume} was given other parameters: {', '.join(differing)}")
    return folder, content


def experiment_folder(base: str, name: str) -> str:
    """Give the folder of an experiment's runs."""
    return os.path.join(base, folder_name(name))


def _newest_unfinished(
    experiment: str, given: Mapping[str, Scalar]
) -> tuple[str, dict[str, object]] | None:
    try:
        names = sorted(filter(is_run_id, os.listdir(experiment)), reverse=True)
    except OSError:
        return None
    for name in names:
        folder = os.path.join(experiment, name)
        try:
            content = read_run_file(folder)
            known = _given(content)
            same = known.keys() == given.keys() and all(_same(known[k], given[k]) for k in given)
            if same and content.get("state") != "ok" and not is_being_written(folder):
                return folder, content
        except (OSError, ValueError):
            continue
    return None


def _given(content: Mapping[str, object]) -> dict[str, Scalar]:
    return {**unpacked(content.get("params", {})), **unpacked(content.get("repeat", {}))}


def _same(one: Scalar, other: Scalar) -> bool:
    return one == other or (one != one and other != other)


def _unpacked(value: object) -> Scalar:
    if isinstance(value, dict):
        text = value.get("float")
        if text not in ("nan", "inf", "-inf"):
            raise ValueError("a parameter is a single value")
        return float(text)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise ValueError("a parameter is a single value")
