"""Runs one program in the child: verify, read, compute, draw, and only when all went well hand out the pictures.

What the host sends is checked again here; a script can do nothing but what its verified nodes say.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

import numpy as np
import polars as pl
import scipy

from p2lang.semantics.structure import is_effect_of, kinds_of, sheet_name
from p2lang.verifier import Program, ProgramNode
from p2std.binding import kernels
from p2std.kernels.effects import GiveUp, HandOver, Release, Say, Show
from p2std.origins import counted, views_drawn
from p2std.registry import core
from plotter2.child.accounts import accounts_behind
from plotter2.child.answers import Answers, is_asked_for
from plotter2.child.drawn import Report, views_of
from plotter2.child.giving import Giving
from plotter2.child.happenings import Asking, Drawing, Exposing, Happening, Owning, Writing
from plotter2.child.holding import Holding
from plotter2.child.interpreter import Interpreter
from plotter2.child.ledger import counted_file, ledger_of
from plotter2.child.midway import Midway
from plotter2.child.moments import Timing, timing
from plotter2.child.pictures import Pictures
from plotter2.child.placing import PlacedError
from plotter2.child.python.places import span_of
from plotter2.child.ready import around_of, bound, require_all, verified
from plotter2.child.reports import Reports
from plotter2.child.run_codes import SAME_NAME
from plotter2.child.showing import shown
from plotter2.child.tables import StoredTables
from plotter2.child.times import Times
from plotter2.child.views import Composed
from plotter2.renderkit.compose import compose
from plotter2.renderkit.document import Formula
from plotter2.renderkit.film import Film, film_of
from plotter2.renderkit.filming import filmed
from plotter2.renderkit.mpl import FORMATS, MATPLOTLIB_VERSION, SIXEL, draw, measured
from plotter2.renderkit.mpl import bound as bound_sheets
from plotter2.renderkit.scene import LayerCounts, Scene
from plotter2.renderkit.typesetting import typeset
from plotter2.renderkit.video import AV_VERSION, KINDS
from plotter2.wire.inputs import RunProgram, decode_inputs, decode_program
from plotter2.wire.memory import mapped
from plotter2.wire.messages import (
    FromChild,
    GaveUp,
    Note,
    Progress,
    RowsCounted,
    RunJob,
)

LOADED = (kernels(), core())
"""All kernels and signatures: loaded before a child is forked, because a confined child can load nothing."""

_LONGEST_NOTE = 4000


class Channel(Protocol):
    """How a run tells what it found; `timings_ms` goes out with the last message."""

    timings_ms: dict[str, float]

    def send(self, message: FromChild) -> None:
        """Send one message."""

    def append(self, data: bytes | bytearray | memoryview) -> tuple[int, int]:
        """Append bytes to the output memory; gives (offset, length)."""

    def put(self, name: str, kind: str, data: bytes) -> None:
        """Hand out one finished artefact."""


def run_program(job: RunJob, fds: Sequence[int], channel: Channel) -> None:
    """Carry out a RunJob; `fds` are output, program, inputs, then the data.

    Sends Progress, Note and RowsCounted; puts each picture in each format with its provenance inside, then what a
    task exposes and asks for. Nothing of these is put when anything fails or the script gives up, but what others go on
    with by then. Raises RunError (P2-V05xx: refused by the verifier; P2-R06xx, with the `span` of the operation when
    the program tells it), HostError and DataError as wire and renderkit do.
    """
    times = Times()
    with times.stage("verify"):
        told = decode_program(bytes(mapped(fds[1])))
        inputs = decode_inputs(bytes(mapped(fds[2])))
        program = verified(told)
    data = StoredTables(inputs, fds)
    answers = Answers(data, {table.path: table for table in inputs.answers}, told.links)
    holding = Holding(program, inputs, fds, data, channel, times)
    try:
        require_all(program, "" if told.place is None else told.place.task)
        run = _Run(job, program, told, _Given(answers, holding), channel, times)
        if told.only:
            run.compute(told.only)
        else:
            run.carry_out()
    except PlacedError as error:
        error.span = span_of(error, told)
        raise
    channel.timings_ms.update(times.ms)


@dataclass(frozen=True)
class _Given:
    """What came with a job beside its program."""

    answers: Answers
    holding: Holding


class _Run:
    """One run: effects in order, pictures kept back until all effects went well."""

    def __init__(
        self,
        job: RunJob,
        program: Program,
        told: RunProgram,
        given: _Given,
        channel: Channel,
        times: Times,
    ) -> None:
        self._job, self._program, self._provenance = job, program, told.provenance
        self._channel, self._times = channel, times
        self._answers, self._data = given.answers, given.answers.stored
        self._task = "" if told.place is None else told.place.task
        self._params = bound(program, job, self._task)
        self._interpreter = Interpreter(
            program,
            self._params,
            self._read,
            counted(program, views_drawn(program)),
            task=self._task,
            around=around_of(told.place),
            holding=given.holding,
        )
        self._made: list[tuple[str, str, bytes]] = []
        self._giving = Giving(channel)
        self._counted: dict[str, RowsCounted] = {}

    def compute(self, nodes: Sequence[str]) -> None:
        """Compute tables of the program, for whoever holds them, and nothing else."""
        for done, node in enumerate(nodes):
            self._progress("compute", done, len(nodes), "tables")
            with self._times.stage("compute"):
                self._interpreter.flow(node)

    def carry_out(self) -> None:
        """Carry out all effects, then hand out what they made."""
        if self._program.tasks and not self._task:
            names = ", ".join(task.name for task in self._program.tasks)
            self._say("info", f"not run: {names}; a task runs for a bundle: plotter2 attach")
        self._interpreter.midway = Midway(self._program, self._task, self._giving.let_go_on)
        effects = self._interpreter.effects()
        effects_here = [n for n in self._program.nodes if is_effect_of(n.node, self._task)]
        total = sum(1 for node in effects_here if node.signature.facts.output)
        self._progress("compute", 0, total, "pictures")
        while True:
            with self._times.stage("compute"):
                effect = next(effects, None)
            self._repeat()
            if effect is None:
                break
            if isinstance(effect, GiveUp):
                self._give_up(effect.reason)
                return
            self._carry_out(effect)
            self._progress("compute", len(self._counted), total, "outputs")
        for message in self._counted.values():
            self._channel.send(message)
        for name, kind, data in self._made:
            self._channel.put(name, kind, data)
        self._giving.give()

    def _repeat(self) -> None:
        """Say what steps in Python printed."""
        for text in self._interpreter.said:
            self._say("info", text)
        self._interpreter.said.clear()

    def _give_up(self, reason: str) -> None:
        if self._task:
            self._channel.send(GaveUp(reason=reason[:_LONGEST_NOTE]))
        else:
            self._say("info", f"the script stopped: {reason}; nothing is written")

    def _read(self, node: ProgramNode) -> pl.DataFrame:
        self._progress("read", self._data.done, self._data.total, "rows")
        with self._times.stage("read"):
            if is_asked_for(node):
                return self._answers.rows_of(node, self._interpreter.steps[node.id])
            if self._task:
                self._answers.require_exposed(node)
            return self._data.rows_of(node)

    def _carry_out(self, effect: Happening) -> None:
        match effect:
            case Exposing() | Asking() | Owning():
                self._giving.keep(effect)
            case Release():
                self._giving.let_go_on()
            case Say(text):
                self._say("info", text)
            case Show():
                self._channel.send(shown(effect))
            case Drawing():
                self._draw(effect)
            case Writing():
                self._write_out(effect)
            case HandOver(name):
                if name is not None and name not in self._counted:
                    self._say(
                        "warning",
                        f'handoff("{name}"): a picture keeps the name that plot(…) gave it.',
                    )

    def _write_out(self, effect: Writing) -> None:
        stem, _, kind = effect.name.rpartition(".")
        if effect.name in self._counted:
            raise _same_name("files", effect.name, "export", effect.node.id)
        behind = accounts_behind(self._program, self._interpreter.accounts, [str(effect.node.flow)])
        self._counted[effect.name] = counted_file(effect.name, behind, effect.rows)
        self._made.append((stem, kind, effect.data))

    def _draw(self, drawing: Drawing) -> None:
        name, view = drawing.name, drawing.view
        if name in self._counted:
            raise _same_name("plots", name, "plot", drawing.node.id)
        if isinstance(view, Report):
            self._print(drawing, view)
            return
        with self._times.stage("view"), self._interpreter.placed(drawing.node.id):
            timing = self._timing(drawing)
            pictures = self._pictures(drawing, timing)
            picture = pictures.whole(view)
        with self._times.stage("compose"), self._interpreter.placed(drawing.node.id):
            film = None if timing is None else film_of(picture, timing.timeline)
            scene = compose(picture) if film is None else film.still
        provenance = self._accounted(drawing, pictures, scene.ledger)
        if film is not None:
            self._film(name, film, self._kinds(drawing), provenance)
            return
        self._still(name, scene, self._kinds(drawing), provenance)
        if any(kind in KINDS for kind in self._job.formats):
            self._say("info", f"{name}: nothing in this picture moves, so no film is made of it")

    def _pictures(self, drawing: Drawing, timing: Timing | None) -> Pictures:
        if drawing.within is None:
            return Pictures(self._program, self._params, self._interpreter.placed, timing)
        return Pictures(
            drawing.within.program, {}, lambda _: self._interpreter.placed(drawing.node.id), timing
        )

    def _still(
        self, name: str, scene: Scene, kinds: Sequence[str], provenance: Mapping[str, Any]
    ) -> None:
        for number, kind in enumerate(kinds):
            self._progress(f"draw {name}", number, len(kinds), "files")
            with self._times.stage(f"draw {kind}"):
                self._made.append((name, kind, draw(scene, kind, provenance)))

    def _print(self, drawing: Drawing, report: Report) -> None:
        """Set a report: one PDF, and each sheet as a picture of its own in the other kinds that were asked for."""
        name = drawing.name
        pictures = Pictures(self._program, self._params, self._interpreter.placed)
        with self._times.stage("view"), self._interpreter.placed(drawing.node.id):
            document = Reports(pictures).of(report)
        with self._times.stage("compose"), self._interpreter.placed(drawing.node.id):
            sheets = typeset(document, self._measured)
        provenance = self._accounted(drawing, pictures, [c for s in sheets for c in s.ledger])
        with self._times.stage("draw pdf"):
            whole = bound_sheets(sheets, report.title, report.author, provenance)
        self._made.append((name, "pdf", whole))
        for kind in (kind for kind in self._kinds(drawing) if kind != "pdf"):
            for number, sheet in enumerate(sheets, start=1):
                self._progress(f"draw {name}", number, len(sheets), "sheets")
                with self._times.stage(f"draw {kind}"):
                    picture = draw(sheet, kind, provenance)
                self._made.append((sheet_name(name, number), kind, picture))

    def _measured(self, formula: Formula, size: float) -> tuple[float, float, float]:
        with self._interpreter.placed(formula.source):
            return measured(replace(formula, source=""), size)

    def _kinds(self, drawing: Drawing) -> list[str]:
        """Give the kinds of file to make, in one order."""
        kinds = kinds_of(drawing.node.node, self._job.formats)
        return [kind for kind in (*KINDS, *FORMATS, SIXEL) if kind in kinds]

    def _film(
        self, name: str, film: Film, kinds: Sequence[str], provenance: Mapping[str, Any]
    ) -> None:
        """Draw a film, and its last picture for whoever cannot play it."""
        moving = [kind for kind in kinds if kind in KINDS]
        still = [kind for kind in kinds if kind not in KINDS]
        pictures = film.timeline.pictures
        with self._times.stage("draw film"):
            made = filmed(
                film,
                moving,
                provenance,
                lambda done: self._progress(f"draw {name}", done, pictures, "pictures"),
            )
        self._made += [(name, kind, data) for kind, data in made.items()]
        self._still(name, film.scene(pictures - 1), still, provenance)
        papers = [kind.upper() for kind in still if kind not in ("png", SIXEL)]
        if papers:
            self._say(
                "info", f"{name}: the last picture of the film is drawn as {' and '.join(papers)}"
            )

    def _timing(self, drawing: Drawing) -> Timing | None:
        if drawing.motion is None or isinstance(drawing.view, Report):
            return None
        views = list(views_of(drawing.view))
        gliding = any(mark.key for view in views for mark in view.picture.marks)
        made = timing([view.table for view in views], drawing.motion, gliding)
        if made.caption:
            self._say(
                "warning",
                f"{drawing.name}: {made.caption} are shown, evenly spaced; max_frames says how many may be",
            )
        return made

    def _accounted(
        self, drawing: Drawing, pictures: Pictures, layers: Sequence[LayerCounts]
    ) -> dict[str, Any]:
        """Keep the row ledger of a picture; give the provenance that goes into it."""
        for made in pictures.made:
            for note in (*made.notes, *_thin(made)):
                self._say("warning", f"{drawing.name}: {note}")
        sources = pictures.sources if drawing.within is None else [drawing.within.step]
        behind = accounts_behind(self._program, self._interpreter.accounts, sources)
        read = self._data.read_by(account.id for account in behind)
        ledger = ledger_of(drawing.name, behind, pictures.made, layers, read)
        self._counted[drawing.name] = ledger.message
        embedded = dict(ledger.embedded)
        if pictures.timing is not None:
            left_out = sum(made.left_out for made in pictures.made)
            embedded["film"] = pictures.timing.as_json(left_out)
        return {**self._provenance, "ledger": embedded, "versions": versions()}

    def _say(self, level: Literal["info", "warning"], text: str) -> None:
        self._channel.send(Note(level=level, text=text[:_LONGEST_NOTE]))

    def _progress(self, stage: str, done: int, total: int, unit: str) -> None:
        self._channel.send(Progress(stage=stage, done=done, total=total, unit=unit))


def _same_name(what: str, name: str, word: str, node: str) -> PlacedError:
    help = f'name them: {word}("…")'
    return PlacedError(SAME_NAME, f'two {what} are called "{name}"', word, help, node=node)


def versions() -> dict[str, str]:
    """Give the versions of Python and of the libraries that computed and drew a picture."""
    return {
        "python": platform.python_version(),
        "matplotlib": MATPLOTLIB_VERSION,
        "numpy": np.__version__,
        "polars": pl.__version__,
        "pyav": AV_VERSION,
        "scipy": scipy.__version__,
    }


def _thin(made: Composed) -> list[str]:
    few = max((below for _, _, below in made.counts.values()), default=0)
    if not few:
        return []
    return [
        f"{few} of {made.rows} points rest on fewer than 2 values: no interval can be given for them"
    ]
