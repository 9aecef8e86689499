"""Records experiment output crash-safely; needs only the standard library and imports little.

`with logger2.run("digits-sgd", params={"lr": lr, "seed": seed}, axes=["lr"]) as run: run.log(step, loss=loss)`.
What was recorded is read by `logger2.segment`, understood by `logger2.schema`, and drawn first by `logger2.starter`;
recording loads none of these.
"""

from logger2.current import NoRun
from logger2.current import run as current_run
from logger2.journal import Health, NotRecorded
from logger2.recorder import Group, Run
from logger2.starting import log, run

__all__ = ["Group", "Health", "NoRun", "NotRecorded", "Run", "current_run", "log", "run"]
