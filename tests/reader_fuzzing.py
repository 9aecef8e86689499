"""Coverage-guided fuzzing of what reads bytes from elsewhere: the decoders of messages and every reader of files.

    python tests/reader_fuzzing.py all 1800        half an hour, shared among all targets
    python tests/reader_fuzzing.py hdf5 60         one of them
    python tests/reader_fuzzing.py hdf5 FILE       what one file does, to look at a finding

Needs atheris (`make fuzz` brings it). An error of plotter2's own is what a reader should give; any other exception is a
finding. A library that ends the process (polars when memory runs out) is counted apart: a confined child may end so,
and its host tells it. What is found is kept below `.fuzz/TARGET`.
"""

from __future__ import annotations

import array
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
KEPT = HERE.parent / ".fuzz"
LIMITS = {"max_rows": 20_000, "max_columns": 400, "max_text_bytes": 100_000}
LONGEST = 16_384
_INSTRUMENTED = ("plotter2.child", "plotter2.wire", "logger2.segment", "logger2.runfile")


@dataclass
class Figures:
    """What became of fuzzing one target."""

    executions: int = 0
    seconds: float = 0.0
    coverage: int = 0
    ended: int = 0
    findings: list[str] = field(default_factory=list)


# ------------------------------------------------------------ targets
def targets() -> dict[str, Callable[[bytes], object]]:
    """Give what is fuzzed, by name: each takes any bytes."""
    import reader_samples as samples
    from plotter2.child.reader_events import read_events
    from plotter2.child.reader_limits import ReadingLimits
    from plotter2.child.reader_mlflow import read_mlflow
    from plotter2.wire import codec, inputs, zygote

    def file(kind: str) -> Callable[[bytes], object]:
        return lambda data: samples.read({"x": data}, kind, **LIMITS)

    def run(data: bytes) -> object:
        parts = data.split(b"\0\n")
        names = ("r/run.json", "r/seg-0000.l2.jsonl", "r/seg-0000.l2.bin")
        return samples.read(dict(zip(names, parts, strict=False)), "l2run", **LIMITS)

    limits = ReadingLimits(*LIMITS.values())

    def mlflow(data: bytes) -> object:
        names = ("meta.yaml", "metrics/a", "params/b", "experiment.yaml", "metrics/c")
        return read_mlflow(
            {n: memoryview(d) for n, d in zip(names, data.split(b"\0\n"), strict=False)},
            "r",
            limits,
        )

    def events(data: bytes) -> object:
        parts = data.split(b"\0\n\0\n")
        return read_events(
            {n: memoryview(d) for n, d in zip(("a", "g_b/c"), parts, strict=False)}, "r", limits
        )

    readers = {
        kind: file(kind)
        for kind in (
            "csv",
            "tsv",
            "jsonl",
            "params",
            "l2",
            "arrow",
            "parquet",
            "npy",
            "npz",
            "hdf5",
            "wandb",
            "image",
            "sqlite",
            "any",
        )
    }
    decoders: dict[str, Callable[[bytes], object]] = {
        "from_child": codec.decode_from_child,
        "from_host": codec.decode_from_host,
        "from_zygote": zygote.decode_from_zygote,
        "order": zygote.decode_order,
        "inputs": inputs.decode_inputs,
        "program": inputs.decode_program,
    }
    return {**decoders, **readers, "l2run": run, "mlflow": mlflow, "events": events}


def seeds(target: str) -> Iterator[bytes]:
    """Give inputs to begin with: the hostile ones, and sound ones of the same kind."""
    import binary_samples
    import hostile_files
    import hostile_talk
    import hostile_texts

    yield from hostile_talk.MESSAGES.values() if target in _DECODERS else ()
    sound = {
        "hdf5": hostile_files.hdf5(
            lambda file: file.create_dataset("a", data=[1, 2], chunks=(2,), compression="gzip")
        ),
        "parquet": hostile_files.parquet(hostile_files.FRAME),
        "npz": hostile_files.zipped(**{"a.npy": hostile_files.ONE}),
        "npy": hostile_files.ONE,
        "arrow": hostile_files.OLD,
        "mlflow": hostile_files.META + b"\0\n1000 0.5 1\n\0\n0.1\0\nname: a\n",
        "l2run": _recorded(),
        "from_child": hostile_talk.NOTE,
        "image": binary_samples.SOUND_PNG,
        "sqlite": hostile_files.database("CREATE TABLE t (a, b)", "INSERT INTO t VALUES (1, 'x')"),
    }
    if target in sound:
        yield sound[target]
    if target == "image":
        yield from (
            hostile_files.saved(kind) for kind in ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF")
        )
    for group in (*vars(hostile_texts).values(), *vars(hostile_files).values()):
        for hostile in group.values() if isinstance(group, dict) else ():
            if isinstance(hostile, hostile_texts.Input):
                yield from (
                    d for n, d in hostile.files.items() if _fits(n, target) and len(d) <= LONGEST
                )


