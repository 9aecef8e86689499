"""The language server: what `p2lang.service` knows, told to editors over standard input and output. Runs nothing."""
