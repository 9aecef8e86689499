"""scale, pca and kmeans against numpy written another way."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from p2std.errors import NotComputable
from p2std.kernels.arrays import clustered, principal_axes
from tagged import call, col, lit, op, ran

RNG = np.random.default_rng(11)
NAN = float("nan")


def table(x: np.ndarray, prefix: str = "w") -> pl.DataFrame:
    return pl.DataFrame({f"{prefix}{i}": column for i, column in enumerate(x.T)})


def names(x: np.ndarray) -> list[str]:
    return [f"w{i}" for i in range(x.shape[1])]


def scores(x: np.ndarray, n: int = 2) -> np.ndarray:
    found = ran("pca", table(x), cols=names(x), n=n, fit_on=None)
    return found.select(f"pc{i + 1}" for i in range(n)).to_numpy()


# ------------------------------------------------------------ scale
def test_zscore_uses_the_sample_deviation() -> None:
    x = RNG.normal(3, 5, (50, 2))
    found = ran("scale", table(x), cols=names(x), method="zscore").to_numpy()
    assert found == pytest.approx((x - x.mean(0)) / x.std(0, ddof=1))


def test_minmax_and_unit() -> None:
    x = RNG.normal(3, 5, (50, 2))
    assert ran("scale", table(x), cols=names(x), method="minmax").to_numpy() == pytest.approx(
        (x - x.min(0)) / np.ptp(x, axis=0)
    )
    assert ran("scale", table(x), cols=names(x), method="unit").to_numpy() == pytest.approx(
        x / np.linalg.norm(x, axis=0)
    )


@pytest.mark.parametrize("method", ["zscore", "minmax", "unit"])
def test_scale_keeps_missing_and_flattens_what_has_no_spread(method: str) -> None:
    frame = pl.DataFrame({"a": [0.0, None, 0.0, NAN], "b": [1, 2, None, 4]})
    found = ran("scale", frame, cols=["a", "b"], method=method)
    assert found["a"].to_list() == [0.0, None, 0.0, None]
    assert found["b"].null_count() == 1
    assert ran("scale", frame.clear(), cols=["a", "b"], method=method).height == 0
    assert ran("scale", pl.DataFrame({"a": [0.0]}), cols=["a"], method=method)["a"].to_list() == [
        0.0
    ]


@pytest.mark.parametrize("method", ["zscore", "minmax", "unit"])
def test_scale_does_not_depend_on_the_size_of_values(method: str) -> None:
    x = RNG.normal(size=(20, 1))
    plain = ran("scale", table(x), cols=["w0"], method=method).to_numpy()
    for size in (1e300, 1e-300):
        found = ran("scale", table(x * size), cols=["w0"], method=method).to_numpy()
        assert found == pytest.approx(plain)


# ------------------------------------------------------------ pca
def test_pca_finds_the_eigenvectors_of_the_covariance() -> None:
    x = RNG.normal(size=(400, 6)) @ RNG.normal(size=(6, 6)) + 10
    values, vectors = np.linalg.eigh(np.cov(x.T))
    axes = vectors[:, ::-1][:, :3]
    strongest = np.abs(axes).argmax(0)
    axes = axes * np.sign(axes[strongest, range(3)])
    assert scores(x, 3) == pytest.approx((x - x.mean(0)) @ axes, rel=1e-9, abs=1e-9)
    assert scores(x, 3).var(0, ddof=1) == pytest.approx(values[::-1][:3])


def test_the_largest_loading_is_positive() -> None:
    for seed in range(10):
        x = np.random.default_rng(seed).normal(size=(30, 4))
        _, axes = principal_axes(x, 4)
        assert (axes[range(4), np.abs(axes).argmax(1)] > 0).all()
        assert axes @ axes.T == pytest.approx(np.eye(4), abs=1e-12)


def test_pca_does_not_depend_on_the_blocks_it_is_computed_in() -> None:
    x = RNG.normal(size=(150_000, 3)) * [3.0, 2.0, 1.0]
    _, _, axes = np.linalg.svd(x - x.mean(0), full_matrices=False)
    found = principal_axes(x, 3)[1]
    assert np.abs(found @ axes.T) == pytest.approx(np.eye(3), abs=1e-9)


def test_pca_leaves_out_incomplete_rows() -> None:
    x = RNG.normal(size=(40, 3))
    holes = x.copy()
    holes[5, 1] = np.nan
    whole = scores(np.delete(x, 5, 0))
    found = scores(holes)
    assert np.isnan(found[5]).all()
    assert np.delete(found, 5, 0) == pytest.approx(whole)


def test_pca_of_one_row_and_of_constant_columns_is_zero() -> None:
    assert (scores(np.array([[1.0, 2.0, 3.0]])) == 0).all()
    assert (scores(np.ones((5, 3))) == 0).all()


@pytest.mark.parametrize("size", [1e-200, 1e200])
def test_pca_of_tiny_and_huge_values(size: float) -> None:
    x = RNG.normal(size=(30, 3)) * [3.0, 2.0, 1.0]
    assert scores(x * size) / size == pytest.approx(scores(x), rel=1e-6, abs=1e-6)


def test_pca_can_be_fitted_on_some_rows() -> None:
    x = RNG.normal(size=(60, 3))
    frame = table(x).with_columns(step=pl.Series([0] * 30 + [1] * 30))
    mean, axes = principal_axes(x[30:], 2)
    for fit_on in (op("==", col("step"), lit(1)), call("last", x=col("step"))):
        found = ran("pca", frame, cols=names(x), n=2, fit_on=fit_on).select("pc1", "pc2")
        assert found.to_numpy() == pytest.approx((x - mean) @ axes.T)


def test_pca_refuses_what_it_cannot_do() -> None:
    empty = table(np.empty((0, 2)))
    for frame, n in ((empty, 2), (table(RNG.normal(size=(5, 2))), 3)):
        with pytest.raises(NotComputable):
            ran("pca", frame, cols=["w0", "w1"], n=n, fit_on=None)
    with pytest.raises(NotComputable, match="infinite"):
        scores(np.array([[1.0, np.inf], [2.0, 1.0]]))


def test_pca_gives_the_same_bits_again() -> None:
    x = RNG.normal(size=(5000, 20))
    assert (scores(x) == scores(x)).all()


# ------------------------------------------------------------ kmeans
def blobs(k: int = 4, each: int = 60) -> tuple[np.ndarray, np.ndarray]:
    centres = np.array([[0.0, 0.0], [3.0, 10.0], [10.0, 0.0], [13.0, 10.0]])[:k]
    return np.vstack([c + RNG.normal(0, 0.5, (each, 2)) for c in centres]), centres


def test_kmeans_finds_separate_groups_and_numbers_them_by_centroid() -> None:
    x, centres = blobs()
    labels, centroids = clustered(RNG.permutation(x), 4, 0, 100)
    assert centroids == pytest.approx(centres, abs=0.4)
    assert np.bincount(labels).tolist() == [60, 60, 60, 60]
    for seed in range(5):
        assert clustered(x, 4, seed, 100)[0].tolist() == np.repeat(range(4), 60).tolist()


def test_every_row_is_nearest_to_its_own_centroid() -> None:
    x = RNG.normal(size=(500, 3))
    labels, centroids = clustered(x, 7, 3, 300)
    distances = np.linalg.norm(x[:, None] - centroids[None], axis=2)
    assert (distances.argmin(1) == labels).all()
    for k in range(7):
        assert centroids[k] == pytest.approx(x[labels == k].mean(0))
    assert (np.lexsort(centroids.T[::-1]) == np.arange(7)).all()


def test_kmeans_is_as_good_as_scipys() -> None:
    from scipy.cluster.vq import kmeans as other

    x = RNG.normal(size=(300, 2))
    labels, centroids = clustered(x, 5, 0, 300)
    own = np.linalg.norm(x - centroids[labels], axis=1).mean()
    theirs = other(x, 5, iter=10, rng=np.random.default_rng(0))[1]
    assert own < theirs * 1.1


def test_kmeans_never_leaves_a_cluster_empty() -> None:
    x = np.array([[0.0], [0.0], [0.0], [1.0], [50.0]])
    for seed in range(20):
        assert set(clustered(x, 3, seed, 50)[0]) == {0, 1, 2}


def test_rows_far_from_their_centroid_and_incomplete_rows_belong_nowhere() -> None:
    frame = pl.DataFrame({"a": [0.0, 0.1, None, 5.0, 5.1, 9.0], "b": [0.0] * 6})
    found = ran("kmeans", frame, on=["a", "b"], k=2, max_distance=2.0, seed=0, iters=100)
    assert found["cluster"].to_list() == [0, 0, None, 1, 1, None]
    assert found["cluster"].dtype == pl.Int64


@pytest.mark.parametrize(
    ("rows", "k"), [([], 1), ([1.0], 2), ([1.0, 1.0, 1.0], 2), ([1.0, 2.0], 0)]
)
def test_kmeans_refuses_more_clusters_than_different_rows(rows: list[float], k: int) -> None:
    frame = pl.DataFrame({"a": pl.Series(rows, dtype=pl.Float64)})
    with pytest.raises(NotComputable):
        ran("kmeans", frame, on=["a"], k=k, max_distance=None, seed=0, iters=10)


def test_kmeans_of_one_row() -> None:
    found = ran(
        "kmeans", pl.DataFrame({"a": [3.0]}), on=["a"], k=1, max_distance=None, seed=0, iters=10
    )
    assert found["cluster"].to_list() == [0]
