"""A process for the power-cut test of the inbox: a disk of its own is cut off while a child empties an inbox on it.

Arguments: an image file, a folder to mount it at, a stride. The kernel drops what was not synced (the shutdown call
of ext4 without a flush of its log, then a new mount). A child dies before its n-th change, the power goes; another
one dies while it recovers, the power goes again; a third one finishes, and the power goes once more. What was
acknowledged, and is not there whole, is printed as JSON. Needs root.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1]))

from killed_stager import DROPS, emptied

from plotter2.datter.store import Store
from staging_samples import attempts, drop

SHUTDOWN, WITHOUT_LOG = 0x8004587D, (2).to_bytes(4, "little")
SIZE = 256 << 20


def main() -> None:
    image, disk, stride = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    with image.open("wb") as file:
        file.truncate(SIZE)
    call("mkfs.ext4", "-q", "-F", str(image))
    call("mount", "-o", "loop", str(image), str(disk))
    try:
        print(json.dumps(cut_at_every_point(image, disk, stride)))
    finally:
        call("umount", str(disk))


def cut_at_every_point(image: Path, disk: Path, stride: int) -> dict[str, object]:
    broken: list[str] = []
    points, point, ended = 0, 1, False
    while not ended:
        root, said = disk / str(point), image.with_name(f"said{point}")
        root.mkdir()
        os.sync()
        for name, content in DROPS.items():
            drop(root, name, content)
        to_the_end = []
        for die_at in (point, 1 + point * 7 % 60, sys.maxsize):
            to_the_end.append(emptied(root, die_at, said))
            cut(image, disk)
            broken += [f"{point}/{die_at}: {what}" for what in lost(root, said)]
        ended = to_the_end[0]
        emptied(root, sys.maxsize, said)
        broken += [f"{point}, at the end: {what}" for what in doubled(root)]
        points, point = points + 1, point + stride
    return {"points": points, "broken": broken}


def cut(image: Path, disk: Path) -> None:
    fd = os.open(disk, os.O_RDONLY)
    fcntl.ioctl(fd, SHUTDOWN, WITHOUT_LOG)
    os.close(fd)
    call("umount", str(disk))
    call("mount", "-o", "loop", str(image), str(disk))


def lost(root: Path, said: Path) -> list[str]:
    """Give what was acknowledged and is nowhere outside of the inbox with its bytes."""
    lines = said.read_text().splitlines() if said.exists() else []
    acknowledged = {line.split()[1] for line in lines if line.startswith("staged")}
    kept = [*root.glob("staged/*/*"), *root.glob("quarantine/*/kept/*")]
    whole = {path.name for path in kept if path.read_text() == DROPS[path.name]}
    if acknowledged - whole:
        with Store.open(root) as store:
            for name in attempts(store):
                store.verify(name)
                whole.add(f"{name}.csv")
    return [f"{name} was acknowledged and is lost" for name in sorted(acknowledged - whole)]


def doubled(root: Path) -> list[str]:
    """Give what is there twice, or still staged, once all is done.

    What was never acknowledged may have gone with the power, or have become an empty file, which is waited for.
    """
    with Store.open(root) as store:
        found = attempts(store).items()
    wrong = [f"{name} is there {count} times" for name, count in found if count > 1]
    return wrong + [f"{path.name} is still staged" for path in root.glob("staged/*/*")]


def call(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True)


if __name__ == "__main__":
    main()
