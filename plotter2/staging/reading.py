"""Having files read: batches of bundles go to a confined child, columns come back as bytes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeAlias

from plotter2.errors import DataError, HostError
from plotter2.staging import codes
from plotter2.staging.ahead import ahead
from plotter2.staging.collecting import Answer, Collector, Keep
from plotter2.staging.found import ReadBundle, Unread
from plotter2.staging.fragments import Room, cut, names_of, put_together
from plotter2.staging.parts import Planned, Source
from plotter2.staging.sources import Copied, copied, size_of
from plotter2.staging.surviving import PERHAPS_ONE_OF_THEM, TOO_SLOW, without_deadly
from plotter2.wire.messages import ReadFile, ReadJob

BATCH_BYTES = 128 << 20
BATCH_FILES = 250
BATCH_PARTS = 4_000
BATCH_NAME_BYTES = 24_000
"""Names travel in the job's message of at most 64 KiB, with some 40 bytes beside each."""

Submit: TypeAlias = Callable[[ReadJob, tuple[int, ...]], Answer]
"""Runs a job in a confined child; the descriptors are those after the output (numbers 1, 2, ...)."""


def read_all(bundles: Sequence[Planned], submit: Submit, keep: Keep) -> list[ReadBundle]:
    """Have all files of the planned bundles read; gives the bundles in the same order, each with what is unreadable.

    Raises what `submit` raises (DataError from the reader, HostError), but not for a file that no child survives;
    DataError P2-D0830, P2-D0832, P2-D0836 for files, P2-D0837 when the answer does not fit together.
    """
    sized = [_without_too_large(bundle) for bundle in bundles]
    bundles = [bundle for bundle, _ in sized]
    shares = list(cut(bundles, Room(BATCH_BYTES, BATCH_PARTS)))
    found: list[ReadBundle] = []
    batches = list(_batches([share for _, share in shares]))
    read = ahead(batches, lambda batch: _answered(batch, submit), _size_of, BATCH_BYTES, _close)
    with closing(read):
        for several in read:
            try:
                for answered in several:
                    found += answered.collected(keep)
            finally:
                _close(several)
    places = [place for place, _ in shares]
    whole = put_together(bundles, list(zip(places, found, strict=True)))
    for bundle, (_, too_large) in zip(whole, sized, strict=True):
        bundle.unread += too_large
    return whole


def _without_too_large(bundle: Planned) -> tuple[Planned, list[Unread]]:
    """Give a bundle without files that are larger than any reader takes, and these."""
    unread: list[Unread] = []
    for source in bundle.sources:
        try:
            size_of(source)
        except DataError as error:
            if error.code != codes.TOO_LARGE:
                raise
            said = error.code, error.message, error.where, error.help
            unread.append(Unread(source.name, (source,), *said))
    if not unread:
        return bundle, unread
    gone = {each.name for each in unread}
    sources = tuple(source for source in bundle.sources if source.name not in gone)
    return replace(bundle, sources=sources), unread


def _batches(bundles: Sequence[Planned]) -> Iterator[list[Planned]]:
    batch: list[Planned] = []
    size = files = names = 0
    for bundle in bundles:
        own_size = sum(map(size_of, bundle.sources))
        own_names = sum(map(names_of, bundle.sources))
        is_full = (
            size + own_size > BATCH_BYTES
            or files + len(bundle.sources) > BATCH_FILES
            or names + own_names > BATCH_NAME_BYTES
        )
        if batch and is_full:
            yield batch
            batch, size, files, names = [], 0, 0, 0
        batch.append(bundle)
        size, files, names = size + own_size, files + len(bundle.sources), names + own_names
    if batch:
        yield batch


@dataclass(frozen=True, slots=True)
class _Answered:
    """A batch that a child has read: the memory with its files, where each is, and what the child said.

    `unread` is what no child survives, of the only bundle.
    """

    batch: Sequence[Planned]
    memory: int | None = None
    places: tuple[Copied, ...] = ()
    answer: Answer | None = None
    unread: Sequence[Unread] = ()

    def collected(self, keep: Keep) -> list[ReadBundle]:
        """Give the bundles with what was found, their columns kept."""
        if self.memory is None or self.answer is None:
            found = [ReadBundle(planned) for planned in self.batch]
        else:
            collector = Collector(self.batch, self.places, self.memory)
            found = collector.collected(self.answer, keep)
        for bundle in found:
            bundle.unread += self.unread
        return found

    def close(self) -> None:
        """Give the memory back."""
        if self.memory is not None and self.answer is not None:
            os.close(self.memory)
            self.answer.close()


def _answered(batch: Sequence[Planned], submit: Submit) -> list[_Answered]:
    """Have a batch read in one child; one that is too much for a child, or ends it, is cut, down to the culprit."""
    try:
        return [_answered_at_once(batch, submit)]
    except HostError as error:
        if len(batch) == 1:
            error.where = error.where or batch[0].shown
        if error.code not in PERHAPS_ONE_OF_THEM:
            raise
        if len(batch) == 1:
            return [_without_deadly(batch[0], error, submit)]
        # Each part that holds what is too slow takes all the time there is.
        cut = len(batch) if error.code in TOO_SLOW else 2
    ends = [len(batch) * part // cut for part in range(cut + 1)]
    answered: list[_Answered] = []
    try:
        for start, end in pairwise(ends):
            answered += _answered(batch[start:end], submit)
    except BaseException:
        _close(answered)
        raise
    return answered


def _answered_at_once(batch: Sequence[Planned], submit: Submit) -> _Answered:
    sources = [source for planned in batch for source in planned.sources]
    if not sources:
        return _Answered(batch)
    memory, places = copied(sources)
    try:
        return _Answered(batch, memory, places, submit(_job(places), (memory,)))
    except BaseException:
        os.close(memory)
        raise


def _without_deadly(planned: Planned, error: HostError, submit: Submit) -> _Answered:
    def read(alone: Planned) -> None:
        _answered_at_once([alone], submit).close()

    rest, unread = without_deadly(planned, error, read)
    return replace(_answered_at_once([rest], submit), unread=unread)


def _close(several: Sequence[_Answered]) -> None:
    for answered in several:
        answered.close()


def _size_of(batch: Sequence[Planned]) -> int:
    return sum(size_of(source) for planned in batch for source in planned.sources)


def _job(places: Sequence[Copied]) -> ReadJob:
    return ReadJob(
        files=[
            ReadFile(
                name=place.source.name,
                format=place.source.format,
                fd=1,
                offset=place.offset,
                length=place.length,
                pieces=list(place.pieces) if _is_in_pieces(place.source) else [],
                names=list(place.source.names),
                whole=place.source.whole,
            )
            for place in places
        ]
    )


def _is_in_pieces(source: Source) -> bool:
    return source.format == "arrow" or bool(source.names)
