"""Why a statement is refused, for its form or in the case at hand."""

from __future__ import annotations

from p2sign.causes.model import KEEP_BYTES, SIGN_AGAIN, Cause

_SIGNED_TERMS = (
    "the statement is written by plotter2, not by hand; make it anew: plotter2 sign FILE"
)

STATEMENTS = (
    # The statement.
    Cause(
        "P2-S0750",
        "E_STMT_SIZE",
        "the statement is larger than 256 KiB",
        "sign fewer imports or rights at once",
    ),
    Cause(
        "P2-S0751",
        "E_STMT_VERSION",
        "the statement has a version that this release does not know",
        "install a newer plotter2, or " + SIGN_AGAIN,
    ),
    Cause(
        "P2-S0752",
        "E_STMT_LINE",
        "a line of the statement is missing, unknown or out of place",
        _SIGNED_TERMS,
    ),
    Cause(
        "P2-S0753",
        "E_STMT_NONCANONICAL",
        "the statement is not in its one form (order, spelling of numbers)",
        _SIGNED_TERMS,
    ),
    Cause(
        "P2-S0754",
        "E_STMT_NAME",
        "a name in the statement is not 2 to 4 segments of small letters, digits, '.', '_' and '-'",
        "choose a name such as lab/thermal: plotter2 sign FILE --name SCOPE/NAME",
    ),
    Cause(
        "P2-S0755",
        "E_STMT_PATH",
        "a path in the statement cannot be used on every system",
        "rename the file: letters, digits, '.', '_' and '-', no device names, no two names that differ by case only",
    ),
    Cause(
        "P2-S0756",
        "E_STMT_FILES",
        "the files in the statement do not fit its kind and entry",
        _SIGNED_TERMS,
    ),
    Cause(
        "P2-S0757",
        "E_STMT_DIGEST",
        "a digest in the statement is not 64 small hex digits",
        _SIGNED_TERMS,
    ),
    Cause(
        "P2-S0758",
        "E_STMT_NUMBER",
        "a number in the statement is out of its range",
        "serial and limits are whole numbers from 1 to 2147483647, the language line is such as 1.0",
    ),
    Cause(
        "P2-S0759",
        "E_STMT_TIME",
        "a time in the statement is not YYYY-MM-DDTHH:MM:SSZ, or it expires before it is issued",
        SIGN_AGAIN,
    ),
    Cause(
        "P2-S0760",
        "E_STMT_CAP",
        "a right in the statement is not of the form RIGHT KIND:TARGET",
        _SIGNED_TERMS,
    ),
    Cause(
        "P2-S0761",
        "E_STMT_LIMIT",
        "the statement does not set each of the four limits once",
        _SIGNED_TERMS,
    ),
    Cause("P2-S0762", "E_STMT_KIND", "the statement has an unknown kind", _SIGNED_TERMS),
    Cause(
        "P2-S0763",
        "E_STMT_PACK",
        "a pack asks for rights, imports or limits, and a pack grants nothing",
        "sign the scripts in the pack; the pack only binds them together",
    ),
    # What the statement says, against the case at hand.
    Cause(
        "P2-S0769",
        "E_LANGUAGE",
        "the script is of another edition of the language than the statement says",
        SIGN_AGAIN,
    ),
    Cause(
        "P2-S0770", "E_KIND", "the kind of the statement is not what it was signed as", SIGN_AGAIN
    ),
    Cause(
        "P2-S0771",
        "E_NOT_YET_ISSUED",
        "the statement is dated in the future",
        "check this machine's clock and the signer's",
    ),
    Cause("P2-S0772", "E_EXPIRED", "the statement has expired", "ask the signer, or " + SIGN_AGAIN),
    Cause(
        "P2-S0773",
        "E_ENTRY",
        "the statement is about a file with another name",
        "give the file its signed name back, or " + SIGN_AGAIN,
    ),
    Cause(
        "P2-S0774",
        "E_DIGEST",
        "the script is not the one that was signed: it was changed",
        "if you changed it yourself, sign it again: plotter2 sign FILE; if not, get the script anew from the signer",
    ),
    Cause(
        "P2-S0775",
        "E_DIGEST_EOL",
        "the script differs from the signed one only by line ends",
        KEEP_BYTES + "; if you changed the line ends on purpose, sign it again: plotter2 sign FILE",
    ),
    Cause(
        "P2-S0776",
        "E_SCRIPT_REVOKED",
        "the script was revoked",
        "ask the signer for a newer version",
    ),
    Cause(
        "P2-S0777",
        "E_SERIAL",
        "the statement is older than one that already ran here under this name",
        "get the newest version, or, if you want the old one back, sign it yourself: plotter2 sign FILE; "
        "if the newer one ran by mistake: plotter2 trust reset-floor NAME",
    ),
    Cause(
        "P2-S0778",
        "E_CAP_UNDECLARED",
        "the script needs more than its signature allows",
        "read what it needs, then " + SIGN_AGAIN,
    ),
    Cause(
        "P2-S0779",
        "E_IMPORT",
        "the script uses a library that its signature does not cover",
        "read the library, then " + SIGN_AGAIN,
    ),
)
"""Of statements."""
