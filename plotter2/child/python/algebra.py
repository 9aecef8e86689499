"""Linear algebra for scripts: small, exact types in, plain arrays out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from plotter2.child.python.arrays import Array, as_array
from plotter2.child.python.facade import wrong
from plotter2.child.python.held import Numbers, element, quiet
from plotter2.child.run_codes import SCRIPT_FAILED
from plotter2.errors import RunError

_WIDEST: Final = 2_000
_MOST_COEFFICIENTS: Final = 20


def _matrix(value: Any, *, square: bool = False) -> Numbers:
    array = as_array(value)
    if array.ndim != 2 or (square and array.shape[0] != array.shape[1]):
        wanted = "a square matrix" if square else "a matrix"
        raise wrong(f"{wanted} is wanted, not an array of shape {array.shape}", "look at a.shape")
    if not array.size:
        raise wrong("a matrix with numbers is wanted, not an empty one", "look at a.shape")
    if array.missing.any() or not np.isfinite(array.values.astype(float)).all():
        raise wrong("a matrix needs all its numbers, and finite ones", "write a.fill(0) first")
    if max(array.shape) > _WIDEST and min(array.shape) > _WIDEST:
        raise wrong(f"a matrix of {array.shape} is too large", f"at most {_WIDEST} on one side")
    return array.values.astype(float)


def _done(run: Callable[[], Any]) -> Any:
    try:
        with quiet():
            return run()
    except np.linalg.LinAlgError as error:
        raise RunError(
            SCRIPT_FAILED,
            f"the matrix does not allow this: {str(error).lower()}",
            help="look at num.det(a) and at its rows",
        ) from None


def solve(a: Any, b: Any) -> Array:
    """x with a @ x = b"""
    left, right = _matrix(a, square=True), as_array(b).values.astype(float)
    if right.shape[:1] != left.shape[:1]:
        raise wrong("both sides of solve() have as many rows", "look at a.shape and b.shape")
    return Array(_done(lambda: np.linalg.solve(left, right)))


def lstsq(a: Any, b: Any) -> Array:
    """x for which a @ x is nearest to b"""
    left, right = _matrix(a), as_array(b).values.astype(float)
    if right.shape[:1] != left.shape[:1]:
        raise wrong("both sides of lstsq() have as many rows", "look at a.shape and b.shape")
    return Array(_done(lambda: np.linalg.lstsq(left, right, rcond=None))[0])


def inv(a: Any) -> Array:
    """the inverse matrix"""
    values = _matrix(a, square=True)
    return Array(_done(lambda: np.linalg.inv(values)))


def det(a: Any) -> Any:
    """the determinant"""
    values = _matrix(a, square=True)
    return element(_done(lambda: np.linalg.det(values)))


def trace(a: Any) -> Any:
    """the sum of the diagonal"""
    return element(np.trace(_matrix(a, square=True)))


def eigh(a: Any) -> tuple[Array, Array]:
    """eigenvalues and eigenvectors (columns) of a symmetric matrix, from small to large"""
    values = _matrix(a, square=True)
    if not np.allclose(values, values.T):
        raise wrong("eigh() takes a symmetric matrix", "write num.eigh((a + a.T) / 2)")
    found, vectors = _done(lambda: np.linalg.eigh(values))
    return Array(found), Array(vectors * _signs(vectors))


def svd(a: Any) -> tuple[Array, Array, Array]:
    """u, s, vt with a = u @ diag(s) @ vt"""
    values = _matrix(a)
    u, s, vt = _done(lambda: np.linalg.svd(values, full_matrices=False))
    signs = _signs(u)
    return Array(u * signs), Array(s), Array(vt * signs[:, None])


def _signs(vectors: Numbers) -> Numbers:
    # Which way a vector points is the library's choice: the largest part is positive here.
    signs: Numbers = np.sign(
        vectors[np.argmax(np.abs(vectors), axis=0), np.arange(vectors.shape[1])]
    )
    signs[signs == 0] = 1
    return signs


def norm(a: Any) -> Any:
    """the length of a vector, or of a matrix as one long vector"""
    return element(np.linalg.norm(as_array(a).there.astype(float)))


def outer(x: Any, y: Any) -> Array:
    """the matrix of all products of two vectors"""
    a, b = as_array(x), as_array(y)
    if a.ndim != 1 or b.ndim != 1:
        raise wrong("outer() takes two vectors", "write num.outer(x, y)")
    column = Array(a.values[:, None], a.missing[:, None])
    return column * b


def diag(x: Any) -> Array:
    """the diagonal of a matrix, or the matrix with this diagonal"""
    values = as_array(x).values
    if values.ndim == 1 and values.size > _WIDEST:
        raise wrong(f"a diagonal of {values.size} is too long", f"at most {_WIDEST} is allowed")
    return Array(np.diag(values).copy())


def transpose(a: Any) -> Array:
    """rows and columns exchanged"""
    return as_array(a).T


def polyval(coefficients: Any, x: Any) -> Any:
    """the polynomial with these coefficients, from the constant up, at x"""
    weights, points = as_array(coefficients), as_array(x)
    if weights.ndim != 1 or not 0 < weights.size <= _MOST_COEFFICIENTS or weights.missing.any():
        raise wrong("polyval() takes a few coefficients", "write num.polyval(fit(x, y), x)")
    with quiet():
        made = np.polynomial.polynomial.polyval(points.values.astype(float), weights.values)
    result = Array(np.asarray(made), points.missing)
    return result if points.ndim else element(result.values[()], bool(points.missing[()]))


def fit(x: Any, y: Any, degree: Any = 1) -> Array:
    """the coefficients, from the constant up, of the polynomial through a cloud: fit(x, y, degree=2)"""
    a, b = as_array(x), as_array(y)
    if a.ndim != 1 or a.shape != b.shape:
        raise wrong("fit() takes two columns of one length", "take both from one table")
    if type(degree) is not int or not 0 <= degree < _MOST_COEFFICIENTS:
        raise wrong("the degree of fit() is a small whole number", "write fit(x, y, degree=2)")
    both = ~(a.missing | b.missing)
    left, right = a.values[both].astype(float), b.values[both].astype(float)
    if np.unique(left).size <= degree or not (np.isfinite(left).all() and np.isfinite(right).all()):
        raise wrong(
            f"a fit of degree {degree} needs {degree + 1} points that differ",
            "fit a smaller degree",
        )
    # With `full` it does not warn of points that lie badly.
    return Array(_done(lambda: np.polynomial.polynomial.polyfit(left, right, degree, full=True))[0])


ALGEBRA: Final[dict[str, Callable[..., Any]]] = {
    run.__name__: run
    for run in (solve, lstsq, inv, det, trace, eigh, svd, norm, outer, diag, transpose, polyval)
}
