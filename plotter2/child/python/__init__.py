"""Steps in restricted Python: compiled and run in the confined child, which is the boundary; this is the language only.

`dialect` compiles (the only door to RestrictedPython), `guards` stand at every attribute, item and operator, `words`
and the facades are all that a script can name, `borders` turn tables into facades and results into tables, `running`
runs.
"""
