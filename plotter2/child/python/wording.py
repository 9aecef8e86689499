"""What is not allowed in steps in Python, in words for who wrote it, with what to write instead."""

from __future__ import annotations

from typing import Final

_NO_IMPORT = ("nothing can be imported", "num, table and the other words are there without it")
_NO_CLASS = ("classes cannot be made", "use a dict for what belongs together, and functions")
_NO_WITH = ("`with` has nothing to open here", "leave it out")
_NO_YIELD = ("`yield` is not allowed", "make a list: rows.append(...)")
_NO_TRY = ("errors cannot be caught", "test before: `if x != 0:`, `d.get(key)`")
_NO_GLOBAL = ("names of a function belong to it", "give a value back: `return x`")
_NO_ASYNC = ("nothing runs at the same time here", "leave `async` and `await` out")

REFUSED: Final[dict[str, tuple[str, str]]] = {
    "Import": _NO_IMPORT,
    "ImportFrom": _NO_IMPORT,
    "ClassDef": _NO_CLASS,
    "With": _NO_WITH,
    "Yield": _NO_YIELD,
    "YieldFrom": _NO_YIELD,
    "Try": _NO_TRY,
    "TryStar": _NO_TRY,
    "Raise": ("`raise` is not allowed", 'stop the run with `impose(False, "why")`'),
    "Global": _NO_GLOBAL,
    "Nonlocal": _NO_GLOBAL,
    "AsyncFunctionDef": _NO_ASYNC,
    "AsyncFor": _NO_ASYNC,
    "AsyncWith": _NO_ASYNC,
    "Await": _NO_ASYNC,
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
