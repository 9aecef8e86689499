"""The command line: words in, one answer out, as text or as JSON. All work is done by the host."""
