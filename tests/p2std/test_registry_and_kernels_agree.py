"""Every signature has one kernel, every kernel one signature, and their parameters agree."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys

import pytest

from p2lang.signatures import Signature
from p2std.binding import FAMILIES, kernel, kernels
from p2std.registry import core

CARRIED = {"table", "view", "names", "here"}
"""What the interpreter hands over beside the arguments: the flow, or the names of its columns."""
UNHEARD = {
    ("source", "access@1"): {"path", "since", "before", "where", "table", "key"},
    ("source", "collect@1"): {"tasks", "name", "timeout", "rows"},
    ("source", "copy@1"): {"path"},
    ("source", "load@1"): {"path"},
}
"""Parameters that no kernel needs: which rows are read is settled before."""

SIGNATURES = {(s.kind, s.full_name): s for s in core().by_full_name.values()}


def test_every_signature_has_a_kernel_unless_it_stands_for_others() -> None:
    standing = {key for key, s in SIGNATURES.items() if s.facts.names}
    assert set(SIGNATURES) - set(kernels()) == standing


def test_every_kernel_has_a_signature() -> None:
    assert not set(kernels()) - set(SIGNATURES)


@pytest.mark.parametrize(
    "signature",
    [s for s in SIGNATURES.values() if not s.facts.names],
    ids=lambda s: f"{s.kind} {s.full_name}",
)
def test_a_kernel_takes_the_parameters_of_its_signature(signature: Signature) -> None:
    key = (signature.kind, signature.full_name)
    wanted = {p.attribute for p in signature.parameters} - UNHEARD.get(key, set())
    extra = {"cols"} if signature.kind == "source" and "cols" in kernels()[key].takes else set()
    assert set(kernels()[key].takes) - CARRIED - extra == wanted - extra


@pytest.mark.parametrize("key", kernels(), ids=" ".join)
def test_every_kernel_says_what_it_computes(key: tuple[str, str]) -> None:
    assert inspect.getdoc(kernels()[key].run)


def test_a_name_cannot_be_bound_twice() -> None:
    with pytest.raises(ValueError, match="two kernels"):
        kernel("agg", "mean@1")(lambda x: x)


def test_every_family_is_loaded() -> None:
    assert {k.run.__module__ for k in kernels().values()} == {
        f"p2std.kernels.{f}" for f in FAMILIES
    }


@pytest.mark.process
def test_the_registry_loads_without_polars_or_numpy() -> None:
    code = (
        "import sys, p2std.registry; p2std.registry.core(); "
        "sys.exit(any(m in sys.modules for m in ('polars', 'numpy', 'scipy')))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, env=dict(os.environ))
    assert done.returncode == 0
