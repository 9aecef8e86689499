"""The gate: one script, 10,000 scripts from the disk, the same ones again by what the process remembers of them.

One script: the pure gate, and what a host does around it (every file of trust read, serials looked up), signatures each
time and remembered; medians, warm. 10,000: `plotter2 verify FOLDER` inside one process, processor time.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from p2sign.gate import Offer, Verified
from p2sign.gate import verify as gate
from p2sign.keys import SigningKey
from p2sign.make import sign_statement
from p2sign.rights import Capability, SignedLimits
from p2sign.statement import Statement, digests, to_second
from p2sign.trust import TrustLine
from p2sign.uses import Kind
from plotter2.config.settings import settings
from plotter2.datter.store import Store
from plotter2.host import verifying
from plotter2.host.root import Root
from plotter2.host.verified_before import VerifiedBefore
from plotter2.runs.opening import open_script

SCRIPTS, ROUNDS, STRANGERS = 10_000, 300, 4
NOW = to_second(datetime.now(UTC))
SCRIPT = b"""p2 1
let t = access("run-7") | filter(step > 10)
$t | frame(title="loss", x=step) | line(y=loss) | plot("loss") | handoff
"""
POLICY = """[policy]
min-language = "1.0"
[scope.lab]
signers = ["alice@lab", "bob@lab"]
[signer."alice@lab"]
may = ["read bundle:run-[0-9]+", "write output:.*"]
"""


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as name:
        root, folder = Path(name) / "root", Path(name) / "scripts"
        Store.open(root).close()
        key = SigningKey.generate()
        trust(root, key)
        folder.mkdir()
        paths = [signed(folder, number, key) for number in range(SCRIPTS)]
        with Root(settings(str(root)), reads=True) as opened:
            one(opened, paths[0])
            cold, again = timed(opened, paths), timed(opened, paths)
    print(
        f"verify {SCRIPTS:,} scripts from the disk: {cold:.2f} s of processor time (goal 6), "
        f"again by content {again:.2f} s (goal 0.5)"
    )


def one(root: Root, path: Path) -> None:
    """Print what one script takes."""
    script = open_script(path)
    offer, files = Offer(script.content, script.sidecar, script.name), root.trust_files()
    pure = median(lambda: gate(offer, files, NOW))

    def each_time() -> None:
        root.verified_before = VerifiedBefore()
        verifying.verify(root, script)

    whole, remembered = median(each_time), median(lambda: verifying.verify(root, script))
    print(
        f"verify one script: {pure:.0f} us (goal 500); with every file of trust read again "
        f"{whole:.0f} us, when the process knows the script {remembered:.0f} us; median of {ROUNDS}"
    )


def timed(root: Root, paths: list[Path]) -> float:
    """Give the seconds of processor time that all scripts take."""
    began = time.process_time()
    assert all(isinstance(each, Verified) for _, each in verifying.verify_each(root, paths))
    return time.process_time() - began


def trust(root: Path, key: SigningKey) -> None:
    """Trust one signer with a ceiling, and some who sign nothing."""
    folder = root / "config" / "trust"
    folder.mkdir(mode=0o700, exist_ok=True)
    others = [SigningKey.generate() for _ in range(STRANGERS - 1)]
    lines = [
        TrustLine.for_kind(f"{who}@lab", each.public, Kind.SCRIPT).dump()
        for who, each in zip(("alice", "bob", "carol", "dan"), (key, *others), strict=True)
    ]
    for name, text in (("allowed_signers", "\n".join(lines) + "\n"), ("policy.toml", POLICY)):
        (folder / name).write_text(text)
        (folder / name).chmod(0o600)


def signed(folder: Path, number: int, key: SigningKey) -> Path:
    """Write a script and its signature file."""
    path, content = folder / f"s{number:05}.p2", SCRIPT + b"# %d\n" % number
    path.write_bytes(content)
    terms = replace(
        TERMS, name=f"lab/s{number:05}", entry=path.name, files=digests({path.name: content})
    )
    path.with_name(f"{path.name}.sig").write_bytes(sign_statement(terms, key))
    return path


TERMS = Statement(
    kind=Kind.SCRIPT,
    name="lab/x",
    serial=1,
    language="1.0",
    issued=NOW,
    expires=NOW + timedelta(days=365),
    entry="x.p2",
    files=digests({"x.p2": SCRIPT}),
    imports=(),
    caps=(Capability("read", "bundle", "run-7"), Capability("write", "output", "loss")),
    limits=SignedLimits(cpu_ms=20000, mem_mib=512, out_mib=64, wall_ms=60000),
)


def median(work: Callable[[], object]) -> float:
    """Give microseconds of processor time."""
    times = []
    for _ in range(ROUNDS + 5):
        started = time.thread_time()
        work()
        times.append(time.thread_time() - started)
    return statistics.median(times[5:]) * 1e6


if __name__ == "__main__":
    main()
