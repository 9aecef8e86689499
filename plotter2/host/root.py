"""The parts of one root: opened when they are first needed, closed at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Self

import msgspec

from p2sign.gate import TrustFiles
from p2sign.policy import Rules
from plotter2.config.settings import HostShare, Settings
from plotter2.datter.layout import CACHE, Layout, prepare
from plotter2.errors import Refused
from plotter2.host.keyring import Keyring
from plotter2.host.ruling import NO_TRUST, TrustNow, trust_now
from plotter2.host.run_log import RunLog
from plotter2.host.verified_before import VerifiedBefore

if TYPE_CHECKING:
    from p2lang.compiler import Limits
    from plotter2.cache.entries import NodeCache
    from plotter2.datter.runs import Runs
    from plotter2.datter.store import Store
    from plotter2.orchestrator import Cancellation, Orchestrator, OrchestratorSettings, Outcome
    from plotter2.runs.texts import Texts
    from plotter2.wire.messages import ReadJob, WriteJob

_LEASE_MARGIN_S = 60.0
_READING = "files that are read and written"


class Root:
    """What one root has: settings, store, children, keys and trust. Use as a context manager.

    One that `reads` only works where nothing may be written too, and makes no root. `tell` is told what whoever uses it
    should know, whatever they asked for.
    """

    def __init__(
        self,
        settings: Settings,
        now: Callable[[], datetime] | None = None,
        *,
        reads: bool = False,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.settings = settings
        self._tell = tell
        self._reads = reads
        self.now = now or (lambda: datetime.now(UTC))
        self._opened: list[Callable[[], None]] = []
        self._shared: Orchestrator | None = None
        self._shared_texts: Texts | None = None
        self._trust = NO_TRUST
        self.verified_before = VerifiedBefore()

    def beside(self) -> Self:
        """Give another one for the same root and the same children, to be used by another thread, and closed before."""
        other = type(self)(self.settings, self.now, reads=self._reads, tell=self._tell)
        other._shared, other._shared_texts = self.orchestrator, self.texts
        other.verified_before = self.verified_before
        return other

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the children and close the store."""
        while self._opened:
            self._opened.pop()()

    @cached_property
    def store(self) -> Store:
        """The store of this root; made if it is not there, unless it is only read. Raises DataError."""
        from plotter2.datter.store import (
            Store,  # who only verifies needs none of it, nor any children
        )

        open_store = Store.open_to_read if self._reads else Store.open
        store = open_store(self.settings.root)
        self._opened.append(store.close)
        return store

    @cached_property
    def ran(self) -> Runs:
        """What ran here. A root that only reads looks it up without opening its store. Raises DataError."""
        if self._reads and "store" not in vars(self):
            from plotter2.datter.looking_back import LookingBack  # SQLite, again not for everybody

            found = LookingBack.beside_writers(self.settings.root)
            if found is not None:
                self._opened.append(found.close)
                return found
        return self.store.ran

    @property
    def layout(self) -> Layout:
        """The paths under this root."""
        return self.store.layout

    @cached_property
    def cache(self) -> NodeCache:
        """The results that are kept between runs."""
        from plotter2.cache.entries import NodeCache

        return NodeCache(self.settings.root / CACHE, self.settings.cache.max_mib)

    @cached_property
    def orchestrator(self) -> Orchestrator:
        """The children of this root."""
        if self._shared is not None:
            return self._shared
        from plotter2.orchestrator import Orchestrator

        orchestrator = Orchestrator(children_of(self.settings.host))
        self._opened.append(orchestrator.close)
        return orchestrator

    @cached_property
    def texts(self) -> Texts:
        """What looks at the texts of steps in Python."""
        if self._shared_texts is not None:
            return self._shared_texts
        from plotter2.runs.texts import Texts  # the compiler, again

        texts = Texts(self.settings.minimum_level)
        self._opened.append(texts.close)
        return texts

    @cached_property
    def keyring(self) -> Keyring:
        """The keys and trust files of this root."""
        root = self.settings.root
        layout = Layout(root) if self._reads else prepare(root)
        return Keyring(layout.config, self.run_log.append)

    @cached_property
    def run_log(self) -> RunLog:
        """The log of what ran, what was refused and whose scripts may run here."""
        return RunLog(self.settings.root, self.now, self._tell)

    def trust_files(self) -> TrustFiles:
        """Give the contents of the trust files, the policy with them; empty ones before the root is made.

        Raises Refused.
        """
        return self.trust_now().files

    def trust_now(self) -> TrustNow:
        """Read the trust files; the epoch tells whether any of them changed. Raises Refused."""
        there = Layout(self.settings.root).config.is_dir()
        self._trust = trust_now(self.keyring, self._trust) if there else NO_TRUST
        return self._trust

    def rules(self) -> Rules:
        """Give the policy with what this root knows beside it. Raises Refused."""
        return self.trust_files().rules or Rules()

    @property
    def accepted_keys(self) -> frozenset[str]:
        """The key types whose signatures count here."""
        return self.trust_files().accepted

    def limits_of(self, signers: Iterable[str]) -> Limits:
        """Give the limits of a script that these signed."""
        from plotter2.runs import compiling  # the compiler: who only verifies needs none of it

        return compiling.script_limits(self.settings.limits_of(signers))

    def own_principals(self) -> tuple[str, ...]:
        """Give who the own keys sign for; nobody when they cannot be read."""
        try:
            return tuple(key.principal for key in self.keyring.own_keys())
        except Refused:  # a key that cannot be read is told where it is used
            return ()

    @property
    def lease_s(self) -> float:
        """How long a request is held at least: what a child may take, and what comes before and after."""
        return self.settings.limits.wall_ms / 1000 + _LEASE_MARGIN_S

    def read(
        self,
        job: ReadJob | WriteJob,
        descriptors: tuple[int, ...],
        cancellation: Cancellation | None = None,
    ) -> Outcome:
        """Have a child read or write files that the host does not parse."""
        from plotter2.orchestrator import Task, TaskLimits

        ceiling, budget = self.settings.limits, self.orchestrator.budget
        limits = TaskLimits(
            wall_ms=ceiling.wall_ms,
            cpu_ms=ceiling.cpu_ms,
            mem_mib=min(ceiling.memory_mib, budget.memory_mib),
            out_mib=min(ceiling.read_mib, budget.output_mib),
        )
        task = Task(
            job,
            descriptors,
            limits,
            self.settings.minimum_level,
            requester=_READING,
            cancellation=cancellation,
        )
        return self.orchestrator.submit(task)


def children_of(share: HostShare) -> OrchestratorSettings:
    """Give the settings of an orchestrator: what is configured, and the rest as the machine has it."""
    from plotter2.orchestrator import HostBudget, OrchestratorSettings, Spares

    own = msgspec.structs.asdict(share)
    said = {name: value for name, value in own.items() if value is not None}
    budget = {name: said[name] for name in _BUDGET if name in said}
    spares = {_SPARES[name]: said[name] for name in _SPARES if name in said}
    return OrchestratorSettings(
        budget=HostBudget(**budget), spares=Spares(**spares), queue=share.queue
    )


_BUDGET = ("children", "memory_mib", "output_mib", "cpu_ms", "wall_ms")
_SPARES = {"spares": "most", "idle_mib": "idle_mib"}
