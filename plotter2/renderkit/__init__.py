"""From plain columns to pictures: `view` (what to draw), `compose` (a scene: where it goes), `mpl` (the bytes).

Importing this package loads nothing heavy: `provenance` needs the standard library only, `view`, `scene` and
`compose` need numpy, and only `mpl` loads matplotlib.
"""
