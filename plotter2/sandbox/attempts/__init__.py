"""What a child with full Python and the C library would try: the self-test of `plotter2 doctor`.

Every attempt is made twice: by a confined process, which must be stopped, and by one that is not, which
must get through. An attempt that nobody can make here proves nothing and does not count as stopped.
"""
