"""The standard library of .p2: one registry of signatures and the kernels bound to it."""
