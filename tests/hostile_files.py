"""Hostile binary files: bombs, lies about lengths, pointers to other files, damage. Made here, nothing is stored."""

from __future__ import annotations

import io
import sqlite3
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import h5py
import numpy as np
import polars as pl
from PIL import Image

from binary_samples import SOUND_PNG, png, records
from hostile_texts import DATA, Input, one
from plotter2.child.reader_crc import masked_crc32c

ANY_END = ("P2-D", "P2-H0903", "P2-H0905", "P2-H0906", "P2-R")
"""Damaged at random: a refusal, or the end of the child, told as such."""


def flipped(data: bytes, place: float, bits: int = 0x55) -> bytes:
    broken = bytearray(data)
    broken[int(place * (len(data) - 1))] ^= bits
    return bytes(broken)


# ------------------------------------------------------------ Arrow and Parquet
FRAME = pl.DataFrame({"n": [1, 2, 3], "t": ["hello", "w\u00f6rld", "x" * 40]})
TEXTS = FRAME.select("t")


def zeros() -> pl.DataFrame:
    """Give a third of a gigabyte; it is made each time, or it would be held as long as the tests run."""
    return pl.DataFrame({"a": pl.repeat(0, 40_000_000, dtype=pl.Int64, eager=True)})


def ipc(frame: pl.DataFrame, **how: Any) -> bytes:
    buffer = io.BytesIO()
    frame.write_ipc(buffer, **how)
    return buffer.getvalue()


def parquet(frame: pl.DataFrame, **how: Any) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer, **how)
    return buffer.getvalue()


OLD = ipc(TEXTS, compat_level=pl.CompatLevel.oldest(), compression="uncompressed")
NEW = ipc(TEXTS, compat_level=pl.CompatLevel.newest(), compression="uncompressed")
OFFSETS = struct.pack("<4q", 0, 5, 11, 51)
VIEW = struct.pack("<i4s", 40, b"xxxx")


def offsets(*places: int) -> bytes:
    assert OFFSETS in OLD
    return OLD.replace(OFFSETS, struct.pack("<4q", *places))


def view(length: int, buffer: int, offset: int) -> bytes:
    at = NEW.index(VIEW)
    return NEW[:at] + struct.pack("<i4sii", length, b"xxxx", buffer, offset) + NEW[at + 16 :]


def arrow(data: bytes, *codes: str) -> Input:
    return one("x.arrow", data, *(codes or ("P2-D0857",)))


