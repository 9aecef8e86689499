"""The checks that can be switched off unnoticed, each with the other check that refuses the same: file, kind, text."""

from __future__ import annotations

REDUNDANT: dict[tuple[str, str, str], str] = {}
