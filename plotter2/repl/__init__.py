"""The REPL: statements of the language at a prompt, with completion, tables and pictures."""
