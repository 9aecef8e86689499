"""Steps on numeric columns taken together as a matrix, on numpy: scale, pca, kmeans. Deterministic to the bit.

A row that misses a value in one of the columns takes no part; what is computed for it is missing.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.random import PCG64
from numpy.typing import NDArray

from p2std.binding import kernel
from p2std.errors import NotComputable
from p2std.lowering import Lowering, columns
from p2std.table import Table, Tagged, collected

Matrix = NDArray[np.float64]

_BLOCK_ROWS = 1 << 16


@kernel("step", "scale@1")
def scale(table: Table, cols: list[str], method: str) -> pl.LazyFrame:
    """Rescale each column on its own; a column without spread becomes 0.

    zscore (x - mean) / stddev with n - 1; minmax (x - min) / (max - min); unit x / sqrt(sum(x^2)).
    """
    rescaled = {"zscore": _zscore, "minmax": _minmax, "unit": _unit}[method]
    names = cols or _numeric(table)
    # Of values of size 1 no square overflows or vanishes.
    frame = table.frame.with_columns(_sized(pl.col(n).cast(pl.Float64)) for n in names)
    return frame.with_columns(rescaled(pl.col(n).fill_nan(None)).alias(n) for n in names)


@kernel("step", "pca@1")
def pca(table: Table, cols: list[str], n: int, fit_on: Tagged | None) -> pl.LazyFrame:
    """Add pc1..pcN: the rows projected on the first n principal axes of the centred columns.

    Axes are the right singular vectors of the centred matrix X = U S V' (Jolliffe, Principal Component Analysis,
    2002, 3.5), found from the triangular factor of blocked QR decompositions; the sign of each makes its loading of
    largest size positive. `fit_on` chooses the rows that mean and axes are taken from: a condition, or an aggregate
    of one column, which stands for the rows where the column has that value.
    """
    names = cols or _numeric(table)
    if not 1 <= n <= len(names):
        raise NotComputable(
            "P2-R0614",
            f"pca() of {len(names)} columns gives 1 to {len(names)} components, not {n}",
            "give fewer components or more columns",
        )
    frame = table.collected()
    x = _matrix(frame, names)
    chosen = _complete(x) & _fitted_rows(table, frame, fit_on)
    if not chosen.any():
        raise NotComputable(
            "P2-R0613", "pca() finds no row that has all its columns", "drop or fill the columns"
        )
    mean, axes = principal_axes(x[chosen], n)
    scores = (x - mean) @ axes.T
    return frame.with_columns(
        pl.Series(f"pc{i + 1}", scores[:, i]).fill_nan(None) for i in range(n)
    ).lazy()


@kernel("step", "kmeans@1")
def kmeans(
    table: Table, on: list[str], k: int, max_distance: float | None, seed: int, iters: int
) -> pl.LazyFrame:
    """Add `cluster` 0..k-1; missing beyond `max_distance` (Euclidean, to the row's own centroid).

    Lloyd's algorithm (1982) from k-means++ seeds (Arthur and Vassilvitskii, 2007; the best of 2 + ln k draws each)
    drawn with PCG64 of `seed`, until no row changes or `iters` rounds. Clusters are numbered by centroid: by the first
    column, then the next. An empty cluster takes the row farthest from its centroid.
    """
    if k < 1 or iters < 1 or seed < 0:
        raise NotComputable("P2-R0614", "kmeans() wants k and iters from 1 and a seed from 0")
    frame = table.collected()
    x = _matrix(frame, on)
    complete = _complete(x)
    rows = x[complete]
    different = len(np.unique(rows, axis=0))
    if different < k:
        raise NotComputable(
            "P2-R0613",
            f"kmeans() cannot make {k} clusters of {different} different rows",
            "give a smaller k",
        )
    labels, centroids = clustered(rows, k, seed, iters)
    if max_distance is not None:
        away = np.sqrt(_squares(rows - centroids[labels])) > max_distance
        labels = np.where(away, -1, labels)
    cluster = np.full(len(x), -1, dtype=np.int64)
    cluster[complete] = labels
    column = pl.when(pl.col("cluster") >= 0).then(pl.col("cluster"))
    return frame.with_columns(cluster=pl.Series(cluster)).lazy().with_columns(cluster=column)


def principal_axes(rows: Matrix, n: int) -> tuple[Matrix, Matrix]:
    """Give the mean and the first n principal axes (n x columns) of complete rows, signs fixed."""
    scale_ = np.abs(rows).max(initial=0.0)
    if not np.isfinite(scale_):
        raise NotComputable(
            "P2-R0616", "pca() meets an infinite value", "filter such rows out first"
        )
    # Sums of very large values overflow: work on values of size 1 and scale the mean back.
    unit = rows / scale_ if scale_ > 0 else rows
    mean = unit.mean(axis=0)
    factor = np.empty((0, rows.shape[1]))
    for start in range(0, len(unit), _BLOCK_ROWS):
        block = unit[start : start + _BLOCK_ROWS] - mean
        factor = np.asarray(np.linalg.qr(np.concatenate((factor, block)), mode="r"))
    axes = np.linalg.svd(factor, full_matrices=len(factor) < n)[2][:n]
    strongest = np.abs(axes).argmax(axis=1)
    signs = np.where(axes[np.arange(len(axes)), strongest] < 0, -1.0, 1.0)
    return mean * (scale_ or 1.0), axes * signs[:, None]


def clustered(rows: Matrix, k: int, seed: int, iters: int) -> tuple[NDArray[np.int64], Matrix]:
    """Give each complete row's cluster and the centroids, numbered by centroid."""
    centroids = _seeds(rows, k, seed)
    labels = _nearest(rows, centroids)[0]
    for _ in range(iters):
        centroids = _means(rows, labels, k, centroids)
        after = _nearest(rows, centroids)[0]
        if np.array_equal(after, labels):
            break
        labels = after
    order = np.lexsort(centroids.T[::-1])
    return np.argsort(order)[labels], centroids[order]


def _seeds(rows: Matrix, k: int, seed: int) -> Matrix:
    source = PCG64(seed)
    centroids = rows[[min(int(_uniform(source) * len(rows)), len(rows) - 1)]]
    distances = _squares(rows - centroids[0])
    tries = 2 + int(np.log(k))
    while len(centroids) < k:
        reached = np.cumsum(distances)
        last = int(np.flatnonzero(distances)[-1])
        best, chosen = None, last
        for _ in range(tries):
            index = int(np.searchsorted(reached, _uniform(source) * reached[-1], side="right"))
            after = np.minimum(distances, _squares(rows - rows[min(index, last)]))
            if best is None or after.sum() < best.sum():
                best, chosen = after, min(index, last)
        assert best is not None
        centroids, distances = np.vstack((centroids, rows[chosen])), best
    return centroids


def _uniform(source: PCG64) -> float:
    # numpy promises the raw stream for ever, the Generator's methods not.
    return (int(source.random_raw()) >> 11) * 2.0**-53


def _means(rows: Matrix, labels: NDArray[np.int64], k: int, before: Matrix) -> Matrix:
    counts = np.bincount(labels, minlength=k)
    sums = np.stack([np.bincount(labels, column, k) for column in rows.T], axis=1)
    means = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], before)
    for empty in np.flatnonzero(counts == 0):
        means[empty] = rows[_squares(rows - means[labels]).argmax()]
    return means


