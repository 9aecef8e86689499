"""Signatures on .p2 scripts: bytes in, a verified statement or a refusal out."""
