"""The text of `policy.toml` with the ceiling of one signer changed; everything else in it, comments too, stays."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from p2sign import policy
from p2sign.ceilings import Ceiling
from p2sign.refusal import Refusal

NEW_POLICY = b"""# Who may sign which names, and what a signer may grant: `plotter2 policy show` tells what counts,
# `plotter2 policy edit` changes it, the section on the policy in signing/FORMAT.md gives the form.

[policy]
mode = "deny"
"""
"""What a policy begins with when something is first said in it."""

_SECTION = re.compile(r"[ \t]*\[")


def with_ceiling(data: bytes, principal: str, patterns: Iterable[str]) -> bytes:
    """Give the policy with the ceiling of a signer set. Raises Refusal E_POLICY_FORM, E_POLICY_PATTERN."""
    ceiling = Ceiling(tuple(patterns))
    before = policy.parse(data or NEW_POLICY)
    kept = _without_section(data or NEW_POLICY, principal)
    listed = "".join(f"    {_quoted(pattern)},\n" for pattern in ceiling.patterns)
    text = f'\n[signer."{principal}"]\nmay = [\n{listed}]\n'
    wanted = replace(before, ceilings={**before.ceilings, principal: ceiling})
    return _checked(kept.rstrip(b"\n") + b"\n" + text.encode("ascii"), wanted)


def without_ceiling(data: bytes, principal: str) -> bytes:
    """Give the policy without the ceiling of a signer. Raises Refusal E_POLICY_FORM."""
    before = policy.parse(data)
    if principal not in before.ceilings:
        return data
    left = {name: ceiling for name, ceiling in before.ceilings.items() if name != principal}
    kept = _without_section(data, principal).rstrip(b"\n") + b"\n"
    return _checked(kept, replace(before, ceilings=left))


def _without_section(data: bytes, principal: str) -> bytes:
    heads = {f'[signer."{principal}"]', f"[signer.'{principal}']"}
    kept, within = [], False
    for line in data.decode("utf-8").splitlines(keepends=True):
        if _SECTION.match(line) and not line.strip().startswith("[["):
            within = line.partition("#")[0].strip() in heads
        if not within:
            kept.append(line)
    return "".join(kept).encode("utf-8")


def _checked(data: bytes, wanted: policy.Policy) -> bytes:
    # What is written by hand may be laid out in ways that lines do not show; then nothing is changed.
    try:
        if policy.parse(data) == wanted:
            return data
    except Refusal:
        pass
    raise Refusal(
        "E_POLICY_FORM",
        "the policy is laid out in a way that cannot be changed line by line",
        remedy="change it by hand: plotter2 policy edit",
    )


def _quoted(pattern: str) -> str:
    if "'" not in pattern:
        return f"'{pattern}'"
    escaped = pattern.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
