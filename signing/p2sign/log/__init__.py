"""A log that can only grow: its tree (RFC 6962), its signed checkpoints, proofs and tiles (C2SP). Opens no file."""
