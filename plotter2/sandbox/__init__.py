"""Takes from this process everything it could harm others with. It starts no process for work."""
