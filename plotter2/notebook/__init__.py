"""Notebooks: `%load_ext plotter2` gives `%%p2` cells, which show pictures, tables and diagnostics in place."""
