"""A process that swaps a script and its signature file as fast as it can, against the door of the host.

Two scripts are good: both are signed by somebody trusted, under the same file name. All else is not: a script that
nobody signed, one that a stranger signed, drafts, links, pipes, torn writes, folders that change places. Each round
opens, verifies and compiles what is there; whatever passes must be one of the two, and what would run must be what was
verified. Run as a script with the number of rounds, and of whole runs; prints what became of them.
"""

from __future__ import annotations

import mmap
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

from p2sign.keys import SigningKey
from p2sign.make import sign_statement
from p2sign.sidecar import split
from p2sign.sshsig import sign as sshsig_sign
from p2sign.statement import Statement, digests
from p2sign.statement import parse as parse_statement
from p2sign.uses import Kind
from plotter2.config.settings import settings
from plotter2.errors import Plotter2Error
from plotter2.host.host import Host
from plotter2.runs.opening import OpenedScript, open_script

NAME = "thermal.p2"
TEXT = """p2 1
let curves = access("sweep/*") | filter(step < {steps})

$curves | frame(title="{title}") | line(x=step, y=reward, colour=lr, by=run) | plot("{title}") | handoff
"""
GOOD = {
    "first": TEXT.format(steps=10, title="first"),
    "second": TEXT.format(steps=20, title="second"),
}
EVIL = TEXT.format(steps=60, title="evil").encode()


@dataclass
class Tally:
    """What became of the rounds; `wrong` are those that must never be."""

    rounds: int = 0
    passed: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    ran: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        codes = ", ".join(f"{code} {count}" for code, count in self.refused.most_common())
        return (
            f"{self.rounds:,} rounds: {self.passed.total():,} passed ({dict(self.passed)}), "
            f"{self.refused.total():,} refused ({codes}); {self.ran.total()} of them ran; "
            f"{len(self.wrong)} wrong {self.wrong[:3]}"
        )


# ------------------------------------------------------------------ what is swapped


@dataclass(frozen=True)
class Material:
    """The bytes that are put in place of each other."""

    scripts: tuple[bytes, ...]
    sidecars: tuple[bytes, ...]
    evil_script: bytes
    evil_sidecars: tuple[bytes, ...]


def prepared(host: Host, folder: Path) -> Material:
    """Sign both good scripts in folders of their own, and make what is not good."""
    scripts, sidecars = [], []
    for name, text in GOOD.items():
        (folder / name).mkdir()
        path = folder / name / NAME
        path.write_text(text)
        signed = host.sign(open_script(path), name=f"own/{name}")
        scripts.append(text.encode())
        sidecars.append(signed.path.read_bytes())
    terms = parse_statement(split(sidecars[0]).statement)
    evil = replace(terms, files=digests({NAME: EVIL}))
    return Material(tuple(scripts), tuple(sidecars), EVIL, tuple(_evil_sidecars(evil, sidecars[0])))


def _evil_sidecars(evil: Statement, good: bytes) -> Iterator[bytes]:
    stranger = SigningKey.generate()
    yield sign_statement(evil, stranger)
    yield sign_statement(replace(evil, kind=Kind.DRAFT), stranger)
    yield evil.dump() + b"".join(split(good).armours)  # alice's signature under another statement
    yield evil.dump() + sshsig_sign(evil.dump(), stranger, "git")
    yield evil.dump()
    yield b""


class Swapper:
    """Puts one thing in the place of another, in every way that a file system knows."""

    def __init__(self, place: Path, material: Material, seed: int) -> None:
        self._place = place
        self._material = material
        self._chance = random.Random(seed)
        self._number = 0
        self._ways: tuple[Callable[[Path, bytes], None], ...] = (
            self._renamed, self._renamed, self._renamed, self._written, self._torn, self._linked,
            self._hard_linked, self._piped, self._away, self._folder,
        )  # fmt: skip

    def swap(self) -> None:
        """Do one thing: often a good pair, else anything anywhere."""
        chance, material = self._chance, self._material
        script, sidecar = self._place / NAME, self._place / f"{NAME}.sig"
        if chance.random() < 0.5:
            which = chance.randrange(2)
            pair = [(script, material.scripts[which]), (sidecar, material.sidecars[which])]
            for path, content in chance.sample(pair, 2):
                self._renamed(path, content)
            return
        way = chance.choice(self._ways)
        if chance.random() < 0.5:
            way(script, chance.choice((material.evil_script, *material.scripts)))
        else:
            way(sidecar, chance.choice((*material.evil_sidecars, *material.sidecars)))

    def _new(self, content: bytes | None = None) -> Path:
        self._number += 1
        path = self._place / f".new-{os.getpid()}-{self._number}"
        if content is not None:
            path.write_bytes(content)
        return path

    def _put(self, new: Path, path: Path) -> None:
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        new.replace(path)

    def _renamed(self, path: Path, content: bytes) -> None:
        self._put(self._new(content), path)

    def _written(self, path: Path, content: bytes) -> None:
        if path.is_file() and not path.is_symlink():
            path.write_bytes(content)

    def _torn(self, path: Path, content: bytes) -> None:
        """Write a half over what is there, then the rest: the size may stay the same."""
        if path.is_file() and not path.is_symlink():
            with path.open("r+b", buffering=0) as file:
                middle = len(content) // 2
                file.write(content[:middle])
                file.write(content[middle:])
                file.truncate()

    def _linked(self, path: Path, content: bytes) -> None:
        new = self._new()
        new.symlink_to(self._new(content))
        self._put(new, path)

    def _hard_linked(self, path: Path, content: bytes) -> None:
        new = self._new()
        new.hardlink_to(self._new(content))
        self._put(new, path)

    def _piped(self, path: Path, content: bytes) -> None:
        del content
        new = self._new()
        os.mkfifo(new)
        self._put(new, path)

    def _away(self, path: Path, content: bytes) -> None:
        del content
        if not path.is_dir():
            path.unlink(missing_ok=True)

    def _folder(self, path: Path, content: bytes) -> None:
        del content
        if not path.is_dir():
            path.unlink(missing_ok=True)
            path.mkdir()

    def sweep(self) -> None:
        """Remove what was left beside."""
        for left in self._place.glob(".new-*"):
            left.unlink(missing_ok=True)


