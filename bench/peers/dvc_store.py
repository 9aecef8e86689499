"""DVC: `add` of a folder to its cache, and `ls` of what it tracks; it keeps files and looks into none."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from pathlib import Path

from dvc.repo import Repo


def main(runs: Path, place: Path) -> None:
    """Print the milliseconds of an add of all runs, and of a list of them."""
    os.chdir(place)
    shutil.copytree(runs, place / "sweep")
    with Repo.init(str(place), no_scm=True) as repo:
        began = time.perf_counter()
        repo.add(["sweep"])
        added = time.perf_counter()
        found = Repo.ls(str(place), "sweep", dvc_only=True)
        listed = time.perf_counter()
    assert len(found) == len(list(runs.iterdir()))
    print(json.dumps({"add": (added - began) * 1000, "list": (listed - added) * 1000}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
