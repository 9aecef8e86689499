"""Records as fast as it may and acknowledges each record over a pipe, until it is killed. Run by the kill test."""

from __future__ import annotations

import os
import sys
import time

import logger2


def main(base: str, pipe: int, rate: float) -> None:
    """Record rows whose values follow from the step; write the step to the pipe after `log` returned."""
    run = logger2.run("killed", params={"lr": 0.1, "seed": 1}, dir=base)
    step = 0
    while True:
        run.log(step, loss=step * 0.5, acc=1 / (step + 1), lr=0.1, norm=step % 7)
        os.write(pipe, b"%d\n" % step)
        step += 1
        if rate:
            time.sleep(1 / rate)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
