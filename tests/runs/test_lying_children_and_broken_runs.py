"""What a child hands out beside what was asked for is refused, and a run that is broken off has an end."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from commandline import p2_json
from datter_samples import begun
from plotter2.config.settings import settings
from plotter2.errors import DataError, HostError
from plotter2.host.host import Host
from plotter2.orchestrator import Orchestrator, OrchestratorSettings
from plotter2.orchestrator.settings import ZYGOTE
from plotter2.runs.model import Event, Parts, RunRequest, RunResult, Timings
from plotter2.runs.opening import open_script
from plotter2.runs.running import run
from plotter2.wire import codes
from sweep_samples import MEAN_SCRIPT, Workplace, record_sweep

pytestmark = pytest.mark.process

LIAR = (sys.executable, "-I", "-X", "utf8", str(Path(__file__).parent / "lying_zygote.py"))
LIES = (
    "a picture more",
    "another kind",
    "a kind not asked for",
    "a count of no picture",
    "a count of no node",
    "a result of no node",
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    place = Workplace(tmp_path_factory.mktemp("made"))
    p2_json(place.root, "add", record_sweep(place.folder / "runs"))
    p2_json(place.root, "key", "new", "--name", "tester@here", "--no-passphrase")
    place.script.write_text(MEAN_SCRIPT)
    p2_json(place.root, "sign", place.script)
    return place


def ran(
    place: Workplace,
    zygote: tuple[str, ...] = ZYGOTE,
    lie: str = "",
    on_event: Callable[[Event], None] = lambda _: None,
) -> RunResult:
    orders = OrchestratorSettings(zygote=zygote, switched_off=(lie,) if lie else ())
    with Host(settings(place.root)) as host, Orchestrator(orders) as orchestrator:
        script = open_script(place.script)
        request = RunRequest(host.verify(script), host.compile(script), on_event=on_event)
        with begun(host.store) as work:
            limits = host.settings.limits
            parts = Parts(
                host.store,
                work,
                orchestrator.submit,
                orchestrator.ready,
                "B",
                limits,
                host.run_log.append,
            )
            return run(request, parts, Timings())


def last_run(place: Workplace) -> tuple[str, str]:
    """Give the state of the newest run and the code of its error."""
    with Host(settings(place.root)) as host:
        row = host.store.runs(1)[0]
    return row.state, row.record.get("error", {}).get("code", "")


@pytest.mark.parametrize("lie", LIES)
def test_a_child_gives_only_what_was_asked_for(place: Workplace, lie: str) -> None:
    before = set((place.root / "output").iterdir())
    with pytest.raises(HostError) as raised:
        ran(place, LIAR, lie)
    assert raised.value.code == codes.PROTOCOL_BROKEN
    assert raised.value.message.isprintable()
    assert set((place.root / "output").iterdir()) == before
    assert last_run(place) == ("failed", codes.PROTOCOL_BROKEN)


def test_a_run_that_a_person_stops_is_recorded_as_cancelled(place: Workplace) -> None:
    def interrupt(_: Event) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ran(place, on_event=interrupt)
    assert last_run(place) == ("cancelled", codes.CANCELLED)


def test_the_times_of_host_and_child_are_told_apart(place: Workplace) -> None:
    with Host(settings(place.root)) as host:
        times = host.run(open_script(place.script)).record["timings_ms"]
    assert {"verify", "child verify", "compile", "publish", "total"} <= set(times)


def test_a_script_runs_on_the_data_that_it_was_checked_and_costed_for(tmp_path: Path) -> None:
    root, data, script = tmp_path / "root", tmp_path / "exp.csv", tmp_path / "x.p2"

    def add(rows: str) -> None:
        data.write_text(f"step,loss\n{rows}")
        p2_json(root, "add", data, "--name", "exp")

    add("0,1.0\n1,0.5\n")
    p2_json(root, "key", "new", "--name", "tester@here", "--no-passphrase")
    script.write_text(
        'p2 1\naccess("exp") | frame | line(x=step, y=loss) | plot("loss") | handoff\n'
    )
    p2_json(root, "sign", script)
    for later in ("".join(f"{n},{n / 2}\n" for n in range(5000)), "0,\n1,2.5\n", "0,a\n1,b\n"):
        with Host(settings(root)) as host:
            opened = open_script(script)
            request = RunRequest(host.verify(opened), host.compile(opened))
            add(later)
            children, limits = host.orchestrator, host.settings.limits
            with pytest.raises(DataError) as raised, begun(host.store) as work:
                run(
                    request,
                    Parts(
                        host.store,
                        work,
                        children.submit,
                        children.ready,
                        "B",
                        limits,
                        host.run_log.append,
                    ),
                    Timings(),
                )
        assert raised.value.code == "P2-D0823"
        add(f"0,{len(later)}.25\n")
