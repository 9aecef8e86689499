"""The error codes of manifests and packages, one line each. No behaviour."""

from __future__ import annotations

NOT_JSON = "P2-D0859"
NEWER = "P2-D0893"
BAD_VALUE = "P2-D0894"
BAD_NAME = "P2-D0895"
DISAGREES = "P2-D0896"
DAMAGED = "P2-D0897"
SAME_ID = "P2-D0898"
NOT_WRITTEN = "P2-D0899"

CODES: dict[str, str] = {
    NOT_JSON: "a manifest is no JSON object, too large, nested too deeply, or says a key twice",
    NEWER: "a manifest has a version that this release does not read",
    BAD_VALUE: "a key of a manifest is missing, unknown, or has a value that cannot be",
    BAD_NAME: "a name, an id or a path in a manifest is not allowed, or is there twice",
    DISAGREES: "the parts of a manifest, or its package, do not say the same",
    DAMAGED: "a package is cut off, changed, or does not hold the bytes that its digests promise",
    SAME_ID: "a bundle with this id is stored already and holds something else",
    NOT_WRITTEN: "a package or manifest cannot be written where it should go",
}
