"""The main job from end to end, with the commands a person would type: record, add, new, key, sign, run.

    python examples/digits_sweep/demo.py [FOLDER]

Everything lands in FOLDER (default: demo-output), which is made anew each time.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
MARK = "made-by-the-plotter2-demo"


def main(folder: str = "demo-output") -> None:
    """Run all stages, one line each, and print where the picture is."""
    started = time.monotonic()
    output = fresh(Path(folder).absolute())
    script = output / "sweep.p2"

    say("record", "training 25 small networks (5 learning rates, 5 seeds), recorded by logger2")
    subprocess.run([sys.executable, HERE / "train.py", output / "runs"], check=True)

    say("add", "taking the 25 runs into the store")
    added = plotter2(output, "add", output / "runs" / "digits-sweep")
    bundle = added["bundles"][0]["name"]

    say("new", f"logger2 writes a starter script for {bundle}")
    plotter2(output, "new", bundle, "-o", script)

    say("sign", "making a key for this demo and signing the script with it")
    plotter2(output, "key", "new", "--name", "demo@example", "--no-passphrase")
    plotter2(output, "sign", script)

    say("run", "verifying, checking and running it in a sandboxed child")
    result = plotter2(output, "run", script, "-o", output / "pictures")

    print(f"\nsandbox level {result['sandbox_level']}, signed by {', '.join(result['signers'])}")
    for artefact in result["artefacts"]:
        print(artefact["path"])
    print(f"done in {time.monotonic() - started:.0f} s; the script is {script}")


def fresh(folder: Path) -> Path:
    """Give an empty folder; only one that an earlier demo made is emptied."""
    if folder.exists():
        if not (folder / MARK).exists():
            sys.exit(f"{folder} is there already and was not made by this demo: name another one")
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / MARK).touch()
    return folder


def say(stage: str, what: str) -> None:
    """Print one progress line."""
    print(f"{stage:>7}  {what}", flush=True)


def plotter2(output: Path, *words: str | Path) -> dict[str, Any]:
    """Run one plotter2 command on the demo's own root; gives its JSON answer, or stops with its message."""
    command = [sys.executable, "-m", "plotter2", *map(str, words), "--root", str(output / "root")]
    finished = subprocess.run([*command, "--json"], capture_output=True, text=True, check=False)
    if finished.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{finished.stdout}{finished.stderr}")
    answer: dict[str, Any] = json.loads(finished.stdout)
    return answer


if __name__ == "__main__":
    main(*sys.argv[1:2])
