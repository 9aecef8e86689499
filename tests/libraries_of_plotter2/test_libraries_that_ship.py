"""The libraries that ship: signed by the release key, formatted, faultless, with colours that can be told apart."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest

from p2_compiling import SCHEMAS
from p2lang import ast
from p2lang.check import Libraries, Locked
from p2lang.compiler import Surroundings, compile_script
from p2lang.fmt import format_script
from p2lang.parser import parse
from p2lang.source import Source
from p2lang.verifier import verify
from p2sign.gate import TrustFiles
from p2sign.keys import SigningKey
from p2std.registry import core
from plotter2.libraries.finding import Finder
from plotter2.libraries.lockfile import LockLine, dump
from plotter2.libraries.lockfile import parse as parse_lock
from plotter2.libraries.locking import line_of
from plotter2.libraries.release import sign_all
from plotter2.libraries.shelves import RELEASE_SIGNERS, shipped, shipped_folder

NOW = datetime(2026, 12, 1, tzinfo=UTC)
SHELF = shipped(lambda: TrustFiles(b""))
SHIPPED = SHELF.all()
NAMED = pytest.mark.parametrize("reference", SHIPPED, ids=str)


def found() -> Libraries:
    return Finder((SHELF,), NOW).libraries(None, strict=False)


def compiled(text: str) -> None:
    """Compile a script that uses libraries that ship; there must be nothing to say but that they are not locked."""
    result = compile_script(Source(text), core(), SCHEMAS, surroundings=Surroundings(found()))
    assert {d.code for d in result.diagnostics} <= {"P2-W0450"}, [
        d.message for d in result.diagnostics
    ]
    assert result.module is not None
    assert verify(result.module.encode(), result.schemas, core()).module.libs


def test_there_are_some() -> None:
    names = {reference.name for reference in SHIPPED}
    assert names == {"smoothing", "statistics", "palettes", "paper", "slides"}


@NAMED
def test_it_is_signed_by_the_release_key_under_its_own_name(reference: object) -> None:
    library = found().find(str(reference))
    assert library is not None
    assert library.refused is None
    assert library.signers == ("release@plotter2",)


@NAMED
def test_it_is_formatted_and_each_name_is_described(reference: object) -> None:
    library = found().find(str(reference))
    assert library is not None
    script = parse(library.source).script
    assert script is not None
    assert format_script(script) == library.source.text
    for item in script.items:
        if isinstance(item, ast.Def):
            assert item.comments[-1].startswith("## "), item.name.text


@NAMED
def test_nothing_is_wrong_with_it(reference: object) -> None:
    library = found().find(str(reference))
    assert library is not None
    around = Surroundings(
        Libraries(found().find, locked={str(each): _any(str(each)) for each in SHIPPED}), True
    )
    assert compile_script(library.source, core(), {}, surroundings=around).diagnostics == ()


def _any(reference: str) -> Locked:
    library = found().find(reference)
    assert library is not None
    return Locked(library.sha256, library.signers)


def test_every_name_can_be_used() -> None:
    head = "".join(f'use "{each}" as {each.name}\n' for each in SHIPPED)
    head = head.replace('use "p2/palettes@1.0.0" as palettes\n', "")
    head = head.replace('use "p2/slides@1.0.0" as slides\n', "")
    compiled(f"""p2 1
{head}
access("experiment2/*")
  | derive(
      a = smoothing.ema(reward, half_life=50, by=run),
      b = smoothing.rolling(reward, window=5),
      c = smoothing.rest(reward),
    )
  | smoothing.gaussian(a, window=10, by=[run])
  | summary(
      by=[lr, step],
      v = statistics.valid(b),
      e = statistics.standard_error(c),
      s = statistics.signal_to_noise(smooth),
      h = statistics.half_iqr(reward),
    )
  | paper.column("All")
  | line(x=v, y=e, colour=lr)
  | line(x=s, y=h, colour=lr)
  | paper.look
  | plot("all")
  | handoff
""")


@pytest.mark.parametrize(
    "interval", ["mean_t95", "mean_se", "mean_sd", "median_iqr", "median_range"]
)
@pytest.mark.parametrize("look", ["paper.wide", "paper.full", "slides.whole", "slides.half"])
def test_named_intervals_on_paper_and_slides(interval: str, look: str) -> None:
    style = look.partition(".")[0]
    compiled(f"""p2 1
