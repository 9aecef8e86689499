"""plotter2 stands between experiments and plots: it keeps what came out and draws it with signed scripts.

with plotter2.open(root) as library:
    result = library.run("x.p2")
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from plotter2.version import __version__

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from plotter2.api.library import Library

__all__ = ["__version__", "load_ipython_extension", "open", "unload_ipython_extension"]


def open(root: str | os.PathLike[str] | None = None) -> Library:
    """Open a root: `root`, else `PLOTTER2_ROOT`, else `~/.local/share/plotter2`; it is made if it is not there.

    Raises DataError when it cannot be opened.
    """
    # Loaded here so that `plotter2 --help` does not pay for the host (about 100 ms).
    from plotter2.api.library import Library

    return Library(root)


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Add `%%p2` cells to a notebook: `%load_ext plotter2`."""
    # IPython calls this when it is asked to; nothing else loads it.
    from plotter2.notebook.magic import load

    load(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """End what the cells of a notebook started."""
    from plotter2.notebook.magic import unload

    unload(shell)
