"""Runs texts of steps without guards and without confinement, and prints what each returned: the live control."""

from __future__ import annotations

import json
import sys

from unguarded_zygote import jobs

from python_steps import returned


def main() -> None:
    """Read texts as JSON, print what they return as JSON."""
    jobs()
    print(json.dumps([returned(text)[0]["s"] for text in json.load(sys.stdin)]))


if __name__ == "__main__":
    main()
