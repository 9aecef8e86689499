"""Verify packs in memory, signatures, digests and places: a small one; one of 32 MB beside SHA-256 of as many bytes.

Processor time, median, warm. The small one has 4 scripts, 2 data packages and 2 pictures of 1 kB each.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from p2sign.gate import TrustFiles
from p2sign.keys import SigningKey
from p2sign.make import sign_statement
from p2sign.pack import packed
from p2sign.pack_gate import verify_pack
from p2sign.rights import SignedLimits
from p2sign.statement import Statement, digests, to_second
from p2sign.trust import TrustLine
from p2sign.uses import Kind

NOW = to_second(datetime.now(UTC))
KEY = SigningKey.generate()
TRUST = TrustFiles(
    TrustLine("alice@lab", (Kind.SCRIPT.namespace, Kind.PACK.namespace), KEY.public).dump().encode()
    + b"\n"
)
LARGE = 16_000_000


def main() -> None:
    """Print the figures."""
    small, large = pack_of(1000), pack_of(LARGE)
    assert len(large) > 2 * LARGE
    quick = median(lambda: verify_pack(small, TRUST, NOW), 200)
    slow = median(lambda: verify_pack(large, TRUST, NOW), 10)
    peer = median(lambda: sha256(large).digest(), 10)
    print(
        f"verify a pack: of 4 scripts {quick:.2f} ms, of {len(large) / 1e6:.0f} MB {slow:.0f} ms, "
        f"{slow / peer:.2f} times its SHA-256 ({peer:.0f} ms)"
    )


def pack_of(size: int) -> bytes:
    """Give a pack of 4 scripts with two packages of data of this size and two small pictures."""
    files = {f"data/{n}.p2b": bytes([n]) * size for n in range(2)}
    files |= {f"pictures/{n}.png": bytes(1000) for n in range(2)}
    for number in range(4):
        name = f"script{number}.p2"
        files[name] = b"# a line of a script\n" * 50
        files[f"{name}.sig"] = sign_statement(terms(Kind.SCRIPT, name, {name: files[name]}), KEY)
    return packed(sign_statement(terms(Kind.PACK, "script0.p2", files), KEY), files)


def terms(kind: Kind, entry: str, files: dict[str, bytes]) -> Statement:
    """Give a statement about files."""
    limits = None if kind is Kind.PACK else SignedLimits(20000, 512, 64, 60000)
    return Statement(
        kind, "lab/bench", 1, "1.0", NOW, NOW + timedelta(days=1), entry, digests(files), (), (), limits
    )  # fmt: skip


def median(work: Callable[[], object], rounds: int) -> float:
    """Give milliseconds of processor time."""
    times = []
    for _ in range(rounds + 2):
        started = time.process_time()
        work()
        times.append((time.process_time() - started) * 1000)
    return statistics.median(times[2:])


if __name__ == "__main__":
    main()
