"""The process whose children only look at texts of steps in Python: ready in a tenth of a second, and small.

Run as `python -I -X utf8 -m plotter2.child.python.zygote CONTROL_FD [SWITCHED_OFF...]`.
"""

from __future__ import annotations

from plotter2.child.frame import Handler
from plotter2.child.zygote import serve


def _jobs() -> dict[str, Handler]:
    from plotter2.child.python.looking import look_at_texts

    return {"look": look_at_texts}


if __name__ == "__main__":
    serve(_jobs, computes=False)
