"""Results that take long are kept and used by later runs, which give the same pictures, byte for byte."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import plotter2
from commandline import p2, p2_json
from plotter2.api.library import Library

ROWS = 20_000
CLUSTERS = """\
p2 1
param k: int = 4 where $k in 2..9
access("points")
  | derive(far = x > 3)
  | kmeans(on=[x, y], k=$k)
  | order(desc(y))
  | summary(by=[g, cluster], m = mean(x), lo = ci_low(x), hi = ci_high(x))
  | frame
  | band(x=g, lo=lo, hi=hi, colour=cluster)
  | line(x=g, y=m, colour=cluster)
  | title("TITLE")
  | plot("points")
"""


def points(folder: Path, seed: int = 0) -> Path:
    """Write a table of points with missing values, texts and truth values, enough of them to take a while."""
    random = np.random.default_rng(seed)
    x = pl.Series(random.normal(size=ROWS)).round(3)
    table = pl.DataFrame(
        {
            "x": x.set(x < -2.5, None),
            "y": random.normal(size=ROWS).round(3),
            "g": random.integers(0, 12, ROWS),
            "who": random.choice(["ada", "grace", "émilie"], ROWS),
        }
    )
    folder.mkdir(parents=True, exist_ok=True)
    table.write_csv(folder / "main.csv")
    return folder


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Library]]:
    """Give a folder with a root, opened once: starting its children takes longer than all tests."""
    folder = tmp_path_factory.mktemp("results")
    with plotter2.open(folder / "root") as library:
        library.add([points(folder / "points")], name="points")
        library.new_key("tester@here")
        yield folder, library


@pytest.fixture
def place(opened: tuple[Path, Library]) -> Path:
    """Give the folder, with nothing kept in it."""
    shutil.rmtree(opened[0] / "root" / "cache", ignore_errors=True)
    return opened[0]


@pytest.fixture
def library(opened: tuple[Path, Library]) -> Library:
    return opened[1]


def written(place: Path, text: str, name: str = "clusters.p2") -> Path:
    script = place / name
    script.write_text(text)
    return script


def run(library: Library, script: Path, **params: Any) -> tuple[int, int, list[str]]:
    """Sign and run; gives how many results were found and kept, and the digests of the pictures."""
    library.sign(script)
    result = library.run(script, params=params)
    cache = result.record["cache"]
    return len(cache["found"]), len(cache["kept"]), [each.sha256 for each in result.artefacts]


def test_a_second_run_finds_the_result_and_draws_the_same(place: Path, library: Library) -> None:
    script = written(place, CLUSTERS)
    found, kept, first = run(library, script)
    assert (found, kept) == (0, 1)
    assert run(library, script) == (1, 0, first)


def test_the_picture_is_the_same_where_nothing_is_kept(place: Path, library: Library) -> None:
    script = written(place, CLUSTERS)
    _, _, first = run(library, script)
    settings = place / "root" / "config" / "plotter2.toml"
    settings.write_text("[cache]\nmax_mib = 0\n")
    with plotter2.open(place / "root") as without:
        assert run(without, script) == (0, 0, first)
    settings.unlink()


def test_what_is_drawn_may_change_and_what_is_computed_is_found(
    place: Path, library: Library
) -> None:
    run(library, written(place, CLUSTERS))
    found, kept, _ = run(library, written(place, CLUSTERS.replace("TITLE", "Other")))
    assert (found, kept) == (1, 0)
    other = CLUSTERS.replace("m = mean(x), ", "m = median(x), ").replace("own", "other")
    assert run(library, written(place, other, "other.p2"))[:2] == (1, 0)


def test_another_value_of_a_param_is_another_result(place: Path, library: Library) -> None:
    script = written(place, CLUSTERS)
    run(library, script)
    found, kept, _ = run(library, script, k=5)
    assert (found, kept) == (0, 1)
    assert run(library, script, k=5)[:2] == (1, 0)


def test_other_data_under_the_same_name_are_another_result(place: Path, library: Library) -> None:
    script = written(place, CLUSTERS.replace('"points"', '"moving"'))
    library.add([points(place / "moving")], name="moving")
    _, _, before = run(library, script)
    library.add([points(place / "moving", seed=1)], name="moving")
    found, kept, after = run(library, script)
    assert (found, kept) == (0, 1)
    assert before != after


def test_scripts_of_another_signer_do_not_use_it(place: Path, library: Library) -> None:
    script = written(place, CLUSTERS)
    run(library, script)
    library.new_key("somebody@else")
    key = place / "root" / "config" / "keys" / "sign_ed25519-2"
    p2_json(place / "root", "sign", script, "--key", key)
    result = library.run(script)
    assert result.record["signers"] == ["somebody@else"]
    assert len(result.record["cache"]["kept"]) == 1


def test_a_result_that_does_not_fit_is_computed_anew(place: Path, library: Library) -> None:
    script = written(place, CLUSTERS)
    _, _, first = run(library, script)
    for path in (place / "root" / "cache").iterdir():
        content = bytearray(path.read_bytes())
        content[len(content) // 2 :] = bytes(len(content) // 2)
        path.write_bytes(content)
    assert run(library, script) == (0, 1, first)


def test_a_short_computation_is_not_kept(place: Path, library: Library) -> None:
    text = 'p2 1 access("points") | head(5) | frame | point(x=x, y=y) | plot("few")'
    assert run(library, written(place, text))[:2] == (0, 0)
    assert not (place / "root" / "cache").exists()


def test_what_is_kept_can_be_shown_and_cleared(place: Path, library: Library) -> None:
    script = written(place, CLUSTERS)
    run(library, script)
    run(library, script)
    shown = p2(place / "root", "cache", "show").out
    assert "kmeans@1" in shown
    assert "1 result, " in shown
    (told,) = p2_json(place / "root", "cache", "show")["results"]
    assert (told["operation"], told["script"], told["hits"]) == ("kmeans@1", "own/clusters", 1)
    assert p2_json(place / "root", "cache", "clear")["removed"] == 1
    assert "no result is kept; 0 B of at most" in p2(place / "root", "cache", "show").out
    assert run(library, script)[:2] == (0, 1)


def test_the_folder_may_go_at_any_time(place: Path, library: Library) -> None:
    script = written(place, CLUSTERS)
    _, _, first = run(library, script)
    shutil.rmtree(place / "root" / "cache")
    assert run(library, script) == (0, 1, first)
