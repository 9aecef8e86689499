"""A process that records pushes to a safe copy, then looks at the disks that a power cut may leave of root and copy.

    explore_copies.py [STATES [SEED [BUG]]]

Started with the recorder preloaded, as `explore.py` is. What broke a promise is printed as JSON.
"""

from __future__ import annotations

import json
import random
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from faults.copying_workload import Copying
from faults.crash_states import states
from faults.explore import scratch
from faults.happenings import Happened
from faults.recorded_operations import Recording, operations_of, snapshot
from faults.recorded_writes import Recorder
from faults.seeded_bugs import BUGS


def main() -> None:
    most = int(sys.argv[1]) if len(sys.argv) > 1 else 10**9
    generator = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    copying, recorder = Copying(), Recorder()
    if len(sys.argv) > 3:
        BUGS[sys.argv[3]]()
    looked, violations = 0, list[str]()
    with scratch() as folder:
        root = folder / "root"
        copying.prepare(root)
        before = snapshot(root)
        with recorder.recording(root) as calls:
            copying.work(root, recorder.mark)
        shutil.rmtree(root)
        of = operations_of(Recording(root, before, calls))
        moments = sorted(generator.sample(range(of.length + 1), min(most, of.length + 1)))
        for found in states(of, moments, -(-most // len(moments)), generator.randrange(1 << 30)):
            found.write(root)
            looked += 1
            said = tuple(of.said(found.moment))
            try:
                wrong = copying.check(root, Happened(said)).wrong
            except Exception as error:  # noqa: BLE001 - whatever a damaged disk leads to is to be told
                wrong = [f"{type(error).__name__}: {error}"]
            violations += [f"moment {found.moment}, after {len(said)}: {what}" for what in wrong]
            shutil.rmtree(root)
    print(json.dumps({"one_crash": looked, "violations": violations, "calls": of.length}))


if __name__ == "__main__":
    main()
