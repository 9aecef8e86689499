"""Safe copies: a second root that holds what the first one holds, on another disk or another machine.

One way for all of them: a source says what there is, a receiver what of it it lacks; bytes go over, named by their
SHA-256; the receiver compares, has its disk confirm, and only then acknowledges.
"""
