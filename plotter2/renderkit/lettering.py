"""How wide a text will be, and texts made safe to draw. Widths come from tables; no font file is read.

They are those of DejaVu Sans, or within `using(family)` of another family that comes with plotter2.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from plotter2.renderkit.scene import Family

LINE_HEIGHT: Final = 1.25
"""Distance of two base lines, in font sizes."""

HALF_CAPITAL: Final = 0.365
"""Height of the middle of capitals and digits above the base line, in font sizes: what the eye centres a text by."""

_EM: Final = 2048
# Advance widths of DejaVu Sans from U+0020 to U+007E, in 1/2048 of the font size.
_NARROW: Final = (
    651, 821, 942, 1716, 1303, 1946, 1597, 563, 799, 799, 1024, 1716, 651, 739, 651, 690,
    1303, 1303, 1303, 1303, 1303, 1303, 1303, 1303, 1303, 1303, 690, 690, 1716, 1716, 1716, 1087,
    2048, 1401, 1405, 1430, 1577, 1294, 1178, 1587, 1540, 604, 604, 1343, 1141, 1767, 1532, 1612,
    1235, 1612, 1423, 1300, 1251, 1499, 1401, 2025, 1403, 1251, 1403, 799, 690, 799, 1716, 1024,
    1024, 1255, 1300, 1126, 1300, 1260, 721, 1300, 1298, 569, 569, 1186, 569, 1995, 1298, 1253,
    1300, 1300, 842, 1067, 803, 1298, 1212, 1675, 1212, 1212, 1075, 1303, 690, 1303, 1716,
)  # fmt: skip
_SERIF: Final = (
    651, 823, 942, 1716, 1303, 1946, 1823, 563, 799, 799, 1024, 1716, 651, 692, 651, 690,
    1303, 1303, 1303, 1303, 1303, 1303, 1303, 1303, 1303, 1303, 690, 690, 1716, 1716, 1716, 1098,
    2048, 1479, 1505, 1567, 1642, 1495, 1421, 1636, 1786, 809, 821, 1530, 1360, 2097, 1792, 1679,
    1378, 1679, 1542, 1403, 1366, 1726, 1479, 2105, 1458, 1352, 1423, 799, 690, 799, 1716, 1024,
    1024, 1221, 1311, 1147, 1311, 1212, 758, 1311, 1319, 655, 635, 1241, 655, 1942, 1319, 1233,
    1311, 1311, 979, 1051, 823, 1319, 1157, 1753, 1155, 1157, 1079, 1303, 690, 1303, 1716,
)  # fmt: skip
_STIX: Final = (
    512, 682, 836, 1024, 1024, 1530, 1593, 369, 682, 682, 1024, 1403, 512, 682, 512, 569,
    1024, 1024, 1024, 1024, 1024, 1024, 1024, 1024, 1024, 1024, 569, 569, 1403, 1403, 1403, 909,
    1886, 1479, 1366, 1366, 1479, 1251, 1139, 1479, 1479, 682, 764, 1479, 1251, 1821, 1479, 1479,
    1141, 1479, 1366, 1139, 1251, 1479, 1479, 1933, 1479, 1479, 1253, 682, 569, 682, 961, 1024,
    682, 909, 1024, 909, 1024, 909, 682, 1024, 1024, 569, 569, 1024, 569, 1593, 1024, 1024,
    1024, 1024, 682, 797, 569, 1024, 1024, 1479, 1024, 1024, 909, 983, 410, 983, 1108,
)  # fmt: skip
_OTHER: Final = {
    "×": 1716, "−": 1716, "⁻": 1081, "·": 651, "–": 1024, "—": 2048, "…": 2048,
    **dict.fromkeys("⁰¹²³⁴⁵⁶⁷⁸⁹", 821),
}  # fmt: skip
_UNKNOWN: Final = 1330
_WIDE: Final = 2048
_MONO: Final = 1233


@dataclass(frozen=True, slots=True)
class _Face:
    """The widths of a family's letters, and how much wider bold ones are."""

    narrow: tuple[int, ...]
    bold: float
    other: int | None = None


_FACES: Final[Mapping[Family, _Face]] = {
    "sans": _Face(_NARROW, 1.15),
    "serif": _Face(_SERIF, 1.12),
    "mono": _Face((_MONO,) * len(_NARROW), 1.0, _MONO),
    "stix": _Face(_STIX, 1.1),
}
# Texts are measured in a hundred places of a composition, and one picture has one family.
_FACE: ContextVar[_Face] = ContextVar("face", default=_FACES["sans"])


@contextmanager
def using(family: Family) -> Iterator[None]:
    """Measure texts as this family sets them."""
    token = _FACE.set(_FACES[family])
    yield
    _FACE.reset(token)


def text_width(text: str, size: float, bold: bool = False) -> float:
    """Give the width in points of the widest line of `text` set in `size` points."""
    face = _FACE.get()
    widest = max((sum(_advance(c, face) for c in line) for line in text.split("\n")), default=0)
    return widest / _EM * size * (face.bold if bold else 1.0)


def text_height(text: str, size: float) -> float:
    """Give the height in points of the lines of `text`."""
    return size * (1.0 + LINE_HEIGHT * text.count("\n"))


def _advance(character: str, face: _Face) -> int:
    place = ord(character) - 0x20
    if 0 <= place < len(face.narrow):
        return face.narrow[place]
    if face.other is not None and unicodedata.east_asian_width(character) not in "WF":
        return 0 if unicodedata.combining(character) else face.other
    if character in _OTHER:
        return _OTHER[character]
    if unicodedata.combining(character):
        return 0
    return _WIDE if unicodedata.east_asian_width(character) in "WF" else _UNKNOWN


def printable(text: str) -> str:
    """Give `text` without what has no shape: control and surrogate characters become a space, newlines stay."""
    return "".join(
        character if character == "\n" or unicodedata.category(character) not in _SHAPELESS else " "
        for character in text
    )


_SHAPELESS: Final = frozenset({"Cc", "Cs", "Cn", "Co", "Zl", "Zp"})


def wrapped(text: str, width: float, size: float, bold: bool = False) -> str:
    """Break `text` between words so that every line fits into `width` points; a longer word is broken inside."""
    return "\n".join(
        line for part in printable(text).split("\n") for line in _broken(part, width, size, bold)
    )


def _broken(text: str, width: float, size: float, bold: bool) -> list[str]:
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if text_width(longer, size, bold) <= width:
            lines[-1] = longer
            continue
        if lines[-1]:
            lines.append("")
        lines[-1] = word
        while text_width(lines[-1], size, bold) > width and len(lines[-1]) > 1:
            head = _fitting(lines[-1], width, size, bold)
            lines[-1:] = [lines[-1][:head], lines[-1][head:]]
    return lines


def _fitting(word: str, width: float, size: float, bold: bool) -> int:
    used = 0.0
    for place, character in enumerate(word):
        used += text_width(character, size, bold)
        if used > width:
            return max(1, place)
    return len(word)
