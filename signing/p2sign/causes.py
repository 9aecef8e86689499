"""Every way in which p2sign says no: code, stable name, cause and remedy. Holds texts, decides nothing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cause:
    """One kind of refusal: a code that is never used again, its stable name, what is the case, and how to mend it."""

    code: str
    name: str
    cause: str
    remedy: str


_SIGN_AGAIN = "sign it again: plotter2 sign FILE"
_FETCH_SIDECAR = "get the .p2.sig file anew from the person who signed, or sign the script yourself: plotter2 sign FILE"
_SIGNED_TERMS = (
    "the statement is written by plotter2, not by hand; make it anew: plotter2 sign FILE"
)
_KEEP_BYTES = (
    "put '*.p2 -text' and '*.p2.sig -text' into .gitattributes and check out again, "
    "or copy the file without changing its line ends"
)
_ONE_TRUST_LINE = (
    'write each line as: name@place namespaces="plotter2-script@v1" ssh-ed25519 KEY '
    "(plotter2 trust add writes such lines)"
)

_TABLE = (
    # The container.
    Cause(
        "P2-S0701",
        "E_UNSIGNED",
        "There is no signature.",
        "read the script, then sign it: plotter2 sign FILE",
    ),
    Cause("P2-S0702", "E_SIDECAR_SIZE", "The signature file is too large.", _FETCH_SIDECAR),
    Cause("P2-S0703", "E_SIDECAR_EOL", "The signature file has CRLF or CR line ends.", _KEEP_BYTES),
    Cause(
        "P2-S0704",
        "E_SIDECAR_BLOCK",
        "The signature file is not a statement followed by signatures and nothing else.",
        _FETCH_SIDECAR,
    ),
    Cause(
        "P2-S0705",
        "E_SIDECAR_COUNT",
        "The signature file has more than 16 signatures.",
        _SIGN_AGAIN,
    ),
    # One signature.
    Cause(
        "P2-S0710",
        "E_SIG_ARMOUR",
        "The armour of a signature is damaged or not in its one form.",
        _FETCH_SIDECAR,
    ),
    Cause(
        "P2-S0711",
        "E_SIG_BLOB",
        "The bytes of a signature do not have the SSHSIG layout.",
        _FETCH_SIDECAR,
    ),
    Cause(
        "P2-S0712",
        "E_SIG_VERSION",
        "The signature has an SSHSIG version other than 1.",
        _SIGN_AGAIN,
    ),
    Cause(
        "P2-S0713",
        "E_SIG_RESERVED",
        "The reserved field of the signature is not empty.",
        _FETCH_SIDECAR,
    ),
    Cause(
        "P2-S0714",
        "E_SIG_HASH",
        "The signature uses a hash other than sha512.",
        "sign again with plotter2 sign FILE, or with ssh-keygen -Y sign -O hashalg=sha512",
    ),
    Cause(
        "P2-S0715",
        "E_SIG_NAMESPACE",
        "The signature was made for another use.",
        "sign it for this use: plotter2 sign FILE (ssh-keygen -Y sign needs -n plotter2-script@v1)",
    ),
    Cause(
        "P2-S0716",
        "E_SIG_DRAFT",
        "The signature marks a draft, and a draft never runs.",
        "read the script, then approve it by signing it yourself: plotter2 sign FILE",
    ),
    Cause(
        "P2-S0717",
        "E_SIG_MALLEABLE",
        "The signature is not in its one canonical form (S is not below the group order).",
        _FETCH_SIDECAR,
    ),
    Cause(
        "P2-S0718",
        "E_SIG_BAD",
        "The signature does not fit the statement: one of the two was changed.",
        _FETCH_SIDECAR,
    ),
    Cause(
        "P2-S0719",
        "E_SIG_DUPLICATE",
        "One key signed the same file twice.",
        "keep one signature for each key: plotter2 sign FILE",
    ),
    # Keys.
    Cause(
        "P2-S0720",
        "E_KEY_FORMAT",
        "This is not a public key in OpenSSH's one-line form.",
        "give the .pub file as ssh-keygen wrote it: ssh-ed25519 KEY COMMENT",
    ),
    Cause(
        "P2-S0721",
        "E_KEY_ALGORITHM",
        "Keys of this type are not accepted.",
        "use an ed25519 key: plotter2 key new, or ssh-keygen -t ed25519",
    ),
    Cause(
        "P2-S0722",
        "E_KEY_WEAK",
        "This public key is no proper ed25519 key: anybody could sign for it, or nobody.",
        "do not trust it; ask for another key on another channel",
    ),
    Cause(
        "P2-S0723",
        "E_KEY_PRIVATE",
        "This is not a readable OpenSSH private key.",
        "give the private key file itself (not .pub); convert other formats with ssh-keygen -p -f KEY",
    ),
    Cause(
        "P2-S0724",
        "E_KEY_PASSPHRASE_MISSING",
        "The private key is protected by a passphrase.",
        "give its passphrase",
    ),
    Cause(
        "P2-S0725",
        "E_KEY_PASSPHRASE_WRONG",
        "The passphrase does not open the private key.",
        "give the passphrase again; if it is lost, make a new key: plotter2 key new",
    ),
    Cause(
        "P2-S0726",
        "E_KEY_PASSPHRASE_UNSUPPORTED",
        "Passphrases need the package bcrypt, which is not installed.",
        "install it: python -m pip install bcrypt",
    ),
    # The trust files.
    Cause("P2-S0730", "E_TRUST_LINE", "A line of the trust file cannot be read.", _ONE_TRUST_LINE),
    Cause(
        "P2-S0731",
        "E_TRUST_PRINCIPAL",
        "A line of the trust file does not begin with exactly one literal name@place.",
        "name one person or machine for each line, in small letters and without * ? ! and commas: alice@lab",
    ),
    Cause(
        "P2-S0732",
        "E_TRUST_NAMESPACE",
        "A line of the trust file does not say for which uses of plotter2 it is meant.",
        'write the uses out: namespaces="plotter2-script@v1"; OpenSSH takes a line without them as good for everything',
    ),
    Cause(
        "P2-S0733",
        "E_TRUST_TIME",
        "A time in the trust file is not a UTC time with Z, or the two times do not follow each other.",
        'write valid-after="YYYYMMDDZ" or valid-before="YYYYMMDDHHMMSSZ"; without Z the time zone would decide',
    ),
    Cause(
        "P2-S0734",
        "E_TRUST_OPTION",
        "A line of the trust file has an option that plotter2 does not know, or one twice.",
        "only namespaces, valid-after and valid-before are known, each once; certificates are not accepted",
    ),
    Cause(
        "P2-S0735",
        "E_TRUST_DUPLICATE",
        "One key stands in the trust file twice.",
        "keep one line for each key; a key belongs to one person, a person may have several keys",
    ),
    Cause(
        "P2-S0736",
        "E_REVOKED_KEYS",
        "A line of the list of revoked keys cannot be read.",
        "write one public key a line, as in a .pub file; a binary KRL is not read",
    ),
    Cause(
        "P2-S0737",
        "E_REVOKED_SCRIPTS",
        "A line of the list of revoked scripts cannot be read.",
        "write one SHA-256 a line in 64 small hex digits, as sha256sum prints it",
    ),
    # The signer.
    Cause(
        "P2-S0740",
        "E_SIGNER_UNKNOWN",
        "The key that signed is not in the trust file.",
        "if you know this person: plotter2 trust add NAME@PLACE KEYFILE (compare the fingerprint on another channel)",
    ),
    Cause(
        "P2-S0741",
        "E_SIGNER_REVOKED",
        "The key that signed was revoked.",
        "ask the signer to sign with a new key, or read the script and sign it yourself: plotter2 sign FILE",
    ),
    Cause(
        "P2-S0742",
        "E_SIGNER_NAMESPACE",
        "The signer is trusted, but not for this use.",
        "if you trust the signer for it, add the use to namespaces=... on this line of the trust file",
    ),
    Cause(
        "P2-S0743",
        "E_SIGNER_NOT_YET",
        "The signer's line in the trust file is not valid yet.",
        "check this machine's clock and valid-after=... on this line of the trust file",
    ),
    Cause(
        "P2-S0744",
        "E_SIGNER_EXPIRED",
        "The signer's line in the trust file is no longer valid.",
        "ask the signer for a new key, or move valid-before=... on this line of the trust file",
    ),
    # The statement.
    Cause(
        "P2-S0750",
        "E_STMT_SIZE",
        "The statement is larger than 256 KiB.",
        "sign fewer imports or rights at once",
    ),
    Cause(
        "P2-S0751",
        "E_STMT_VERSION",
        "The statement has a version that this release does not know.",
        "install a newer plotter2, or " + _SIGN_AGAIN,
    ),
    Cause(
        "P2-S0752",
        "E_STMT_LINE",
        "A line of the statement is missing, unknown or out of place.",
        _SIGNED_TERMS,
    ),
    Cause(
        "P2-S0753",
        "E_STMT_NONCANONICAL",
        "The statement is not in its one form (order, spelling of numbers).",
        _SIGNED_TERMS,
    ),
    Cause(
        "P2-S0754",
        "E_STMT_NAME",
        "A name in the statement is not 2 to 4 segments of small letters, digits, '.', '_' and '-'.",
        "choose a name such as lab/thermal: plotter2 sign FILE --name SCOPE/NAME",
    ),
    Cause(
        "P2-S0755",
        "E_STMT_PATH",
        "A path in the statement cannot be used on every system.",
        "rename the file: letters, digits, '.', '_' and '-', no device names, no two names that differ by case only",
    ),
    Cause(
        "P2-S0756",
        "E_STMT_FILES",
        "The files in the statement do not fit its kind and entry.",
        _SIGNED_TERMS,
    ),
    Cause(
        "P2-S0757",
        "E_STMT_DIGEST",
        "A digest in the statement is not 64 small hex digits.",
        _SIGNED_TERMS,
    ),
    Cause(
        "P2-S0758",
        "E_STMT_NUMBER",
        "A number in the statement is out of its range.",
        "serial and limits are whole numbers from 1 to 2147483647, the language line is such as 1.0",
    ),
    Cause(
        "P2-S0759",
        "E_STMT_TIME",
        "A time in the statement is not YYYY-MM-DDTHH:MM:SSZ, or it expires before it is issued.",
        _SIGN_AGAIN,
    ),
    Cause(
        "P2-S0760",
        "E_STMT_CAP",
        "A right in the statement is not of the form RIGHT KIND:TARGET.",
        _SIGNED_TERMS,
    ),
    Cause(
        "P2-S0761",
        "E_STMT_LIMIT",
        "The statement does not set each of the four limits once.",
        _SIGNED_TERMS,
    ),
    Cause("P2-S0762", "E_STMT_KIND", "The statement has an unknown kind.", _SIGNED_TERMS),
    Cause(
        "P2-S0763",
        "E_STMT_PACK",
        "A pack asks for rights, imports or limits, and a pack grants nothing.",
        "sign the scripts in the pack; the pack only binds them together",
    ),
    # What the statement says, against the case at hand.
    Cause(
        "P2-S0770", "E_KIND", "The kind of the statement is not what it was signed as.", _SIGN_AGAIN
    ),
    Cause(
        "P2-S0771",
        "E_NOT_YET_ISSUED",
        "The statement is dated in the future.",
        "check this machine's clock and the signer's",
    ),
    Cause(
        "P2-S0772", "E_EXPIRED", "The statement has expired.", "ask the signer, or " + _SIGN_AGAIN
    ),
    Cause(
        "P2-S0773",
        "E_ENTRY",
        "The statement is about a file with another name.",
        "give the file its signed name back, or " + _SIGN_AGAIN,
    ),
    Cause(
        "P2-S0774",
        "E_DIGEST",
        "The script is not the one that was signed: it was changed.",
        "if you changed it yourself, sign it again: plotter2 sign FILE; if not, get the script anew from the signer",
    ),
    Cause(
        "P2-S0775",
        "E_DIGEST_EOL",
        "The script differs from the signed one only by line ends.",
        _KEEP_BYTES
        + "; if you changed the line ends on purpose, sign it again: plotter2 sign FILE",
    ),
    Cause(
        "P2-S0776",
        "E_SCRIPT_REVOKED",
        "The script was revoked.",
        "ask the signer for a newer version",
    ),
    Cause(
        "P2-S0777",
        "E_SERIAL",
        "The statement is older than one that already ran here under this name.",
        "get the newest version, or, if you want the old one back, sign it yourself: plotter2 sign FILE",
    ),
    Cause(
        "P2-S0778",
        "E_CAP_UNDECLARED",
        "The script needs more than its signature allows.",
        "read what it needs, then " + _SIGN_AGAIN,
    ),
)

CAUSES: dict[str, Cause] = {cause.name: cause for cause in _TABLE}
"""Every refusal by its stable name, in the order of the codes. P2-S0780 to P2-S0799 belong to the caller."""
