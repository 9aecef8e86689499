"""The process that does one piece of work and nothing else: it holds no keys, no store, no compiler."""
