"""Draws the pictures of the reference from the examples of operations: `make pictures`.

Each PNG is reduced to few colours to stay small, and says which example it was drawn from.
"""

from __future__ import annotations

import hashlib
import io
import sys
from pathlib import Path

from PIL import Image, ImageChops, PngImagePlugin

from operation_examples import PICTURES, SIGNATURES, draws, picture_of
from p2lang.signatures import Signature
from p2std.registry import example_of

COLOURS = 64
BODY = 0.93
"""The part of a page that is above its foot."""
DRAWN_FROM = "p2-example"
"""The key under which a picture says the SHA-256 of its example."""


def path_of(signature: Signature) -> Path:
    """Give where the picture of an operation lies: `mark-line@1.png`."""
    return PICTURES / f"{signature.kind}-{signature.full_name}.png"


def digest_of(signature: Signature) -> str:
    """Give the name of an operation's example."""
    return hashlib.sha256(example_of(signature).encode()).hexdigest()


def small(picture: bytes, digest: str) -> bytes:
    """Give a PNG in few colours that says what it was drawn from."""
    image = _without_empty_paper(Image.open(io.BytesIO(picture)).convert("RGB"))
    reduced = image.quantize(COLOURS, dither=Image.Dither.NONE)
    about, out = PngImagePlugin.PngInfo(), io.BytesIO()
    about.add_text(DRAWN_FROM, digest)
    reduced.save(out, "PNG", optimize=True, pnginfo=about)
    return out.getvalue()


def _without_empty_paper(image: Image.Image) -> Image.Image:
    """Cut a page off below its content; its foot goes too. Other pictures stay as they are."""
    if image.height < image.width:
        return image
    body = image.crop((0, 0, image.width, int(image.height * BODY)))
    inked = ImageChops.invert(body).getbbox()
    return image if inked is None else body.crop((0, 0, image.width, inked[3] + inked[1]))


def main() -> int:
    """Draw all pictures anew; those of examples that are gone go too."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    drawn = set()
    for signature in SIGNATURES:
        picture = picture_of(signature) if draws(signature) else None
        if picture is not None:
            path_of(signature).write_bytes(small(picture, digest_of(signature)))
            drawn.add(path_of(signature))
    for path in set(PICTURES.glob("*.png")) - drawn:
        path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
