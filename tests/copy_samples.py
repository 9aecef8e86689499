"""Roots to be copied: a few bundles, a picture, a run, settings and keys; what a root says of itself."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from datter_samples import add_run, add_sweep, curve, published, recorded_run
from plotter2.datter.attaching import ScriptBytes
from plotter2.datter.layout import Layout
from plotter2.datter.output import Artefact
from plotter2.datter.reading import registry_to_read
from plotter2.datter.store import Store


def make_root(root: Path, runs: int = 3) -> None:
    """Make a root with everything that a copy must hold."""
    with Store.open(root) as store:
        add_sweep(store, "exp", runs)
        store.rename("exp/run1", "exp/best")
        store.archive("exp/run2")
        store.attach("exp/best", [ScriptBytes("tasks.p2", b"p2 1\n", b"signed")])
        record_run(store, "first")
        typed = store.layout.sessions / "session-1"
        typed.mkdir(parents=True)
        (typed / "1.p2").write_text("p2 1\n")
        config = store.layout.config
        for name, text in (
            ("plotter2.toml", "[limits]\nwall_ms = 1000\n"),
            ("trust/allowed_signers", "ada@lab ssh-ed25519 AAAA\n"),
            ("keys/sign_ed25519", "-----BEGIN OPENSSH PRIVATE KEY-----\n"),
            ("keys/sign_ed25519.pub", "ssh-ed25519 AAAA ada@lab\n"),
            ("odd", "x\n-----BEGIN OPENSSH PRIVATE KEY-----\n"),
        ):
            (config / name).parent.mkdir(exist_ok=True, mode=0o700)
            (config / name).write_text(text)
            (config / name).chmod(0o600)


def change_root(root: Path) -> None:
    """Do something of everything to a root that was copied before."""
    with Store.open(root) as store:
        add_run(store, "late/run", curve(9))
        store.rename("late", "later")
        record_run(store, "second")


def record_run(store: Store, script: str) -> str:
    """Enter a whole run with a picture."""
    run_id = recorded_run(store, {"script": script, "pictures": 1}, script, 3)
    published(store, run_id, [Artefact("loss", "png", script.encode())])
    return run_id


def said_of(root: Path) -> dict[str, Any]:
    """Give all that a root says of its bundles, objects, runs, serials, pictures and settings; nothing is changed."""
    layout = Layout(root)
    registry = registry_to_read(layout)
    try:
        found: dict[str, Any] = {
            **registry.dump(),
            "contents": [objects for _, objects in registry.contents()],
            "runs": [(run.id, run.state, run.record) for run in registry.runs.newest(100)],
            "serials": registry.runs.seen_serials(),
            "requests": [(each.id, each.state) for each in registry.requests(str).listed()],
        }
    finally:
        registry.close()
    found["outputs"] = files_below(layout.output)
    found["sessions"] = files_below(layout.sessions)
    found["objects"] = {
        digest: layout.object_file(digest).read_bytes().hex()
        for held in found["contents"]
        for digest in held
        if layout.object_file(digest).exists()
    }
    return json.loads(json.dumps(found))


def files_below(folder: Path) -> dict[str, str]:
    """Give all files below a folder with their bytes."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes().hex() for path in paths}


def flip_a_bit(path: Path, seed: int = 1) -> None:
    """Damage a file so that its size stays."""
    generator = random.Random(seed)
    data = bytearray(path.read_bytes())
    data[generator.randrange(len(data))] ^= 1 << generator.randrange(8)
    path.chmod(0o644)
    path.write_bytes(bytes(data))
