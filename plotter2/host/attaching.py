"""Signed scripts are attached to the bundles of one root; and what is attached there is asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from hashlib import sha256

from p2lang.diagnostics import has_errors
from p2sign.gate import Verified
from plotter2.errors import Plotter2Error
from plotter2.host.refusing import refusals_kept
from plotter2.host.root import Root
from plotter2.host.surrounding import require_script, surroundings_signed
from plotter2.host.verifying import verify, verify_attached
from plotter2.runs.compiling import CheckedScript, failed
from plotter2.runs.opening import OpenedScript
from plotter2.tasks.attached import Declarations, Ground
from plotter2.tasks.declaring import AttachedEach, AttachedTo, Examined, Modes, active, examine
from plotter2.tasks.model import Reason
from plotter2.tasks.parts import text_of


def attach(
    root: Root, bundle: str, scripts: Sequence[OpenedScript], modes: Modes
) -> tuple[AttachedTo, ...]:
    """Attach signed scripts to a bundle, all or none; gives what became of each."""
    for script in scripts:
        require_script(script.path)
    row = active(root.store, bundle)
    known = {each.kept.script.digest for each in root.store.attachments(row)}

    def gate(script: OpenedScript) -> Verified:
        again = sha256(script.content).hexdigest() in known
        with refusals_kept(root, script, bundle=row.id):
            return verify_attached(root, script) if again else verify(root, script)

    examined = [
        _looked_at(root, script, found)
        for script, found in zip(
            scripts, examine(declarations(root, gate), row, scripts, modes), strict=True
        )
    ]
    outcomes = root.store.attach(row.id, [each.script for each in examined])
    return tuple(map(AttachedTo, examined, outcomes))


def _looked_at(root: Root, script: OpenedScript, examined: Examined) -> Examined:
    """Have the texts of steps in Python looked at: who signed the script may have done so where nobody looked.

    Raises CheckFailed.
    """
    text = text_of(script.content, str(script.path))
    assert text is not None
    found = root.texts.diagnostics(text.tree, text.source)
    if has_errors(found):
        raise failed(CheckedScript(script, text.source, found, None))
    told = (f"{each.message}: {each.note}" for each in found)
    return replace(examined, notes=(*examined.notes, *told))


def attach_each(
    root: Root, selector: str, scripts: Sequence[OpenedScript], modes: Modes
) -> tuple[AttachedEach, ...]:
    """Attach signed scripts to each bundle that a selector means; where they do not fit, gives the reason."""
    found = []
    rows = root.store.find(selector)
    for script in scripts:
        verify_attached(root, script)
    for row in rows:
        try:
            found.append(AttachedEach(row, attach(root, row.id, scripts, modes)))
        except Plotter2Error as error:
            found.append(AttachedEach(row, refused=Reason.of(error)))
    return tuple(found)


def declarations(
    root: Root, gate: Callable[[OpenedScript], Verified] | None = None
) -> Declarations:
    """Give what is attached to bundles, to be asked once: signatures and trust count as they are now.

    A serial is held against those that ran here when a script is attached, not later.
    """
    return Declarations(
        Ground(
            root.store,
            gate or partial(verify_attached, root),
            root.limits_of,
            partial(surroundings_signed, root),
        )
    )