def _nearest(rows: Matrix, centroids: Matrix) -> tuple[NDArray[np.int64], Matrix]:
    best = np.full(len(rows), np.inf)
    labels = np.zeros(len(rows), dtype=np.int64)
    for index, centroid in enumerate(centroids):
        distance = _squares(rows - centroid)
        nearer = distance < best
        labels[nearer], best[nearer] = index, distance[nearer]
    return labels, best


def _squares(differences: Matrix) -> Matrix:
    return np.asarray(np.einsum("ij,ij->i", differences, differences))


def _matrix(frame: pl.DataFrame, names: list[str]) -> Matrix:
    picked = frame.select(pl.col(names).cast(pl.Float64).fill_null(float("nan")))
    return np.ascontiguousarray(picked.to_numpy()).reshape(frame.height, len(names))


def _complete(x: Matrix) -> NDArray[np.bool_]:
    return np.asarray(~np.isnan(x).any(axis=1))


def _fitted_rows(table: Table, frame: pl.DataFrame, fit_on: Tagged | None) -> NDArray[np.bool_]:
    if fit_on is None:
        return np.ones(frame.height, dtype=np.bool_)
    lowering = Lowering(table)
    operand = lowering.cleaned(fit_on)
    condition = operand.expr
    if operand.kind != "bool":
        column = next(iter(_columns_within(fit_on)), None)
        if column is None:
            raise NotComputable(
                "P2-R0614", "pca(fit_on=…) wants rows chosen by a column", "write fit_on=last(step)"
            )
        condition = pl.col(column) == condition
    held = lowering.applied(frame.lazy()).select(condition.fill_null(False).alias("held"))
    return collected(held)["held"].to_numpy()


def _columns_within(value: Tagged) -> list[str]:
    if value[0] == "col":
        return columns(value)
    inner = [*value[1:], *(value[2].values() if value[0] == "call" else ())]
    return [n for v in inner if isinstance(v, list) for n in _columns_within(v)]


def _numeric(table: Table) -> list[str]:
    return [n for n, t in table.schema.columns if t.kind in ("int", "number", "time")]


def _sized(x: pl.Expr) -> pl.Expr:
    largest = x.abs().max()
    return x / pl.when(largest > 0).then(largest).otherwise(1.0)


def _zscore(x: pl.Expr) -> pl.Expr:
    return _over(x - x.mean(), x.std(ddof=1), x)


def _minmax(x: pl.Expr) -> pl.Expr:
    return _over(x - x.min(), x.max() - x.min(), x)


def _unit(x: pl.Expr) -> pl.Expr:
    return _over(x, x.pow(2).sum().sqrt(), x)


def _over(shifted: pl.Expr, spread: pl.Expr, x: pl.Expr) -> pl.Expr:
    scaled = (shifted / spread).fill_nan(0.0)
    return pl.when(x.is_not_null()).then(pl.when(spread > 0).then(scaled).otherwise(0.0))
