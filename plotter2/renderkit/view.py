"""What is to be drawn: layers of columns with channels, axes, legend, facets. Plain values; nothing is computed here.

Columns are numpy arrays (float64, int64, bool; NaN is null) or a `Factor` (text). Times are float64 seconds.
Lengths (width, size, frame) are points, 1/72 inch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from plotter2.renderkit.scene import Family

Kind: TypeAlias = Literal[
    "line", "band", "point", "bar", "box", "polygon", "heatmap", "rule", "text", "circle"
]
ScaleName: TypeAlias = Literal["linear", "log", "symlog"]
Place: TypeAlias = Literal[
    "best", "upper left", "upper right", "lower left", "lower right", "outside"
]
Share: TypeAlias = Literal["both", "x", "y", "none"]
Option: TypeAlias = float | str | bool | tuple[float, ...]

MILLIMETRE: Final = 72 / 25.4
"""Points in one millimetre."""


@dataclass(frozen=True, slots=True, eq=False)
class Factor:
    """A column of text: `codes` (int32, one a row, -1 = null) point into `levels`, whose order is kept in the picture.

    Give numbers that only name things (a cluster, a class) as a Factor too: they then get distinct colours, not shades.
    """

    codes: NDArray[np.int32]
    levels: tuple[str, ...]


Column: TypeAlias = NDArray[Any] | Factor


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """When the rows of a layer are shown, in a film: row i at moment `codes[i]` (int32; -1: never).

    With `grows` a row stays from its moment on. `keys` tell which rows are the same thing at different moments
    (int32, -1: nothing in particular): between two moments a point with a key glides from one place to the other.
    """

    codes: NDArray[np.int32]
    grows: bool = False
    keys: NDArray[np.int32] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One mark over one table.

    | kind | channels needed | channels allowed | options |
    |---|---|---|---|
    | line | x y | colour | alpha width colour label |
    | band | x lo hi | colour | alpha colour label |
    | point | x y | colour size shape | alpha size colour label marker |
    | bar | x y | colour width | alpha colour label |
    | box | x y | colour | whiskers colour label |
    | polygon | x y | colour | alpha width colour label |
    | heatmap | x y fill | | |
    | rule | | x y | x y (a number or several) alpha width colour |
    | text | x y label | colour (names of colours) | at ("data", "centroid", "end") size colour |
    | circle | x y and one of around, radius | colour | pad (share of the radius) alpha width colour |

    `by` names more columns that split lines, bands and polygons into groups. A histogram is a bar layer with a `width`
    channel.
    `moments` tell when each row is shown in a film; a layer without stands still.
    All columns of a layer have the same number of rows.
    """

    kind: Kind
    columns: Mapping[str, Column]
    channels: Mapping[str, str]
    by: tuple[str, ...] = ()
    options: Mapping[str, Option] = field(default_factory=dict)
    moments: Moments | None = None


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis. `label` None shows the column's name; `unit` is added as `label [unit]`; a None limit is automatic."""

    label: str | None = None
    scale: ScaleName = "linear"
    limits: tuple[float | None, float | None] = (None, None)
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Legend:
    """The legend. `title` None shows the name of the colour column; "best" covers no data or goes outside."""

    show: bool = True
    title: str | None = None
    at: Place = "best"


@dataclass(frozen=True, slots=True)
class Facet:
    """Small multiples: one panel for each value of the columns named by `cols` and `rows`."""

    cols: str | None = None
    rows: str | None = None
    share: Share = "both"
    max_panels: int = 36


@dataclass(frozen=True, slots=True)
class Gradient:
    """The colours of a fill and of continuous colour: viridis, magma, cividis or greys; domain None is the data's."""

    name: str = "viridis"
    domain: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """One plot. `size` is (width, height) in points; None chooses 160 x 100 mm, more for many panels.

    `titles` has the title at each moment of a film; empty when it stays the same.
    `palette` are colours (#RRGGBB) for categories and for numbers of few different values; without it they are ours.
    """

    layers: tuple[Layer, ...]
    title: str = ""
    size: tuple[float, float] | None = None
    x: Axis = Axis()
    y: Axis = Axis()
    equal: bool = False
    legend: Legend = Legend()
    facet: Facet | None = None
    gradient: Gradient = Gradient()
    palette: tuple[str, ...] = ()
    caption: str = ""
    titles: tuple[str, ...] = ()
    font: Family = "sans"


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Several plots or grids in one picture, filled row by row; their own sizes are not used.

    `rows` None makes as many rows as are filled. `titles` has the title at each moment of a film, as in a View.
    """

    views: tuple[View | Grid, ...]
    cols: int = 2
    title: str = ""
    size: tuple[float, float] | None = None
    caption: str = ""
    rows: int | None = None
    font: Family = "sans"
    titles: tuple[str, ...] = ()
