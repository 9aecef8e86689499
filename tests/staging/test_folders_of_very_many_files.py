"""A folder with more files than one message can name becomes one bundle all the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from plotter2.datter.store import Store
from plotter2.wire.codec import encode
from plotter2.wire.messages import ReadJob
from reader_samples import Answered, read_here
from staging_samples import staged

LARGEST = 64 << 10
LONG = "x" * 120


def test_all_of_them_are_tables_of_one_bundle(tmp_path: Path) -> None:
    folder = tmp_path / "exp"
    folder.mkdir()
    (folder / "params.json").write_text('{"lr": 0.5}')
    for number in range(200):
        (folder / f"{LONG}{number}.csv").write_text(f"a\n{number}\n")
        np.save(folder / f"{LONG}{number}.npy", np.full((2, 2, 2), float(number)))
    asked: list[int] = []

    def read(job: ReadJob, fds: tuple[int, ...]) -> Answered:
        asked.append(len(job.files))
        assert len(encode(job)) < LARGEST
        return read_here(job, fds)

    with Store.open(tmp_path / "root") as store:
        first = staged([folder], None, read, store)
        (row,) = store.find("exp")
        bundle = store.bundle(row.id)
        assert len(bundle.tables) == 400
        assert row.params == {"lr": 0.5}
        assert len(bundle.provenance.files) == 401
        assert (len(asked) > 1, sum(asked)) == (True, 401)
        again = staged([folder], None, read, store)
        assert [each.outcome for each in again.bundles] == ["already there"]
        assert [each.id for each in again.bundles] == [each.id for each in first.bundles]
