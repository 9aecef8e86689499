"""The .p2 language: source text to verified IR. Pure text and values; no files, no clock."""
