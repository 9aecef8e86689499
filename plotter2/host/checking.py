"""Scripts of one root are checked, compiled and locked, against its data, its limits and its libraries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from p2lang.check import Libraries, Schemas
from p2lang.compiler import Surroundings
from plotter2.host.attaching import declarations
from plotter2.host.root import Root
from plotter2.host.surrounding import finder, surroundings
from plotter2.libraries.locks import Locking, LockReport, lock_scripts
from plotter2.runs import compiling
from plotter2.runs.compiling import CheckedScript, CompiledScript
from plotter2.runs.model import Params
from plotter2.runs.opening import OpenedScript, open_script
from plotter2.tasks.chains import refuse_links_of_links
from plotter2.tasks.declaring import active
from plotter2.tasks.parts import text_of


def check(
    root: Root, script: OpenedScript, schemas: Schemas | None, bundle: str | None
) -> CheckedScript:
    """Check a script against the store's data, as if it were attached to a bundle, or against given schemas."""
    known = schemas or _schemas(root, script, bundle)
    around = surroundings(root, script.path, strict=False)
    checked = compiling.check(script, known, root.limits_of(root.own_principals()), around)
    return root.texts.looked_at(checked)


def compile_for(
    root: Root,
    script: OpenedScript,
    signers: Sequence[str],
    params: Params,
    bundle: str | None = None,
) -> CompiledScript:
    """Compile a script against the store's data, within the limits of its signers, with locked libraries."""
    schemas = _schemas(root, script, bundle)
    columns = {name: text for name, text in params.items() if isinstance(text, str)}
    around = replace(surroundings(root, script.path, strict=True), columns=columns)
    checked = compiling.check(script, schemas, root.limits_of(signers), around)
    return compiling.without_mistakes(root.texts.looked_at(checked))


def lock(root: Root, scripts: Sequence[Path], how: Locking) -> LockReport:
    """Add, update or verify the lock beside scripts. Raises CheckFailed, FileRefused, Plotter2Error P2-E025x."""
    schemas = compiling.store_schemas(root.store)

    def look(script: OpenedScript, libraries: Libraries) -> CheckedScript:
        around = Surroundings(libraries)
        return compiling.check(script, schemas, root.limits_of(()), around)

    return lock_scripts([open_script(path) for path in scripts], how, partial(finder, root), look)


def _schemas(root: Root, script: OpenedScript, bundle: str | None) -> Schemas:
    if bundle is None:
        return compiling.store_schemas(root.store)
    row = active(root.store, bundle)
    text = text_of(script.content, str(script.path))
    if text is None:  # the compiler says what is wrong with it
        return compiling.store_schemas(root.store)
    declared = declarations(root)
    refuse_links_of_links(declared, row, text)
    return declared.schemas(row, text)