use "p2/statistics@1.0.0" as stats
use "p2/{style}@1.0.0" as {style}
access("experiment2/*")
  | stats.{interval}(reward, by=[lr, step])
  | {look}
  | band(x=step, lo=lo, hi=hi, colour=lr)
  | line(x=step, y=mid, colour=lr)
  | {style}.look
  | plot
  | handoff
""")


# ---- colours -------------------------------------------------------------------------------------

PALETTES = {
    name: re.findall(r"#[0-9A-F]{6}", text)
    for name, text in re.findall(
        r"def (\w+)\(\) =\s(.*?)(?=\ndef |\Z)",
        (shipped_folder() / "p2" / "palettes" / "1.0.0.p2").read_text(),
        re.DOTALL,
    )
}
PALE = {"#F0E442"}
"""Said to be for fills and dark grounds."""

# Machado, Oliveira, Fernandes (2009), severity 1: what people without one kind of cones see.
SEEN_BY = {
    "everybody": np.eye(3),
    "protanopes": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopes": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}  # fmt: skip


def linear(colour: str) -> np.ndarray:
    part = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)


def luminance(colour: str) -> float:
    return float(linear(colour) @ [0.2126, 0.7152, 0.0722])


def lab(rgb: np.ndarray) -> np.ndarray:
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    xyz = to_xyz @ np.clip(rgb, 0, 1) / np.array([0.9505, 1.0, 1.089])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("name", PALETTES)
@pytest.mark.parametrize("eyes", SEEN_BY)
def test_each_two_colours_of_a_palette_can_be_told_apart(name: str, eyes: str) -> None:
    for one, other in combinations(PALETTES[name], 2):
        seen = [lab(SEEN_BY[eyes] @ linear(colour)) for colour in (one, other)]
        assert np.linalg.norm(seen[0] - seen[1]) > 11, (one, other)


@pytest.mark.parametrize("name", PALETTES)
def test_all_colours_can_be_seen_on_white(name: str) -> None:
    for colour in set(PALETTES[name]) - PALE:
        assert 1.05 / (luminance(colour) + 0.05) > 1.75, colour


def test_greys_grow_lighter() -> None:
    shades = [luminance(colour) for colour in PALETTES["greys"]]
    assert all(darker < lighter for darker, lighter in pairwise(shades))


# ---- the release step ----------------------------------------------------------------------------


def test_the_release_step_signs_what_changed_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "libraries"
    shutil.copytree(shipped_folder(), folder)
    (folder / RELEASE_SIGNERS).unlink()
    key = SigningKey.generate()
    assert len(sign_all(key, NOW, folder)) == len(SHIPPED)
    assert sign_all(key, NOW, folder) == ()
    changed = folder / "p2" / "slides" / "1.0.0.p2"
    changed.write_text(changed.read_text().replace("254mm", "250mm"))
    assert [each.name for each in sign_all(key, NOW, folder)] == ["slides"]
    with pytest.raises(ValueError, match="not the key"):
        sign_all(SigningKey.generate(), NOW, folder)


def test_without_the_release_keys_public_half_nothing_that_ships_is_trusted(
    tmp_path: Path,
) -> None:
    other = SigningKey.generate().public.line("x")
    trust = TrustFiles(b"", f"{other}\n".encode(), b"")
    own = (shipped_folder() / RELEASE_SIGNERS).read_text().split(" ", 2)[2]
    revoked = shipped(lambda: TrustFiles(b"", own.encode()))
    for shelf, code in ((shipped(lambda: trust), None), (revoked, "P2-S0741")):
        library = Finder((shelf,), NOW).find("p2/slides@1.0.0")
        assert library is not None
        assert (library.refused[0] if library.refused else None) == code


# ---- the lock file -------------------------------------------------------------------------------


def lines() -> list[LockLine]:
    finder = Finder((SHELF,), NOW)
    for each in SHIPPED:
        finder.find(str(each))
    return [line_of(each) for each in finder.found.values()]


def test_a_lock_reads_back_as_it_was_written() -> None:
    made = dump(reversed(lines()))
    assert dump(parse_lock(made, "p2.lock").values()) == made
    assert made.startswith(b"p2-lock 1\np2/palettes@1.0.0 sha256:")
    assert b" from plotter2 signer release@plotter2 SHA256:" in made
