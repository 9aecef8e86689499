"""The bundle store: immutable bundles in files, an index of them in SQLite, and selections over them.

It moves and names bytes; what is inside a column file it never looks at.
"""
