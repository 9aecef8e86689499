"""A film as files: every picture is drawn once and goes into all files that are asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from plotter2.renderkit.film import Film
from plotter2.renderkit.mpl.projecting import Pixels, pixels_across, project
from plotter2.renderkit.provenance import embed
from plotter2.renderkit.video import recorder


def filmed(
    film: Film,
    kinds: Sequence[str],
    provenance: Mapping[str, Any],
    tell: Callable[[int], None] = lambda _: None,
) -> dict[str, bytes]:
    """Give the bytes of each of these files (mp4, gif, apng) with the provenance inside.

    `tell` hears how many pictures are drawn.
    """
    sample = _sample(film) if "gif" in kinds else np.zeros((1, 1, 4), np.uint8)
    size, fps = pixels_across(film), film.timeline.fps
    recorders = {kind: recorder(kind, size, fps, sample) for kind in kinds}
    done = 0

    def take(pixels: Pixels) -> None:
        nonlocal done
        for one in recorders.values():
            one.take(pixels)
        done += 1
        tell(done)

    project(film, take)
    return {kind: embed(one.finished(), provenance) for kind, one in recorders.items()}


def _sample(film: Film) -> Pixels:
    """Give the pixels of the first, the middle and the last picture beside each other."""
    last = film.timeline.pictures - 1
    taken: list[Pixels] = []
    project(film, lambda pixels: taken.append(pixels.copy()), sorted({0, last // 2, last}))
    return np.concatenate(taken)