@contextmanager
def swapping(place: Path, material: Material, seed: int) -> Iterator[Callable[[], None]]:
    """Swap in another process, as long as the block lasts; gives what waits until something was swapped again."""
    count = mmap.mmap(-1, 8)
    process = os.fork()
    if process == 0:
        _swap_until_killed(Swapper(place, material, seed), count)
    seen = count[:8]

    def wait() -> None:
        nonlocal seen
        while count[:8] == seen:
            os.sched_yield()
        seen = count[:8]

    try:
        yield wait
    finally:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)


def _swap_until_killed(swapper: Swapper, count: mmap.mmap) -> None:
    try:
        parent = os.getppid()
        rounds = 0
        while os.getppid() == parent:
            with suppress(OSError):
                swapper.swap()
            rounds += 1
            count[:8] = rounds.to_bytes(8, "little")
            if rounds % 500 == 0:
                swapper.sweep()
    finally:
        os._exit(0)


# ------------------------------------------------------------------ the door


def raced(rounds: int, runs: int, root: Path, seed: int = 20261124) -> Tally:
    """Open, verify and compile so many times what another process swaps; the first that pass run to their end."""
    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="p2-swap-") as folder, Host(settings(root)) as host:
        place = Path(folder) / "place"
        place.mkdir()
        material = prepared(host, Path(folder))
        expected = {
            text: host.compile(OpenedScript(place / NAME, text, None)).module.sha256
            for text in material.scripts
        }
        with swapping(place, material, seed) as wait:
            for _ in range(rounds):
                wait()
                _one_round(host, place / NAME, expected, tally)
        with swapping(place, material, seed + 1) as wait:
            while tally.ran.total() < runs:
                wait()
                _one_run(host, place / NAME, expected, tally)
    return tally


def _one_round(host: Host, path: Path, expected: dict[bytes, str], tally: Tally) -> None:
    tally.rounds += 1
    try:
        opened = open_script(path)
        verified = host.verify(opened)
    except Plotter2Error as error:
        tally.refused[error.code] += 1
        return
    title = next((name for name, text in GOOD.items() if text.encode() == verified.script), "evil")
    tally.passed[title] += 1
    digest = sha256(verified.script).hexdigest()
    compiled = host.compile(opened)
    said = (verified.statement.name, verified.statement.digest_of_entry(), verified.script_sha256)
    if said != (f"own/{title}", digest, digest):
        tally.wrong.append(f"{title} passed as {said}")
    if compiled.module.sha256 != expected.get(verified.script):
        tally.wrong.append(f"what would run is not what was verified: {title}")


def _one_run(host: Host, path: Path, expected: dict[bytes, str], tally: Tally) -> None:
    try:
        result = host.run(open_script(path))
    except Plotter2Error as error:
        tally.refused[error.code] += 1
        return
    ran = host.store.run(result.run).record["script"]
    title = ran["name"].removeprefix("own/")
    tally.ran[title] += 1
    text = GOOD[title].encode()
    if (ran["sha256"], ran["ir_sha256"]) != (sha256(text).hexdigest(), expected[text]):
        tally.wrong.append(f"{title} ran as {ran}")
    if [each.path.stem for each in result.artefacts] != [title]:
        tally.wrong.append(f"{title} drew {result.artefacts}")


def main() -> None:
    """Race, and print what became of it."""
    from sweep_samples import root_with_sweep

    rounds, runs = (int(word) for word in ([*sys.argv[1:], "10000", "20"])[:2])
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="p2-swapped-") as folder:
        tally = raced(rounds, runs, root_with_sweep(Path(folder)))
    print(tally, f"in {time.monotonic() - started:.0f} s")
    sys.exit(bool(tally.wrong))


if __name__ == "__main__":
    main()
