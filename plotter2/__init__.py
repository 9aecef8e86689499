"""plotter2 stands between experiments and plots: it keeps what came out and draws it with signed scripts."""

__version__ = "0.1.0"
