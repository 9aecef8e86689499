"""Parse the example scripts, repeated to the most that is read: MB/s of processor time, best of 5, tables loaded."""

from __future__ import annotations

import time
from pathlib import Path

from p2lang.parser import parse
from p2lang.source import Source

MOST, ROUNDS = 262_144, 5
SCRIPTS = Path(__file__).parents[1] / "tests" / "p2lang" / "scripts"


def main() -> None:
    """Print the rate."""
    texts = [path.read_text("utf-8") for path in sorted(SCRIPTS.glob("*.p2"))]
    body = "\n".join(text.partition("\n")[2] for text in texts if '"""' not in text)
    text = "p2 1\n" + body * ((MOST - 5) // len(body.encode()))
    best = 0.0
    for _ in range(ROUNDS):
        started = time.process_time()
        parsed = parse(Source(text))
        spent = time.process_time() - started
        assert parsed.script is not None, parsed.diagnostics[:2]
        best = max(best, len(text) / spent / 1e6)
    lines = text.count("\n")
    print(
        f"parse {lines:,} lines, {len(text):,} bytes: {best:.2f} MB/s best of {ROUNDS} (goal 0.4)"
    )


if __name__ == "__main__":
    main()
