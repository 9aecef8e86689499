"""What a person is shown before a yes: what a script may do, in plain words, and what of it is new."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from p2sign.rights import Capability, SignedLimits, decode_target
from p2sign.statement import Statement
from plotter2.config.settings import Ceiling
from plotter2.host.session_key import Grant, wanted_by
from plotter2.printable import printable
from plotter2.runs.compiling import CompiledScript
from plotter2.runs.signing import limits_for

_FILES = (".csv", ".json", ".parquet")
_WORDS = {("read", "bundle"): "reads", ("write", "output"): "draws"}
_ANYTHING = {
    ("read", "bundle"): ("reads", "every bundle"),
    ("write", "output"): ("hands out", "pictures and files of tables"),
}
_UNITS_A_SECOND = 100_000_000
Row = tuple[str, str]


def may_do(compiled: CompiledScript, ceiling: Ceiling) -> str:
    """Give what a script may do, uses and costs, a line each."""
    work = compiled.work
    seconds = work / _UNITS_A_SECOND
    time = f"about {seconds:.1f} s" if seconds >= 0.1 else "less than 0.1 s"
    rows = [
        *_rows(wanted_by(compiled)),
        ("costs", f"at most {work:,} units of work, {time}"),
        ("ends", _limits(limits_for(work, compiled.module.needs["pixels"], ceiling))),
        ("touches", "nothing else: no other bundle, no file, no network"),
    ]
    return in_columns(rows)


def terms_allow(terms: Statement) -> str:
    """Give what a statement allows, a line each."""
    rows = [
        *_rows(Grant(terms.caps, imports=terms.imports)),
        *([("ends", _limits(terms.limits))] if terms.limits else []),
        ("touches", "nothing else: no other bundle, no file, no network"),
    ]
    return in_columns(rows)


def granted(grant: Grant) -> str:
    """Give what a grant allows, a line each."""
    return in_columns(list(_rows(grant)))


def in_columns(rows: Sequence[Row], mark: str = " ") -> str:
    """Give words and what they are about, one below the other."""
    width = max((len(word) for word, _ in rows), default=0)
    return "\n".join(on_one_line(f"{mark} {word:<{width}}  {about}") for word, about in rows)


def on_one_line(text: str) -> str:
    """Give what a person decides by: no name may hide a line of it, or look like one."""
    return printable(text.replace("\n", "\N{REPLACEMENT CHARACTER}"))


def _rows(grant: Grant) -> Iterator[Row]:
    for kind in grant.kinds:
        yield _ANYTHING.get(kind, (f"{kind[0]}s", f"every {kind[1]}"))
    yield from map(_row, grant.caps)
    yield from (("uses", "@".join(each.name.rsplit("/", 1))) for each in grant.imports)


def _row(cap: Capability) -> Row:
    target = decode_target(cap.target)
    word = _WORDS.get((cap.right, cap.kind), f"{cap.right}s")
    if word == "draws" and target.endswith(_FILES):
        return "hands out", target
    known = cap.kind in ("bundle", "output")
    return word, target if known else f"{target} ({cap.kind})"


def _limits(limits: SignedLimits) -> str:
    return (
        f"after {limits.wall_ms / 1000:,.0f} s, at {limits.mem_mib:,} MiB of memory"
        f" or {limits.out_mib:,} MiB of pictures"
    )


def changes(before: Statement, compiled: CompiledScript) -> str:
    """Give what a script may do that it could not when it was signed, and what no more; its text changed anyway."""
    then, now = Grant(before.caps, imports=before.imports), wanted_by(compiled)
    more, less = list(_rows(then.lacking(now))), list(_rows(now.lacking(then)))
    if not (more or less):
        return "  may do what it could do then, no more; only its text is another"
    parts = [("  now it also", more, "+"), ("  and no more", less, "-")]
    return "\n".join(
        f"{head}\n{in_columns(rows, f'    {mark}')}" for head, rows, mark in parts if rows
    )