ARROW = {
    "bytes that are no text": arrow(OLD.replace(b"hello", b"hel\xff\xfe")),
    "bytes that are no text in a view": arrow(NEW.replace(b"hello", b"hel\xff\xfe")),
    "a text cut inside a character": arrow(offsets(0, 7, 11, 51)),
    "offsets that fall": arrow(offsets(0, 11, 5, 51)),
    "an offset beyond the end": arrow(offsets(0, 5, 11, 2**40)),
    "an offset below zero": arrow(offsets(-5, 5, 11, 51)),
    "a view that is too long": arrow(view(2**31 - 1, 0, 0)),
    "a view below zero": arrow(view(-1, 0, 0)),
    "a view of another buffer": arrow(view(40, 7, 0)),
    "a view beyond the end": arrow(view(40, 0, 1 << 30)),
    "zeros packed a thousand times": arrow(ipc(zeros(), compression="zstd"), "P2-D0930"),
    "lists in lists": arrow(ipc(pl.DataFrame({"a": [[[[[[1]]]]]]})), "P2-D0858"),
    "an end that lies": arrow(OLD[:-10] + struct.pack("<i", 2**31 - 1) + OLD[-6:]),
    "cut": arrow(OLD[: len(OLD) // 2]),
    "nothing but the beginning": arrow(b"ARROW1\x00\x00"),
    "a stream that lies about its length": arrow(b"\xff\xff\xff\xff\xff\xff\xff\x7f" + bytes(64)),
    **{f"damage at {n} %": arrow(flipped(NEW, n / 100), "", *ANY_END) for n in range(5, 100, 19)},
}
_PARQUET = parquet(FRAME)
PARQUET = {
    "cut": one("x.parquet", _PARQUET[:-9], "P2-D0935"),
    "an end that lies": one("x.parquet", _PARQUET[:-8] + b"\xff\xff\xff\x7fPAR1", "P2-D0935"),
    "an empty end": one("x.parquet", b"PAR1" + bytes(4) + b"PAR1", "P2-D0935"),
    "an end that nests": one(
        "x.parquet", b"PAR1" + b"\x1c" * 5_000 + struct.pack("<I", 5_000) + b"PAR1", "P2-D0935"
    ),
    "zeros packed a thousand times": one("x.parquet", parquet(zeros()), "P2-D0930"),
    "one long text a thousand times": one(
        "x.parquet", parquet(pl.DataFrame({"a": pl.repeat("x" * 1_000_000, 400, eager=True)})), "P2-D0930"
    ),
    "lists": one("x.parquet", parquet(pl.DataFrame({"a": [[1]]})), "P2-D0858"),
    **{
        f"damage at {n} %": one("x.parquet", flipped(_PARQUET, n / 100), "", *ANY_END)
        for n in range(3, 100, 9)
    },
}  # fmt: skip


# ------------------------------------------------------------ NumPy and archives
def npy(values: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, values, allow_pickle=True)
    return buffer.getvalue()


def header(descr: str, shape: str) -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def zipped(how: int = zipfile.ZIP_DEFLATED, **members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", how) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def bad_npy(data: bytes) -> Input:
    return one("x.npy", data, "P2-D0934")


ONE = npy(np.arange(3))
NUMPY = {
    "objects": one("x.npy", npy(np.array([{"a": 1}, None])), "P2-D0932"),
    "a dict": one("x.npy", npy({"a": 1}), "P2-D0932"),
    "records with objects": one("x.npy", header("[('a', '|O')]", "(1,)") + b"cos\nsystem\n", "P2-D0932"),
    "2^62 empty texts": bad_npy(header("'|S0'", f"({2**62},)")),
    "a trillion numbers": bad_npy(header("'<f8'", "(1000000000000,)")),
    "fewer than none": bad_npy(header("'<f8'", "(-1,)") + bytes(8)),
    "sixty dimensions": bad_npy(header("'<f8'", "(" + "1," * 60 + ")") + bytes(8)),
    "a header with a call": bad_npy(header("'<f8'", "(__import__('os').getpid(),)")),
    "a header that nests": bad_npy(header("'<f8'", "(" * 900 + ")" * 900)),
    "a header of 64 KiB": bad_npy(b"\x93NUMPY\x01\x00\xff\xff" + b" " * 65_535),
    "a name twice": bad_npy(header("[('a', '<f8'), ('a', '<f8')]", "(1,)") + bytes(16)),
    "no header": bad_npy(b"\x93NUMPY"),
    "a column called with commands": one("x.npy", header("[('\\x1b[2J', '<f8')]", "(1,)") + bytes(8), "P2-D0854"),
}  # fmt: skip
_TWICE = zipped(**{"a.npy": ONE, "b.npy": ONE}).replace(b"b.npy", b"a.npy")
ARCHIVES = {
    "half a gigabyte of zeros": one("x.npz", zipped(**{"a.npy": npy(np.zeros(60_000_000))}), "P2-D0930"),
    "six thousand members": one(
        "x.npz", zipped(zipfile.ZIP_STORED, **{f"{n}.npy": b"" for n in range(6_000)}), "P2-D0937", "P2-D0934"
    ),
    "a name twice": one("x.npz", _TWICE, "P2-D0845", "P2-D0934"),
    "a path outside": one("x.npz", zipped(**{"../../../etc/cron.d/x.npy": ONE})),
    "an encrypted member": one(
        "x.npz", zipped(zipfile.ZIP_STORED, **{"a.npy": ONE}).replace(b"PK\x01\x02\x14\x03\x14\x00\x00\x00",
                                                                      b"PK\x01\x02\x14\x03\x14\x00\x01\x00"),
        "P2-D0936",
    ),
    "packed in another way": one("x.npz", zipped(zipfile.ZIP_LZMA, **{"a.npy": ONE}), "P2-D0936"),
    "no arrays": one("x.npz", zipped(readme=b"x"), "P2-D0938"),
    "a size that lies": one("x.npz", zipped(**{"a.npy": ONE}).replace(struct.pack("<I", len(ONE)),
                                                                    struct.pack("<I", 2**31)), "P2-D0930", "P2-D0934"),
    "cut": one("x.npz", zipped(**{"a.npy": ONE})[:-30], "P2-D0934"),
    "objects in a member": one("x.npz", zipped(**{"a.npy": npy(np.array([None]))}), "P2-D0932"),
    "gzip called CSV": one("x.csv", b"\x1f\x8b\x08\x00" + zlib.compress(bytes(1_000_000)), "P2-D0841"),
    "a tape archive called CSV": one("x.csv", b"x\0" * 300, "P2-D0841"),
    "an archive called CSV": one("x.csv", zipped(**{"a.csv": b"a\n1\n"}), "P2-D0938"),
}  # fmt: skip


# ------------------------------------------------------------ HDF5
def hdf5(write: Callable[[Any], object], **how: Any) -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", **how) as file:
        write(file)
    return buffer.getvalue()


def bad_hdf5(write: Callable[[Any], object], *codes: str) -> Input:
    return one("x.h5", hdf5(write), *codes)


def virtual(file: Any) -> None:
    layout = h5py.VirtualLayout((4,), dtype="i8")
    layout[:] = h5py.VirtualSource("/etc/passwd", "a", (4,))
    file.create_virtual_dataset("v", layout)


def unknown_filter(file: Any) -> None:
    plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plan.set_chunk((4,))
    plan.set_filter(32015, h5py.h5z.FLAG_OPTIONAL, (3,))
    h5py.h5d.create(file.id, b"a", h5py.h5t.NATIVE_INT64, h5py.h5s.create_simple((4,)), plan)


def round_trip(file: Any) -> None:
    file["a"] = [1, 2]
    file.create_group("g")["up"] = file["/"]
    file["soft"] = h5py.SoftLink("/soft")


def references(file: Any) -> None:
    file.create_dataset("r", data=np.array([file.ref] * 9, dtype=h5py.ref_dtype))


def scaled(*wrong: Callable[[Any], Any]) -> Callable[[Any], object]:
    """Give a writer of an array whose axes refer to what is no scale of them."""

    def write(file: Any) -> None:
        file["t"], file["short"], file["a"] = [1.0, 2.0, 3.0], [1.0], np.zeros((3, 2, 2))
        kind = h5py.vlen_dtype(h5py.ref_dtype)
        said = np.empty(len(wrong), dtype=kind)
        for place, reference in enumerate(wrong):
            said[place] = np.array([reference(file)], dtype=h5py.ref_dtype)
        file["a"].attrs.create("DIMENSION_LIST", said, shape=said.shape, dtype=kind)

    return write


def scales_in_a_ring(file: Any) -> None:
    kind = h5py.vlen_dtype(h5py.ref_dtype)
    for name, other in (("a", "b"), ("b", "a")):
        file.require_dataset(other, (2, 2), "f8")
        said = np.empty(2, dtype=kind)
        file.require_dataset(name, (2, 2), "f8")
        said[0] = said[1] = np.array([file[other].ref], dtype=h5py.ref_dtype)
        file[name].attrs.create("DIMENSION_LIST", said, shape=(2,), dtype=kind)
        file[name].attrs["CLASS"] = np.bytes_("DIMENSION_SCALE")


def references_to_nowhere(content: bytes) -> bytes:
    """Give a file whose references to a scale lead into the middle of something else."""
    with h5py.File(io.BytesIO(content), "r") as file:
        place = struct.pack("<Q", h5py.h5o.get_info(file["t"].id).addr)
    return content.replace(place, struct.pack("<Q", 77))


def many_references(file: Any) -> None:
    file["t"], file["a"] = [1.0, 2.0], np.zeros((2, 2))
    kind = h5py.vlen_dtype(h5py.ref_dtype)
    said = np.empty(2, dtype=kind)
    said[0] = said[1] = np.array([file["t"].ref] * 50_000, dtype=h5py.ref_dtype)
    file["a"].attrs.create("DIMENSION_LIST", said, shape=(2,), dtype=kind)


_SCALED = hdf5(scaled(lambda f: f["t"].ref, lambda f: f["t"].ref, lambda f: f["t"].ref))
_HDF5 = (DATA / "hdf5" / "diabetes_sgd.h5").read_bytes()
HDF5 = {
    "values in /etc/passwd": bad_hdf5(
        lambda f: f.create_dataset("a", (64,), dtype="u1", external=[("/etc/passwd", 0, 64)]), "P2-D0931"
    ),
    "a link to another file": bad_hdf5(
        lambda f: f.__setitem__("out", h5py.ExternalLink("/etc/passwd", "/a")), "P2-D0931"
    ),
    "a dataset out of others": bad_hdf5(virtual, "P2-D0931"),
    "a filter from elsewhere": bad_hdf5(unknown_filter, "P2-D0936"),
    "a trillion values never written": bad_hdf5(lambda f: f.create_dataset("a", (2**40,), dtype="f8"), "P2-D0930"),
    "a block of two gigabytes": bad_hdf5(
        lambda f: f.create_dataset("a", (4,), maxshape=(None,), chunks=(2**28,), dtype="f8"), "P2-D0930"
    ),
    "forty levels": bad_hdf5(lambda f: f.create_group("/".join("g" * 40)), "P2-D0850"),
    "six thousand groups": bad_hdf5(lambda f: [f.create_group(str(n)) for n in range(6_000)], "P2-D0937"),
    "a way round": bad_hdf5(round_trip),
    "references alone": bad_hdf5(references, "P2-D0938"),
    "an axis along its own array": bad_hdf5(scaled(*[lambda f: f["a"].ref] * 3)),
    "axes along a group, a short array, nothing": bad_hdf5(
        scaled(lambda f: f.ref, lambda f: f["short"].ref, lambda _: h5py.Reference())
    ),
    "fewer axes than dimensions": bad_hdf5(scaled(lambda f: f["t"].ref)),
    "arrays along each other": bad_hdf5(scales_in_a_ring),
    "scales in the middle of nowhere": one("x.h5", references_to_nowhere(_SCALED), "", "P2-D0933"),
    "fifty thousand scales of an axis": bad_hdf5(many_references),
    "a name with commands": bad_hdf5(lambda f: f.__setitem__("\x1b[2J", [1, 2]), "P2-D0854"),
    "cut": one("x.h5", _HDF5[: len(_HDF5) // 2], "P2-D0933"),
    "never closed": one("x.h5", _HDF5[:96], "P2-D0933"),
    **{f"damage at {n} %": one("x.h5", flipped(_HDF5, n / 100), "", *ANY_END) for n in range(1, 60, 7)},
}  # fmt: skip


# ------------------------------------------------------------ trackers
def events(content: bytes, *codes: str) -> Input:
    return one("events.out.tfevents.1.host", content, *codes)


def wandb(content: bytes, *codes: str) -> Input:
    return one("run-x.wandb", content, *codes)


def mlflow(*codes: str, **files: bytes) -> Input:
    return Input({f"r/{name}": content for name, content in files.items()}, codes)


_LONG = struct.pack("<Q", 2**63)
_WANDB = (DATA / "trackers" / "wandb" / "run-yu88mdya.wandb").read_bytes()
META = b"run_id: a\nrun_name: b\nstatus: 3\n"
TRACKERS = {
    "events: no records": events(b"\x00" * 40, "P2-D0940"),
    "events: nothing": events(b"", "P2-D0938"),
    "events: a record without end": events(
        _LONG + struct.pack("<I", masked_crc32c([_LONG])[0]), "P2-D0940", "P2-D0938"
    ),
    "events: records that are none": events(records(b"\xff" * 400, b"\x0b" * 9), "P2-D0938"),
    "events: a field longer than its record": events(records(b"\x2a\xff\xff\xff\x7f"), "P2-D0938"),
    "wandb: another beginning": wandb(b"not a log", "P2-D0942"),
    "wandb: cut": wandb(_WANDB[:4000], "", "P2-D0835"),
    "wandb: damage": wandb(flipped(_WANDB, 0.3)),
    "wandb: a record of another length": wandb(b":W&B\xe1\xbe\x00" + b"\xff" * 40, "P2-D0835", "P2-D0942"),
    "mlflow: no meta": mlflow("P2-D0941", **{"meta.yaml": b"\x00", "metrics/a": b"1 1 1\n"}),
    "mlflow: values that are none": mlflow("P2-D0835", **{"meta.yaml": META, "metrics/a": b"x" * 99 + b"\n"}),
    "mlflow: enormous numbers": mlflow(
        **{"meta.yaml": META, "metrics/a": b"9" * 200 + b" 1e999 " + b"9" * 30 + b"\n1 1 1\n"}
    ),
    "mlflow: a param with commands": mlflow(
        **{"meta.yaml": META, "metrics/a": b"1 1 1\n", "params/b": b"\x1b[2J"}
    ),
}  # fmt: skip


# ------------------------------------------------------------ pictures
def saved(kind: str) -> bytes:
    buffer = io.BytesIO()
    values = np.arange(64 * 48 * 3, dtype=np.uint32).reshape(48, 64, 3) % 251
    Image.fromarray(values.astype(np.uint8)).save(buffer, kind)
    return buffer.getvalue()


def picture(data: bytes, *codes: str, ending: str = "png") -> Input:
    return one(f"x.{ending}", data, *(codes or ("P2-D0943",)))


_KINDS = {"png": "PNG", "jpg": "JPEG", "gif": "GIF", "webp": "WEBP", "bmp": "BMP", "tif": "TIFF"}
PICTURES = {
    "four billion pixels": picture(png(65_000, 65_000), "P2-D0930"),
    "no pixels": picture(png(0, 0)),
    "fewer pixels than promised": picture(png(4_000, 4_000, bytes(100))),
    "a bomb of text": picture(
        png(4, 2, (b"\0" + bytes(12)) * 2, (b"zTXt", b"a\0\0" + zlib.compress(bytes(90 << 20))))
    ),
    "a bomb of a profile": picture(
        png(4, 2, (b"\0" + bytes(12)) * 2, (b"iCCP", b"a\0\0" + zlib.compress(bytes(90 << 20)))),
        "",
        "P2-D0943",
    ),
    "a checksum that is wrong": picture(SOUND_PNG.replace(b"IHDR", b"IHDS")),
    "nothing but the beginning": picture(b"\x89PNG\r\n\x1a\n"),
    "another kind than its name": picture(saved("JPEG"), ""),
    "text": picture(b"hello"),
    **{
        f"{ending} cut": picture(saved(kind)[:150], "", "P2-D0943", ending=ending)
        for ending, kind in _KINDS.items()
    },
    **{
        f"{ending} with damage": picture(flipped(saved(kind), 0.02), "", *ANY_END, ending=ending)
        for ending, kind in _KINDS.items()
    },
}


# ------------------------------------------------------------ SQLite
def database(*statements: str) -> bytes:
    with sqlite3.connect(":memory:") as made:
        for statement in statements:
            made.execute(statement)
        made.commit()
        return made.serialize()


def sqlite(data: bytes, *codes: str) -> Input:
    return one("x.sqlite", data, *(codes or ("P2-D0944",)))


FOREVER = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n"
_MLFLOW = (DATA / "trackers" / "mlflow_db" / "mlflow.db").read_bytes()
SQLITE = {
    "text": sqlite(b"hello"),
    "cut": sqlite(_MLFLOW[:5_000]),
    "nothing but the beginning": sqlite(b"SQLite format 3\0" + bytes(84)),
    "pages of no size": sqlite(b"SQLite format 3\0" + bytes(2) + _MLFLOW[18:]),
    "a view without end": sqlite(database(f"CREATE VIEW metrics AS {FOREVER}"), "P2-D0938"),
    "a column that computes": sqlite(
        database(
            "CREATE TABLE t (a, b GENERATED ALWAYS AS (zeroblob(1000000000)))",
            "INSERT INTO t (a) VALUES (1)",
        )
    ),
    "a column called with commands": sqlite(
        database("CREATE TABLE t (`\x1b[2J`)", "INSERT INTO t VALUES (1)"), "P2-D0854"
    ),
    "a table called with commands": sqlite(
        database('CREATE TABLE "\x1b[2J"";--" (a)', 'INSERT INTO "\x1b[2J"";--" VALUES (1)'), ""
    ),
    "a trigger": sqlite(
        database(
            "CREATE TABLE t (a)",
            "INSERT INTO t VALUES (1)",
            "CREATE TRIGGER r AFTER INSERT ON t BEGIN DELETE FROM t; END",
        ),
        "",
    ),
    **{
        f"damage at {n} %": sqlite(flipped(_MLFLOW, n / 100), "", "P2-D") for n in range(1, 100, 14)
    },
}