_DECODERS = ("from_child", "from_host", "from_zygote", "order", "inputs", "program")
_ENDINGS = {
    "csv": ".csv", "tsv": ".csv", "jsonl": ".jsonl", "params": ".json", "arrow": ".arrow", "parquet": ".parquet",
    "npy": ".npy", "npz": ".npz", "hdf5": ".h5", "wandb": ".wandb",
    "image": ".png", "sqlite": ".sqlite", "events": ".host", "l2": ".l2.jsonl", "any": ".csv",
}  # fmt: skip


def _fits(name: str, target: str) -> bool:
    return target in _ENDINGS and name.endswith(_ENDINGS[target])


def _recorded() -> bytes:
    import tempfile

    import logger2

    with tempfile.TemporaryDirectory() as folder:
        with logger2.run("demo", {"lr": 0.1}, dir=folder) as run:
            run.log(1, loss=0.5)
            run.array("w", array.array("d", [1.0, 2.0]), step=1)
        files = {path.name: path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}
    return b"\0\n".join(files[name] for name in sorted(files))


# ------------------------------------------------------------ one target, in this process
def fuzz(target: str, arguments: list[str]) -> None:
    """Fuzz until the library ends the process."""
    import atheris

    with atheris.instrument_imports(include=list(_INSTRUMENTED), enable_loader_override=False):
        table = targets()
    from plotter2.errors import Plotter2Error

    deed = table[target]

    def once(data: bytes) -> None:
        try:
            deed(data)
        except Plotter2Error as error:
            if not error.message.isprintable():
                raise AssertionError(f"a message with control characters: {error.code}") from error

    atheris.Setup([sys.argv[0], *arguments], once)
    atheris.Fuzz()


# ------------------------------------------------------------ all of them, in processes of their own
def fuzz_for(target: str, seconds: float) -> Figures:
    """Fuzz a target for so long, again whenever it was ended."""
    folder = KEPT / target
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, content in enumerate(seeds(target)):
        (corpus / f"seed-{number}").write_bytes(content)
    figures = Figures()
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 2:
        began = time.monotonic()
        command = [sys.executable, __file__, target, "-", str(corpus), f"-max_total_time={int(left)}",
                   f"-max_len={LONGEST}", "-rss_limit_mb=3000", "-timeout=30", f"-artifact_prefix={folder}/",
                   "-print_final_stats=1", "-verbosity=1"]  # fmt: skip
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            errors="replace",
            env=_environment(),
        )
        figures.seconds += time.monotonic() - began
        _take(done.stdout + done.stderr, done.returncode, figures)
    return figures


def _environment() -> Mapping[str, str]:
    return {
        **os.environ,
        "POLARS_MAX_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "RUST_BACKTRACE": "0",
    }


def _take(said: str, code: int, figures: Figures) -> None:
    counts = [int(n) for n in re.findall(r"^#(\d+)\s", said, re.M)]
    counts += [int(n) for n in re.findall(r"number_of_executed_units: (\d+)", said)]
    figures.executions += max(counts, default=0)
    figures.coverage = max([figures.coverage, *(int(n) for n in re.findall(r"cov: (\d+)", said))])
    if code == 0:
        return
    if "Uncaught Python exception" in said:
        lines = [line for line in said.splitlines() if line.strip()]
        where = next(n for n, line in enumerate(lines) if "Uncaught Python exception" in line)
        figures.findings.append(" | ".join(lines[where + 1 : where + 3])[:300])
    elif "ERROR: libFuzzer: timeout" in said:
        figures.findings.append("it took more than 30 seconds")
    else:
        figures.ended += 1
        reason = re.search(
            r"memory allocation of \d+ bytes failed|out-of-memory|deadly signal|SEGV", said
        )
        print(f"    ended with {code}: {reason.group() if reason else said[-300:]}", flush=True)


def main() -> int:
    """Do what the command line says; gives 1 when something was found."""
    which, how = sys.argv[1], sys.argv[2]
    if how == "-":
        fuzz(which, sys.argv[3:])
    if not how.replace(".", "", 1).isdigit():
        targets()[which](Path(how).read_bytes())
        return 0
    names: list[Any] = list(targets()) if which == "all" else [which]
    found = 0
    for name in names:
        figures = fuzz_for(name, float(how) / len(names))
        found += len(set(figures.findings))
        print(
            f"{name:12} {figures.executions:>10,} inputs in {figures.seconds:6.0f} s, {figures.coverage:>6,} places "
            f"reached, {len(figures.findings)} findings, {figures.ended} ends by a library",
            flush=True,
        )
        for finding in sorted(set(figures.findings)):
            print(f"    {finding}", flush=True)
    return min(found, 1)


if __name__ == "__main__":
    sys.exit(main())
