"""The Python library: what `plotter2.open(root)` gives."""
