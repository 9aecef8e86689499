"""A process for the crash test of what nothing is read from: folders with files and hidden ones, killed at every step.

For each n (every `stride`-th) a forked child empties an inbox and dies before its n-th change of the disk, a second
one dies during the recovery, a third one finishes. What broke a promise is printed as JSON.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from killed_stager import emptied

from plotter2.datter.store import Store
from staging_samples import attempts, drop

KEPT = {"deep/log.bin": "log of ", "model.pt": "weights of "}
REST = {"deep/er/.hidden": "secret of ", ".git/config": "history of "}
FOLDERS = ("one", "two")


def main() -> None:
    base, stride = Path(sys.argv[1]), int(sys.argv[2])
    broken: list[str] = []
    points, point, ended = 0, 1, False
    while not ended:
        root = base / str(point)
        for folder in FOLDERS:
            drop(root, f"{folder}/steps.csv", folder)
            for name, content in (KEPT | REST).items():
                drop(root, f"{folder}/{name}", content + folder)
        ended = emptied(root, point)
        emptied(root, 1 + point * 7 % 60)
        emptied(root, sys.maxsize)
        broken += [f"{point}: {what}" for what in wrong(root)]
        shutil.rmtree(root)
        points, point = points + 1, point + stride
    print(json.dumps({"points": points, "broken": broken}))


def wrong(root: Path) -> list[str]:
    """Give what is not stored once, and what is not kept once."""
    files = [path for path in root.glob("quarantine/*/kept/**/*") if path.is_file()]
    kept = sorted(path.read_text() for path in files)
    with Store.open(root) as store:
        found = attempts(store)
        holding = {
            folder: {
                path: store.object_bytes(file.digest).decode()
                for path, file in store.bundle(store.find(folder)[0].id).files.items()
            }
            for folder in found
        }
    wanted = sorted(content + folder for content in REST.values() for folder in FOLDERS)
    told = [] if found == dict.fromkeys(FOLDERS, 1) else [f"the store has {found}"]
    for folder, files in holding.items():
        if files != {path: content + folder for path, content in KEPT.items()}:
            told.append(f"{folder} holds {files}")
    return told + ([] if kept == wanted else [f"kept are {kept}"])


if __name__ == "__main__":
    main()
