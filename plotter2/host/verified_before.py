"""Scripts that passed the gate while this process lives: the same bytes, under the same trust, need no signature again.

A key is the SHA-256 of the script, that of its signature file, the file's name, and the epoch: a digest of every file
of trust as it is read now. What changes without any of them (time, fresh revocations, serials) is asked at every use;
where it says no, the gate says why. Nothing of this is ever written: a file that vouches for scripts would be a second
trust file, which whoever can write it could lie in.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final, TypeAlias

from p2sign.again import still_holds
from p2sign.gate import Offer, Seen, Verified
from p2sign.gate import verify as gate
from plotter2.host.ruling import TrustNow

MOST: Final = 20_000
MOST_BYTES: Final = 64 * 1024 * 1024
"""How many scripts are remembered, and how many bytes all of them have."""

_Key: TypeAlias = tuple[bytes, bytes, str]


@dataclass(frozen=True, slots=True)
class Ask:
    """When a script is asked about: now, the highest serials that ran here, what was seen before."""

    now: datetime
    serial_floors: Mapping[str, int]
    seen: Seen


class VerifiedBefore:
    """The gate with a memory, of one epoch at a time; used by several threads."""

    def __init__(self, most: int = MOST, most_bytes: int = MOST_BYTES) -> None:
        self._most, self._most_bytes = most, most_bytes
        self._lock = threading.Lock()
        self._epoch = b""
        self._passed: OrderedDict[_Key, Verified] = OrderedDict()
        self._bytes = 0

    def verify(self, offer: Offer, trust: TrustNow, ask: Ask) -> Verified:
        """Pass a script through the gate, or give what came out of it when that holds still. Raises Refusal."""
        key = _key(offer)
        earlier = self._found(key, trust.epoch)
        if earlier is not None and still_holds(
            earlier, trust.files, ask.now, ask.serial_floors, ask.seen
        ):
            return earlier
        verified = gate(offer, trust.files, ask.now, ask.serial_floors, seen=ask.seen)
        self._keep(key, trust.epoch, verified)
        return verified

    def __len__(self) -> int:
        return len(self._passed)

    def _found(self, key: _Key, epoch: bytes) -> Verified | None:
        with self._lock:
            if epoch != self._epoch or key not in self._passed:
                return None
            self._passed.move_to_end(key)
            return self._passed[key]

    def _keep(self, key: _Key, epoch: bytes, verified: Verified) -> None:
        with self._lock:
            if epoch != self._epoch:
                self._passed.clear()
                self._epoch, self._bytes = epoch, 0
            if key not in self._passed:
                self._bytes += len(verified.script)
            self._passed[key] = verified
            while len(self._passed) > self._most or self._bytes > self._most_bytes:
                _, oldest = self._passed.popitem(last=False)
                self._bytes -= len(oldest.script)


def _key(offer: Offer) -> _Key:
    signature = sha256(offer.sidecar or b"").digest()
    return sha256(offer.script).digest(), signature, offer.file_name
