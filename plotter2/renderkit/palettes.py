"""Colours: names, categories that everyone can tell apart (Okabe-Ito), and gradients even in lightness. Tables only."""

from __future__ import annotations

import difflib
import re
from typing import Final

import numpy as np

from plotter2.renderkit.codes import undrawable
from plotter2.renderkit.scene import Codes, Floats

SHADES: Final = 256

CATEGORIES: Final = (
    "#0072B2",  # blue
    "#D55E00",  # vermillion
    "#009E73",  # bluish green
    "#CC79A7",  # reddish purple
    "#E69F00",  # orange
    "#56B4E9",  # sky blue
    "#000000",  # black
    "#6A3D9A",  # violet, not of Okabe and Ito: the ninth and tenth are ours
    "#8C8C8C",  # grey, ours
    "#B5A500",  # yellow, darkened to be seen on white
)
"""The palette of Okabe and Ito (2008) for categories, reordered for a white ground and lengthened to ten."""

INK: Final = "#262626"
SOFT_INK: Final = "#595959"
FAINT_INK: Final = "#7A7A7A"
AXIS_LINE: Final = "#8C8C8C"
GRID_LINE: Final = "#E8E8E8"
PAPER: Final = "#FFFFFF"

# 33 samples of each colour map of matplotlib (viridis, magma: CC0; cividis: Nunez et al. 2018).
_SAMPLES: Final = {
    "viridis": "440154470d60481865482374472d7b453781424086 3e49893b528b375b8d33638d2f6b8e2c728e297a8e"
    "26828e23898e21918c1f988b1fa08822a78528ae8032b67a3fbc734ec36b5ec96270cf5784d44b98d83eaddc30c2df23"
    "d8e219ece51bfde725",
    "magma": "0000040303120a0822130d341d114729115a36106b440f7651127c5d177f6a1c81762181832681902a819c2e7f"
    "aa337db73779c43c75d0416fdc4869e75263ef5d5ef56b5cf9795dfc8961fd9869fea772feb67cfec488fed395fde2a3"
    "fcf0b2fcfdbf",
    "cividis": "00224e00285b002e6a0533711a386f273e6e32436d3b496c434e6c4b546c535a6d5a5f6e61656f686a716f7073"
    "7676767d7c788482798c8878938e789b9476a39a74aba072b4a76fbcae6cc4b468cdbb63d5c25edec958e7d150f0d846"
    "f9e03afee838",
    "greys": "fffffffbfbfbf7f7f7f4f4f4f0f0f0eaeaeae4e4e4dfdfdfd9d9d9d2d2d2cbcbcbc4c4c4bdbdbdb3b3b3a9a9a9"
    "9f9f9f9595958d8d8d8484847b7b7b7272726a6a6a6262625a5a5a5151514646463a3a3a2f2f2f2424241b1b1b111111"
    "080808000000",
}
# The part of each gradient that can be read as a thin line on white.
_READABLE: Final = {
    "viridis": (0.0, 0.82),
    "magma": (0.08, 0.82),
    "cividis": (0.0, 0.88),
    "greys": (0.35, 1.0),
}
COLOUR_NAMES: Final = {
    "black": "#000000", "white": "#FFFFFF", "grey": "#808080", "gray": "#808080",
    "lightgrey": "#D3D3D3", "darkgrey": "#5A5A5A", "red": "#D62728", "blue": "#0072B2",
    "green": "#009E73", "orange": "#E69F00", "vermillion": "#D55E00", "purple": "#6A3D9A",
    "pink": "#CC79A7", "yellow": "#F0E442", "brown": "#8C564B", "skyblue": "#56B4E9",
    "navy": "#1F3A6E", "teal": "#11807F", "crimson": "#C2185B", "olive": "#7F7F1F",
}  # fmt: skip
"""The colours that have a name; the checker knows the names without the renderer."""
_HEX: Final = re.compile(r"#[0-9A-Fa-f]{6}")


def colour(text: str, where: str = "") -> str:
    """Give a colour name or #rrggbb as #RRGGBB; raises RunError P2-R0665 for anything else."""
    if _HEX.fullmatch(text):
        return text.upper()
    if text.lower() in COLOUR_NAMES:
        return COLOUR_NAMES[text.lower()]
    near = difflib.get_close_matches(text.lower(), COLOUR_NAMES, n=1)
    remedy = (
        f"did you mean {near[0]}?" if near else "use #rrggbb or one of: " + ", ".join(COLOUR_NAMES)
    )
    raise undrawable("P2-R0665", f"{text!r} is not a colour", where, remedy)


def gradient(name: str, count: int = SHADES, readable: bool = False) -> tuple[str, ...]:
    """Give `count` colours of a gradient from low to high; `readable` leaves out what is too pale for lines on white.

    Raises RunError P2-R0665 for a name that is not viridis, magma, cividis or greys.
    """
    if name not in _SAMPLES:
        remedy = "use one of: " + ", ".join(_SAMPLES)
        raise undrawable("P2-R0665", f"there is no gradient {name!r}", "gradient", remedy)
    samples = np.frombuffer(bytes.fromhex(_SAMPLES[name]), np.uint8).reshape(-1, 3)
    low, high = _READABLE[name] if readable else (0.0, 1.0)
    wanted = np.linspace(low, high, count) if count > 1 else np.array([low])
    known = np.linspace(0.0, 1.0, len(samples))
    mixed = np.stack([np.interp(wanted, known, samples[:, part]) for part in range(3)], axis=1)
    return tuple("#{:02X}{:02X}{:02X}".format(*row) for row in np.rint(mixed).astype(int).tolist())


def shade_codes(values: Floats, domain: tuple[float, float], log: bool) -> Codes:
    """Give for each value its place (0 to 255) in a gradient over `domain`, cut at both ends; -1 for NaN."""
    low, high = domain
    with np.errstate(divide="ignore", invalid="ignore"):
        if log:
            low, high, values = np.log10(low), np.log10(high), np.log10(values)
        share = (
            (values - low) / (high - low) if high > low else np.where(values == low, 0.5, np.nan)
        )
    known = np.isfinite(share)
    places = np.clip(np.where(known, share, 0.0), 0.0, 1.0) * (SHADES - 1)
    return np.where(known, np.rint(places), -1).astype(np.int32)
