"""Why a pack is refused."""

from __future__ import annotations

from p2sign.causes.model import Cause

_FETCH_PACK = "get the pack anew from the person who made it"
_SMALLER_PACK = (
    "a pack has at most 32 MiB: give large data on their own, as a package (plotter2 pack PATH)"
)

PACKS = (
    Cause("P2-S0870", "E_PACK_SIZE", "the pack is too large", _SMALLER_PACK),
    Cause("P2-S0871", "E_PACK_FORM", "this is no pack, or a damaged one", _FETCH_PACK),
    Cause(
        "P2-S0872",
        "E_PACK_EOL",
        "the pack has other line ends than it was made with",
        "put '*.p2pack -text' into .gitattributes and check out again, or copy the file without changing it",
    ),
    Cause(
        "P2-S0873",
        "E_PACK_LENGTH",
        "a length in the pack does not fit its bytes",
        _FETCH_PACK,
    ),
    Cause(
        "P2-S0874",
        "E_PACK_END",
        "the pack ends too early, or something follows after its end",
        _FETCH_PACK,
    ),
    Cause(
        "P2-S0875",
        "E_PACK_FILES",
        "the files of the pack are not exactly those of its statement",
        _FETCH_PACK,
    ),
    Cause(
        "P2-S0876",
        "E_PACK_DIGEST",
        "a file of the pack has other bytes than its statement says",
        _FETCH_PACK,
    ),
    Cause(
        "P2-S0877",
        "E_PACK_PLACE",
        "a pack has no place for this file",
        "scripts stand at the top of a pack, libraries in libraries/SCOPE/NAME, packages in data, pictures in "
        "pictures, and nothing else; have it made anew: plotter2 pack make",
    ),
    Cause(
        "P2-S0878",
        "E_PACK_UNSIGNED",
        "a script or a library of the pack has no signature of its own",
        "have it signed by whoever wrote it (plotter2 sign), then packed anew: plotter2 pack make",
    ),
    Cause(
        "P2-S0879",
        "E_PACK_MIX",
        "scripts and libraries of the pack were not signed for each other",
        "have the scripts signed with the libraries that they use now, then packed anew: plotter2 pack make",
    ),
    Cause(
        "P2-S0880",
        "E_PACK_SERIAL",
        "the pack is older than one that was opened here under this name",
        "get the newest version of the pack; if you want this one all the same: plotter2 trust reset-floor pack:NAME",
    ),
)
"""Of packs."""
