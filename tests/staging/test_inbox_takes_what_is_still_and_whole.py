"""What is dropped into the inbox is taken when it is whole, stored once, or kept with its reason."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import logger2
from plotter2.datter.store import Store
from plotter2.errors import DataError, HostError
from plotter2.staging import Inbox, Told, quarantine
from plotter2.staging.arriving import EMPTY_S, Arrivals
from plotter2.staging.grounds import Grounds
from plotter2.staging.inbox import Step, status
from plotter2.wire.codes import LAYER_FAILED, MEMORY_LIMIT
from plotter2.wire.messages import ReadJob
from reader_samples import DATA, Answered, read_here
from staging_samples import attempts, drop, read_plainly


class Place:
    """A root with an inbox that is held."""

    def __init__(self, root: Path, store: Store) -> None:
        self.root = root
        self.store = store
        self.submit = read_here
        self.told: list[Told] = []
        self.inbox = Inbox(store, self._read, self.told.append, still_s=0)

    def _read(self, job: ReadJob, fds: tuple[int, ...]) -> Answered:
        return self.submit(job, fds)

    def steps(self, number: int = 2) -> Step:
        return [self.inbox.step() for _ in range(number)][-1]

    def waiting(self) -> dict[str, str]:
        return {one.name: one.why for one in self.steps().waiting}

    @property
    def reasons(self) -> tuple[quarantine.Reason, ...]:
        return quarantine.listed(self.inbox.grounds)

    def places(self, name: str) -> list[str]:
        """Say in which of the three folders a name lies."""
        found = [*self.root.glob("inbox/*"), *self.root.glob("staged/*/*")]
        found += self.root.glob("quarantine/*/kept/*")
        return [path.relative_to(self.root).parts[0] for path in found if path.name == name]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with Store.open(tmp_path / "root") as store:
        made = Place(tmp_path / "root", store)
        with made.inbox.held():
            yield made


# ------------------------------------------------------------ when something is taken
def test_a_file_is_taken_at_the_second_look(place: Place) -> None:
    drop(place.root, "curve.csv", "a,b\n1,2\n")
    assert place.steps(1).waiting[0].why == "it came or changed a moment ago"
    assert place.steps(1).stored == 1
    assert [told.what for told in place.told] == ["staged", "stored"]
    assert place.told[1].detail == "curve: 1 added"
    assert attempts(place.store) == {"curve": 1}
    assert place.places("curve.csv") == []
    assert list((place.root / "staged").iterdir()) == [place.root / "staged" / ".lock"]


def test_a_file_that_grows_is_waited_for(place: Place) -> None:
    path = drop(place.root, "curve.csv", "a\n1\n")
    for number in range(3):
        assert place.steps(1).staged == 0
        with path.open("a") as file:
            file.write(f"{number}\n")
    place.steps()
    assert place.store.schema_of("curve").rows == 4


def test_a_file_that_somebody_has_open_for_writing_is_waited_for(place: Place) -> None:
    with (place.root / "inbox" / "curve.csv").open("w") as file:
        file.write("a\n1\n")
        file.flush()
        assert place.waiting() == {"curve.csv": "a program is writing it"}
    assert place.steps(1).stored == 1


def test_a_file_deep_in_a_folder_that_somebody_writes_is_waited_for(place: Place) -> None:
    folder = place.root / "inbox" / "sweep" / "run0"
    folder.mkdir(parents=True)
    with (folder / "a.csv").open("w") as file:
        file.write("a\n1\n")
        file.flush()
        assert place.waiting() == {"sweep": "a program is writing it"}
    assert place.steps(1).stored == 1
    assert set(attempts(place.store)) == {"sweep", "sweep/run0"}


def test_what_waits_for_long_is_marked_so(tmp_path: Path) -> None:
    grounds, now = Grounds(tmp_path), [0.0]
    grounds.make()
    arrivals = Arrivals(grounds, clock=lambda: now[0])
    growing = grounds.inbox / "growing.csv"
    late = {}
    for moment in (0.0, 30.0, EMPTY_S, EMPTY_S + 1):
        now[0] = moment
        with growing.open("a") as file:
            file.write("1\n")
        (waiting,) = arrivals.scan().waiting
        assert waiting.why == "it came or changed a moment ago"
        late[moment] = waiting.is_late
    assert late == {0.0: False, 30.0: False, EMPTY_S: False, EMPTY_S + 1: True}


@pytest.mark.parametrize("name", ["a.csv.part", "a.csv.tmp", "A.CSV.PART", "a.csv~"])
def test_unfinished_names_are_left_alone_until_they_are_renamed(place: Place, name: str) -> None:
    path = place.root / "inbox" / name
    path.write_text("a\n1\n")
    (place.root / "inbox" / ".a.csv.Xy3").write_text("a\n1\n")
    assert place.waiting() == {name: "its name says that it is not finished"}
    path.rename(place.root / "inbox" / "a.csv")
    assert place.steps().stored == 1


def test_what_is_empty_is_waited_for_a_minute(tmp_path: Path) -> None:
    grounds, now = Grounds(tmp_path), [0.0]
    grounds.make()
    arrivals = Arrivals(grounds, clock=lambda: now[0])
    (grounds.inbox / "folder" / "inside").mkdir(parents=True)
    (grounds.inbox / "file.csv").touch()
    (grounds.inbox / "full.csv").write_text("a\n1\n")
    taken = []
    for seconds in (0.0, 1.9, 2.1, EMPTY_S - 1, EMPTY_S):
        now[0] = seconds
        taken.append([path.name for path in arrivals.scan().ready])
    full, everything = ["full.csv"], ["file.csv", "folder", "full.csv"]
    assert taken == [[], [], full, full, everything]


# ------------------------------------------------------------ what becomes of it
def test_the_same_again_is_there_already_and_other_content_is_a_new_attempt(place: Place) -> None:
    for content in ("a\n1\n", "a\n1\n", "a\n2\n"):
        drop(place.root, "curve.csv", content)
        place.steps()
    details = [told.detail for told in place.told if told.what == "stored"]
    assert details == ["curve: 1 added", "curve: 1 already there", "curve: 1 new attempt"]
    assert attempts(place.store) == {"curve": 2}


def test_recorded_runs_and_folders_are_taken_whole(place: Place, tmp_path: Path) -> None:
    with logger2.run("digits", {"lr": 0.1}, axes=["lr"], dir=tmp_path / "runs") as run:
        run.log(0, loss=1.0)
    shutil.move(tmp_path / "runs" / "digits", place.root / "inbox" / "digits")
    shutil.copytree(DATA / "sklearn_sweep", place.root / "inbox" / "sweep")
    assert place.steps().stored == 2
    assert "digits/lr=0.1" in attempts(place.store)
    assert [reason.kind for reason in place.reasons] == ["lines"]
    bundle = place.store.bundle(place.store.find("sweep/lr=0.001_seed=2")[0].id)
    assert list(bundle.files) == ["status.json"]


def test_one_bad_item_goes_to_quarantine_and_holds_up_no_other(place: Place) -> None:
    for number in range(9):
        drop(place.root, f"run{number}.csv", f"a\n{number}\n" if number != 4 else "a,b\n1\n")
    step = place.steps()
    assert (step.stored, step.quarantined, step.left) == (8, 1, 0)
    assert len(attempts(place.store)) == 8
    (reason,) = place.reasons
    assert (reason.name, reason.kind, reason.code, reason.where) == (
        "run4.csv", "item", "P2-D0844", "run4.csv:2"
    )  # fmt: skip
    kept = quarantine.kept_at(place.inbox.grounds, reason)
    assert kept.read_text() == "a,b\n1\n"
    told = json.loads((kept.parents[1] / "reason.json").read_text())
    assert told["message"] == reason.message
    assert told["help"]


def test_the_same_bad_thing_again_is_kept_once(place: Place) -> None:
    for _ in range(3):
        drop(place.root, "bad.csv", "a,b\n1\n")
        place.steps()
    drop(place.root, "bad.csv", "a,b\n2\n")
    place.steps()
    assert len(place.reasons) == 2
    assert place.places("bad.csv") == ["quarantine", "quarantine"]


def test_links_and_pipes_are_put_aside_and_never_followed(place: Place, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("a\n1\n")
    (place.root / "inbox" / "link.csv").symlink_to(tmp_path / "secret.csv")
    (place.root / "inbox" / "folder").symlink_to(tmp_path)
    os.mkfifo(place.root / "inbox" / "pipe.csv")
    assert place.steps().quarantined == 3
    assert {reason.code for reason in place.reasons} == {"P2-D0832"}
    assert (tmp_path / "secret.csv").read_text() == "a\n1\n"
    assert attempts(place.store) == {}


def test_items_whose_bundles_have_one_name_are_stored_one_after_the_other(place: Place) -> None:
    for name, rows in (("a.csv", "1"), ("A.csv", "2"), ("a.tsv", "3"), ("a b.csv", "4")):
        drop(place.root, name, f"a\n{rows}\n")
    assert place.steps().stored == 4
    assert attempts(place.store) == {"a": 3, "a-b": 1}


@pytest.mark.parametrize("name", [b"tab\there.csv", b"\xff\xfe.csv", "größe\u202e.csv".encode()])
def test_names_that_no_terminal_takes_are_told_escaped(place: Place, name: bytes) -> None:
    for content in (b"a\n1\n", b"a,b\n1\n"):
        (place.root / "inbox" / os.fsdecode(name)).write_bytes(content)
        place.steps()
    assert [told.what for told in place.told] == ["staged", "stored", "staged", "quarantined"]
    assert all(told.name.isprintable() for told in place.told)
    assert place.reasons[0].name.isprintable()
    json.dumps(status(place.root).as_json()).encode("utf-8")


# ------------------------------------------------------------ troubles that are nobody's fault
def test_an_item_stays_staged_while_the_sandbox_does_not_work(place: Place) -> None:
    def broken(job: ReadJob, fds: tuple[int, ...]) -> Answered:
        raise HostError(LAYER_FAILED, "no sandbox")

    place.submit = broken
    drop(place.root, "curve.csv", "a\n1\n")
    for _ in range(2):
        with pytest.raises(HostError):
            place.steps()
        assert place.places("curve.csv") == ["staged"]
    place.submit = read_here
    assert place.steps(1).stored == 1


def test_an_item_that_no_child_can_read_goes_to_quarantine(place: Place) -> None:
    def exhausted(job: ReadJob, fds: tuple[int, ...]) -> Answered:
        if any(file.name == "huge.csv" for file in job.files):
            raise HostError(MEMORY_LIMIT, "too large", help="split it")
        return read_here(job, fds)

    place.submit = exhausted
    drop(place.root, "huge.csv", "a\n1\n")
    drop(place.root, "small.csv", "a\n1\n")
    place.steps()
    assert [(reason.name, reason.code) for reason in place.reasons] == [("huge.csv", MEMORY_LIMIT)]
    assert attempts(place.store) == {"small": 1}


def test_what_is_written_to_a_staged_file_is_not_lost(place: Place) -> None:
    writers = [(place.root / "inbox" / "curve.csv").open("w")]
    writers[0].write("a\n1\n")
    writers[0].close()

    def meddled(job: ReadJob, fds: tuple[int, ...]) -> Answered:
        answer = read_here(job, fds)
        (staged,) = place.root.glob("staged/*/curve.csv")
        with staged.open("a") as file:
            file.write("2\n")
        place.submit = read_here
        return answer

    place.submit = meddled
    assert place.steps().left == 1
    assert place.steps(1).stored == 1
    assert place.store.schema_of("curve").rows == 2


def test_a_second_watcher_is_refused_and_told_who_is_there(place: Place) -> None:
    with Store.open(place.root) as store, pytest.raises(DataError) as caught:
        Inbox(store, read_here).held().__enter__()
    assert caught.value.code == "P2-D0860"
    assert f"process {os.getpid()}" in caught.value.message
    assert status(place.root).holder.startswith(f"process {os.getpid()}")


def test_more_files_than_a_batch_are_all_taken(place: Place) -> None:
    place.submit = read_plainly
    for number in range(600):
        (place.root / "inbox" / f"run{number}.csv").write_text(
            f"bad{number}" if number % 200 == 7 else str(number)
        )
    step = place.steps()
    assert (step.staged, step.stored, step.quarantined, step.left) == (600, 597, 3, 0)
    assert len(place.store.list()) == 597


# ------------------------------------------------------------ quarantine
def test_a_thing_in_quarantine_can_be_tried_again_or_dropped(place: Place) -> None:
    grounds = place.inbox.grounds
    place.submit = read_plainly
    for name in ("one.csv", "two.csv"):
        drop(place.root, name, f"bad {name}")
    place.steps()
    one, two = sorted(place.reasons, key=lambda reason: reason.name)
    assert quarantine.find(grounds, one.id[:8]) == one
    quarantine.drop(grounds, two)
    assert place.places("two.csv") == []
    place.submit = read_here
    quarantine.retry(grounds, one, place.store.new_id())
    assert place.places("one.csv") == ["staged"]
    place.steps(1)
    assert "one" in attempts(place.store) or [reason.id for reason in place.reasons] == [one.id]
    with pytest.raises(DataError) as caught:
        quarantine.find(grounds, "nothing")
    assert caught.value.code == "P2-D0861"


def test_a_lost_reason_is_said_and_the_thing_is_there(place: Place) -> None:
    drop(place.root, "bad.csv", "a,b\n1\n")
    place.steps()
    (reason,) = place.reasons
    (place.root / "quarantine" / reason.id / "reason.json").write_text("{")
    (told,) = place.reasons
    assert (told.code, told.name) == ("P2-D0863", "bad.csv")


# ------------------------------------------------------------ what no bundle takes
def test_hidden_files_and_links_are_kept_aside_when_their_folder_is_stored(place: Place) -> None:
    def dropped() -> None:
        drop(place.root, "run/steps.csv", "a\n1\n")
        drop(place.root, "run/model.pt", "weights")
        drop(place.root, "run/deep/.hydra/config.yaml", "lr: 0.1")
        (place.root / "inbox" / "run" / "last").symlink_to("model.pt")

    dropped()
    assert place.steps().stored == 1
    (reason,) = place.reasons
    kept = quarantine.kept_at(place.inbox.grounds, reason)
    assert (reason.kind, reason.code, kept.name) == ("rest", "P2-D0864", "run")
    assert (kept / "deep" / ".hydra" / "config.yaml").read_text() == "lr: 0.1"
    assert (kept / "last").readlink() == Path("model.pt")
    assert not (kept / "steps.csv").exists()
    assert not (kept / "model.pt").exists()
    assert place.told[-1].detail.endswith(
        f"no bundle takes deep/.hydra/config.yaml, last; kept in quarantine/{reason.id}"
    )
    (row,) = place.store.find("run")
    weights = place.store.bundle(row.id).files["model.pt"]
    assert place.store.object_bytes(weights.digest) == b"weights"
    assert place.places("run") == ["quarantine"]

    dropped()
    assert place.steps().stored == 1
    assert place.reasons == (reason,)
    assert attempts(place.store) == {"run": 1}

    (kept / "last").unlink()  # as a process leaves it that died before it moved this one
    dropped()
    assert place.steps().stored == 1
    assert (kept / "last").is_symlink()
    with pytest.raises(DataError, match="whose other files are stored"):
        quarantine.retry(place.inbox.grounds, reason, place.store.new_id())
    quarantine.drop(place.inbox.grounds, reason)
    assert place.places("run") == []


def test_what_is_put_aside_is_told_by_its_name_and_not_by_where_it_was_read(place: Place) -> None:
    (place.root / "inbox" / "link").symlink_to("/etc")
    drop(place.root, "notes/a.pdf", "text")
    place.steps()
    assert {reason.message for reason in place.reasons} == {
        "link is a symbolic link",
        "notes holds nothing that can be read: it holds notes/a.pdf",
    }
    assert not any(str(place.root) in f"{r.where} {r.help}" for r in place.reasons)


def test_a_folder_of_which_all_is_read_leaves_nothing_in_quarantine(place: Place) -> None:
    drop(place.root, "run/steps.csv", "a\n1\n")
    drop(place.root, "run/config.json", '{"lr": 0.1}')
    assert place.steps().stored == 1
    assert place.reasons == ()
