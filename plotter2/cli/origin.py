"""What a picture says of its origin, as text. It may come from anywhere: its words are taken as typed values."""

from __future__ import annotations

from typing import Any

import msgspec

from plotter2.cli.codes import FOREIGN_PROVENANCE
from plotter2.errors import DataError

_SHOWN_BUNDLES = 5


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """An attached script, and the bundle that it is attached to."""

    bundle: dict[str, str] = {}
    script: str = ""


class AnsweredBy(msgspec.Struct, frozen=True, kw_only=True):
    """The link that answered what the task asked for."""

    bundle: dict[str, str] = {}
    script: str = ""
    source: str = ""


class TaskOrigin(msgspec.Struct, frozen=True, kw_only=True):
    """The task that made a picture: for which bundle, and where its script is attached."""

    name: str = ""
    bundle: dict[str, str] = {}
    attachment: Attachment = Attachment()
    answers: dict[str, AnsweredBy] = {}


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a provenance statement that are shown."""

    plotter2: str = ""
    script: dict[str, str] = {}
    signers: list[dict[str, str]] = []
    ir: dict[str, str] = {}
    params: dict[str, int | float | str | bool | list[int | float | str | bool]] = {}
    libraries: dict[str, str] = {}
    bundles: list[dict[str, str]] = []
    versions: dict[str, str] = {}
    ledger: dict[str, Any] = {}
    task: TaskOrigin | None = None


def origin_text(provenance: dict[str, Any]) -> str:
    """Give a provenance statement as lines for people; raises DataError P2-D0892 when it is none of ours."""
    try:
        origin = msgspec.convert(provenance, Origin)
    except msgspec.ValidationError as error:
        raise DataError(
            FOREIGN_PROVENANCE,
            f"what the picture says of its origin does not fit its form: {error}",
            help="another program wrote it; only pictures as plotter2 wrote them can be told about",
        ) from None
    script = origin.script
    lines = [
        ("script", f"{script.get('file')} ({script.get('name')}) sha256 {script.get('sha256')}"),
        (
            "signed by",
            ", ".join(map(_signer, origin.signers)),
        ),
        *([] if origin.task is None else _task(origin.task)),
        ("IR", origin.ir.get("sha256", "")),
        ("params", ", ".join(f"{k} = {v}" for k, v in origin.params.items()) or "none"),
        *(
            [("libraries", ", ".join(f"{n} ({d[:12]})" for n, d in origin.libraries.items()))]
            if origin.libraries
            else []
        ),
        ("bundles", _some([_named(bundle, "name", "id") for bundle in origin.bundles])),
        ("rows", _rows(origin.ledger)),
        ("plotter2", origin.plotter2),
        ("versions", ", ".join(f"{name} {v}" for name, v in origin.versions.items())),
    ]
    return "\n".join(f"{title:<10} {text}" for title, text in lines)


def _signer(signer: dict[str, str]) -> str:
    owner = signer.get("session_of")
    session = f", a session of {owner}" if owner else ""
    return _named(signer, "principal", "fingerprint") + session


def _task(task: TaskOrigin) -> list[tuple[str, str]]:
    home = _named(task.attachment.bundle, "name", "id")
    told = f"{task.name} for {_named(task.bundle, 'name', 'id')}, attached to {home}"
    links = [
        f"{name} from {each.bundle.get('name')}: {each.source}"
        for name, each in task.answers.items()
    ]
    return [("task", told), *([("links", ", ".join(links))] if links else [])]


def _named(entry: dict[str, str], name: str, detail: str) -> str:
    return f"{entry.get(name)} ({entry.get(detail)})"


def _some(names: list[str]) -> str:
    more = f", and {len(names) - _SHOWN_BUNDLES} more" if len(names) > _SHOWN_BUNDLES else ""
    return ", ".join(names[:_SHOWN_BUNDLES]) + more


def _rows(ledger: dict[str, Any]) -> str:
    counts = {"given to the marks" if what == "rows" else what: n for what, n in ledger.items()}
    told = ", ".join(f"{n:,} {what}" for what, n in counts.items() if isinstance(n, int))
    layers = ledger.get("layers")
    if isinstance(layers, list) and len(layers) > 1:
        return f"{told} in {len(layers)} layers"
    return told
