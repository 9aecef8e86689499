"""A small recorded sweep and scripts about it, for tests of the whole path."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import logger2
from commandline import p2_json

RATES = (0.01, 0.1, 0.3)
SEEDS = 3
STEPS = 60

MEAN_SCRIPT = """\
p2 1
let curves = access("sweep/*")
  | filter(step < 50)
  | summary(by=[lr, step], m = mean(reward), lo = ci_low(reward), hi = ci_high(reward))

$curves
  | frame(title="Reward", size=[120mm, 80mm])
  | band(x=step, lo=lo, hi=hi, colour=lr)
  | line(x=step, y=m, colour=lr)
  | axis(x="step", y="reward")
  | legend(title="learning rate")
  | plot("reward")
  | handoff
"""


SMOOTHED_SCRIPT = """p2 1
use "lab/smoothing@1.2.0" as sm
use "lab/style@2.0.1" as style
use "p2/statistics@1.0.0" as stats

access("sweep/*")
  | sm.ema(loss, half_life=5, by=run)
  | stats.mean_se(smooth, by=[lr, step])
  | frame
  | band(x=step, lo=lo, hi=hi, colour=lr)
  | line(x=step, y=mid, colour=lr)
  | style.paper
  | plot("smoothed")
  | handoff
"""
"""Uses two libraries of LIBRARIES, and one that everybody has."""

LIBRARIES = Path(__file__).parent / "libraries"


@dataclass(frozen=True)
class Workplace:
    """Where a test of the whole path works: a root, and a script signed there."""

    folder: Path

    @property
    def root(self) -> Path:
        return self.folder / "root"

    @property
    def script(self) -> Path:
        return self.folder / "mean.p2"


def record_sweep(folder: Path) -> Path:
    """Record RATES x SEEDS runs of STEPS steps; gives the experiment's folder."""
    for rate in RATES:
        for seed in range(SEEDS):
            params = {"lr": rate, "seed": seed}
            with logger2.run(
                "sweep", params=params, axes=["lr"], repeat="seed", dir=str(folder)
            ) as run:
                for step in range(STEPS):
                    reward = 1 - math.exp(-step * rate) + 0.05 * math.sin(step + seed)
                    run.log(step, reward=reward, loss=1.0 / (1 + step * rate) + 0.01 * seed)
    return folder / "sweep"


def root_with_sweep(folder: Path) -> Path:
    """Make a root that holds a recorded sweep and a key without a passphrase."""
    p2_json(folder / "root", "add", record_sweep(folder / "runs"))
    p2_json(folder / "root", "key", "new", "--name", "tester@here", "--no-passphrase")
    return folder / "root"
