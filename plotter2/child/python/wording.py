"""What is not allowed in steps in Python, in words for who wrote it, with what to write instead."""

from __future__ import annotations

from typing import Final

from p2lang.semantics.script_text import REFUSED_WORDS

REFUSED: Final[dict[str, tuple[str, str]]] = {
    **{
        node: REFUSED_WORDS[word]
        for word, nodes in {
            "import": ("Import", "ImportFrom"),
            "class": ("ClassDef",),
            "with": ("With",),
            "yield": ("Yield", "YieldFrom"),
            "try": ("Try", "TryStar"),
            "raise": ("Raise",),
            "global": ("Global", "Nonlocal"),
            "async": ("AsyncFunctionDef", "AsyncFor", "AsyncWith", "Await"),
        }.items()
        for node in nodes
    },
    "Match": ("`match` is not allowed", "use `if` and `elif`"),
    "AnnAssign": ("types are not written in the text", "leave `: type` out"),
    "TypeAlias": ("types are not written in the text", "leave it out"),
    "TemplateStr": ("template strings are not allowed", 'write an f-string: f"..."'),
    "Starred": ("`*` and `**` spread values past the guards", "write the values one by one, or a + b"),
    "decorator": ("decorators are not allowed", "call the function inside another one"),
    "attribute set": (
        "attributes cannot be set",
        'keep values in a dict: values["name"] = x, or in a variable',
    ),
    "slice set": ("a slice cannot be set as a whole", "set the elements in a loop, or join parts: a + b"),
    "bytes": ("bytes are no plain value", 'use text: "..."'),
    "complex": ("complex numbers are no plain value", "keep real and imaginary part apart"),
    "ellipsis": ("`...` means nothing here", "write the index: a[:, 0]"),
    "long integer": ("the number has more than 4,096 bits", "write it as a float: 1e300"),
}  # fmt: skip


def reworded(info: str) -> tuple[str, str]:
    """Give message and remedy for what Python or RestrictedPython says about a text."""
    text = info.strip().rstrip(".").replace('"', "`")
    if "starts with `_`" in text:
        return f"names that begin with _ are not allowed: {text.split(' ')[0]}", "call it otherwise"
    if "reserved name" in text or "restricted name" in text:
        return f"{text.split(' ')[0]} is a reserved name", "call it otherwise"
    if "Eval calls" in text or "Exec calls" in text:
        return "text is never run as a program", "write what it would do"
    if "Augmented assignment" in text:
        return "`a.b += x` and `a[i:j] += x` are not allowed", "write `a[i] = a[i] + x`"
    small = text[:1].lower() + text[1:]
    return f"this is no Python: {small}", "look at the line, and at the one before it"
