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
_FETCH_PACK = "get the pack anew from the person who made it"
_SMALLER_PACK = (
    "a pack has at most 32 MiB: give large data on their own, as a package (plotter2 pack PATH)"
)
_KEEP_BYTES = (
    "put '*.p2 -text' and '*.p2.sig -text' into .gitattributes and check out again, "
    "or copy the file without changing its line ends"
)
_ONE_TRUST_LINE = (
    'write each line as: name@place namespaces="plotter2-script@v1" ssh-ed25519 KEY '
    "(plotter2 trust add writes such lines)"
)
LOG_BACK = (
    "get log/run back from a safe copy, or set the folder aside, and the next run begins a new log"
)
"""What helps where a log is not what its checkpoint says."""

_TABLE = (
    # The container.
    Cause(
        "P2-S0701",
        "E_UNSIGNED",
        "there is no signature",
        "read the script, then sign it: plotter2 sign FILE",
    ),
    Cause("P2-S0702", "E_SIDECAR_SIZE", "the signature file is too large", _FETCH_SIDECAR),
    Cause("P2-S0703", "E_SIDECAR_EOL", "the signature file has CRLF or CR line ends", _KEEP_BYTES),
    Cause(
        "P2-S0704",
        "E_SIDECAR_BLOCK",
        "the signature file is not a statement followed by signatures and nothing else",
        _FETCH_SIDECAR,
    ),
    Cause(
        "P2-S0705",
        "E_SIDECAR_COUNT",
        "the signature file has more than 16 signatures",
        _SIGN_AGAIN,
    ),
    # One signature.
    Cause(
        "P2-S0710",
        "E_SIG_ARMOUR",
        "the armour of a signature is damaged or not in its one form",
        _FETCH_SIDECAR,
    ),
    Cause(
        "P2-S0711",
        "E_SIG_BLOB",
        "the bytes of a signature do not have the SSHSIG layout",
        _FETCH_SIDECAR,
    ),
    Cause(
        "P2-S0712",
        "E_SIG_VERSION",
        "the signature has an SSHSIG version other than 1",
        _SIGN_AGAIN,
    ),
    Cause(
        "P2-S0713",
        "E_SIG_RESERVED",
        "the reserved field of the signature is not empty",
        _FETCH_SIDECAR,
    ),
    Cause(
        "P2-S0714",
        "E_SIG_HASH",
        "the signature uses a hash other than sha512",
        "sign again with plotter2 sign FILE, or with ssh-keygen -Y sign -O hashalg=sha512",
    ),
    Cause(
        "P2-S0715",
        "E_SIG_NAMESPACE",
        "the signature was made for another use",
        "sign it for this use: plotter2 sign FILE (ssh-keygen -Y sign needs -n plotter2-script@v1)",
    ),
    Cause(
        "P2-S0716",
        "E_SIG_DRAFT",
        "the signature marks a draft, and a draft never runs",
        "read the script, then approve it by signing it yourself: plotter2 sign FILE",
    ),
    Cause(
        "P2-S0717",
        "E_SIG_MALLEABLE",
        "the signature is not in its one canonical form (a number is padded or out of range)",
        _FETCH_SIDECAR,
    ),
    Cause(
        "P2-S0718",
        "E_SIG_BAD",
        "the signature does not fit the statement: one of the two was changed",
        _FETCH_SIDECAR,
    ),
    Cause(
        "P2-S0719",
        "E_SIG_DUPLICATE",
        "one key signed the same file twice",
        "keep one signature for each key: plotter2 sign FILE",
    ),
    # Keys.
    Cause(
        "P2-S0720",
        "E_KEY_FORMAT",
        "this is not a public key in OpenSSH's one-line form",
        "give the .pub file as ssh-keygen wrote it: ssh-ed25519 KEY COMMENT",
    ),
    Cause(
        "P2-S0721",
        "E_KEY_ALGORITHM",
        "keys of this type are not accepted",
        "use a key of an accepted type: plotter2 key new, or ssh-keygen -t ed25519",
    ),
    Cause(
        "P2-S0722",
        "E_KEY_WEAK",
        "this public key is no proper key: anybody could sign for it, or nobody",
        "do not trust it; ask for another key on another channel",
    ),
    Cause(
        "P2-S0723",
        "E_KEY_PRIVATE",
        "this is not a readable OpenSSH private key",
        "give the private key file itself (not .pub); convert other formats with ssh-keygen -p -f KEY",
    ),
    Cause(
        "P2-S0724",
        "E_KEY_PASSPHRASE_MISSING",
        "the private key is protected by a passphrase",
        "give its passphrase",
    ),
    Cause(
        "P2-S0725",
        "E_KEY_PASSPHRASE_WRONG",
        "the passphrase does not open the private key",
        "give the passphrase again; if it is lost, make a new key: plotter2 key new",
    ),
    Cause(
        "P2-S0726",
        "E_KEY_PASSPHRASE_UNSUPPORTED",
        "passphrases need the package bcrypt, which is not installed",
        "install it: python -m pip install bcrypt",
    ),
    # The trust files.
    Cause("P2-S0730", "E_TRUST_LINE", "a line of the trust file cannot be read", _ONE_TRUST_LINE),
    Cause(
        "P2-S0731",
        "E_TRUST_PRINCIPAL",
        "a line of the trust file does not begin with exactly one literal name@place",
        "name one person or machine for each line, in small letters and without * ? ! and commas: alice@lab",
    ),
    Cause(
        "P2-S0732",
        "E_TRUST_NAMESPACE",
        "a line of the trust file does not say for which uses of plotter2 it is meant",
        'write the uses out: namespaces="plotter2-script@v1"; OpenSSH takes a line without them as good for everything',
    ),
    Cause(
        "P2-S0733",
        "E_TRUST_TIME",
        "a time in the trust file is not a UTC time with Z, or the two times do not follow each other",
        'write valid-after="YYYYMMDDZ" or valid-before="YYYYMMDDHHMMSSZ"; without Z the time zone would decide',
    ),
    Cause(
        "P2-S0734",
        "E_TRUST_OPTION",
        "a line of the trust file has an option that plotter2 does not know, or one twice",
        "only namespaces, valid-after and valid-before are known, each once; certificates are not accepted",
    ),
    Cause(
        "P2-S0735",
        "E_TRUST_DUPLICATE",
        "one key stands in the trust file twice",
        "keep one line for each key; a key belongs to one person, a person may have several keys",
    ),
    Cause(
        "P2-S0736",
        "E_REVOKED_KEYS",
        "a line of the list of revoked keys cannot be read",
        "write one public key a line, as in a .pub file; a binary KRL is not read",
    ),
    Cause(
        "P2-S0737",
        "E_REVOKED_SCRIPTS",
        "a line of the list of revoked scripts cannot be read",
        "write one SHA-256 a line in 64 small hex digits, as sha256sum prints it",
    ),
    # The signer.
    Cause(
        "P2-S0740",
        "E_SIGNER_UNKNOWN",
        "the key that signed is not in the trust file",
        "if you know this person: plotter2 trust add NAME@PLACE KEYFILE (compare the fingerprint on another channel)",
    ),
    Cause(
        "P2-S0741",
        "E_SIGNER_REVOKED",
        "the key that signed was revoked",
        "ask the signer to sign with a new key, or read the script and sign it yourself: plotter2 sign FILE",
    ),
    Cause(
        "P2-S0742",
        "E_SIGNER_NAMESPACE",
        "the signer is trusted, but not for this use",
        "if you trust the signer for it, add the use to namespaces=... on this line of the trust file",
    ),
    Cause(
        "P2-S0743",
        "E_SIGNER_NOT_YET",
        "the signer's line in the trust file is not valid yet",
        "check this machine's clock and valid-after=... on this line of the trust file",
    ),
    Cause(
        "P2-S0744",
        "E_SIGNER_EXPIRED",
        "the signer's line in the trust file is no longer valid",
        "ask the signer for a new key, or move valid-before=... on this line of the trust file",
    ),
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
        "install a newer plotter2, or " + _SIGN_AGAIN,
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
        _SIGN_AGAIN,
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
        _SIGN_AGAIN,
    ),
    Cause(
        "P2-S0770", "E_KIND", "the kind of the statement is not what it was signed as", _SIGN_AGAIN
    ),
    Cause(
        "P2-S0771",
        "E_NOT_YET_ISSUED",
        "the statement is dated in the future",
        "check this machine's clock and the signer's",
    ),
    Cause(
        "P2-S0772", "E_EXPIRED", "the statement has expired", "ask the signer, or " + _SIGN_AGAIN
    ),
    Cause(
        "P2-S0773",
        "E_ENTRY",
        "the statement is about a file with another name",
        "give the file its signed name back, or " + _SIGN_AGAIN,
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
        _KEEP_BYTES
        + "; if you changed the line ends on purpose, sign it again: plotter2 sign FILE",
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
        "read what it needs, then " + _SIGN_AGAIN,
    ),
    Cause(
        "P2-S0779",
        "E_IMPORT",
        "the script uses a library that its signature does not cover",
        "read the library, then " + _SIGN_AGAIN,
    ),
    # Security keys.
    Cause(
        "P2-S0800",
        "E_SIG_PRESENCE",
        "the security key was not touched for this signature",
        "sign again and touch the key; a key made with -O no-touch-required cannot sign here",
    ),
    Cause(
        "P2-S0801",
        "E_KEY_HANDLE",
        "the private key is inside a security key, and this file only names it",
        "load it into an agent (ssh-add FILE) and sign with --key agent:FINGERPRINT, "
        "or sign with --signer-program ssh-keygen --key FILE",
    ),
    # The policy.
    Cause(
        "P2-S0820",
        "E_POLICY_FORM",
        "the policy cannot be read",
        "plotter2 policy check tells what is wrong, plotter2 policy edit mends it; signing/FORMAT.md has an example",
    ),
    Cause(
        "P2-S0821",
        "E_POLICY_PATTERN",
        "a pattern of rights is not in the simple form that is read here",
        "write whole lines such as 'read bundle:run-[0-9]+/.*'; there are . [a-z] \\d \\w (|) * + ? {2,5} and no more",
    ),
    Cause(
        "P2-S0822",
        "E_SCOPE",
        "nobody who signed may sign under this name",
        "ask one of the scope's signers, or read the script and sign it under a name of your own: "
        "plotter2 sign FILE --name own/NAME",
    ),
    Cause(
        "P2-S0823",
        "E_THRESHOLD",
        "too few of the scope's signers have signed",
        "have another one of them add a signature: plotter2 sign FILE --add",
    ),
    Cause(
        "P2-S0824",
        "E_LANGUAGE_FLOOR",
        "the script is of an older language than the policy admits",
        "bring the script up to date and "
        + _SIGN_AGAIN
        + "; or lower min-language: plotter2 policy edit",
    ),
    Cause(
        "P2-S0825",
        "E_CEILING_NONE",
        "the signer is trusted, and no ceiling says what the signer may grant",
        "say what: plotter2 trust add NAME@PLACE KEYFILE --may 'read bundle:.*' --may 'write output:.*'",
    ),
    Cause(
        "P2-S0826",
        "E_CEILING",
        "the script declares a right that its signers may not grant here",
        "read the script and sign it yourself: plotter2 sign FILE; "
        "or raise the signer's ceiling: plotter2 policy edit",
    ),
    Cause(
        "P2-S0827",
        "E_REVOCATION_STALE",
        "the lists of revocations are older than the policy allows",
        "get the newest list and import it: plotter2 trust import FILE.p2revoke",
    ),
    Cause(
        "P2-S0828",
        "E_BUNDLE_EXPIRED",
        "the trust bundle that brought this signer has expired",
        "get its newest version and import it: plotter2 trust import FILE.p2trust",
    ),
    # Trust bundles and lists of revocations.
    Cause(
        "P2-S0829",
        "E_BUNDLE_TIME",
        "the trust bundle is dated in the future",
        "check this machine's clock and that of whoever made it",
    ),
    Cause(
        "P2-S0830",
        "E_BUNDLE_FORM",
        "this is no trust bundle in its one form",
        "get the file anew from whoever made it; plotter2 trust export writes such files",
    ),
    Cause(
        "P2-S0831",
        "E_BUNDLE_SIGNERS",
        "too few people of its root have signed the trust bundle",
        "have another one add a signature: plotter2 trust export --add -o FILE",
    ),
    Cause(
        "P2-S0832",
        "E_BUNDLE_ROOT",
        "too few people of the root that is trusted here have signed the new trust bundle",
        "have those who signed the one before sign it: plotter2 trust export --add -o FILE; "
        "to begin anew with other people: plotter2 trust remove NAME, then import it",
    ),
    Cause(
        "P2-S0833",
        "E_BUNDLE_SERIAL",
        "the trust bundle is older than the one that is here",
        "get the newest one from whoever made it",
    ),
    Cause(
        "P2-S0834",
        "E_BUNDLE_SHRINK",
        "fewer people than before would have to sign the next trust bundle",
        "ask them whether they want this; if they do, import it with --allow-smaller-root",
    ),
    Cause(
        "P2-S0835",
        "E_BUNDLE_TAKEN",
        "the trust bundle reaches for scopes or keys that are somebody else's here",
        "ask whoever made it for other scopes, or leave them out: plotter2 trust import FILE --scope NAME",
    ),
    Cause(
        "P2-S0836",
        "E_BUNDLE_SCOPE",
        "the trust bundle speaks of scopes that you have not agreed to",
        "import it with --scope NAME for each scope that you let it sign; those you leave out it cannot sign",
    ),
    Cause(
        "P2-S0837",
        "E_FEED_FORM",
        "this is no list of revocations in its one form",
        "get the file anew from whoever made it; plotter2 revoke --export writes such files",
    ),
    Cause(
        "P2-S0838",
        "E_FEED_TIME",
        "the list of revocations is dated in the future",
        "check this machine's clock and that of whoever made it",
    ),
    Cause(
        "P2-S0839",
        "E_FEED_SERIAL",
        "the list of revocations is older than the one that is here",
        "get the newest one from whoever made it; what was revoked here stays revoked",
    ),
    # The run log.
    Cause(
        "P2-S0850",
        "E_LOG_NOTE",
        "this is not a checkpoint of a log in its one form",
        "give the file as plotter2 log checkpoint -o FILE wrote it",
    ),
    Cause(
        "P2-S0851",
        "E_LOG_KEY",
        "the checkpoint is not signed by the key of this log",
        "it belongs to another log, or this log was replaced: compare the keys that plotter2 log checkpoint prints",
    ),
    Cause(
        "P2-S0852",
        "E_LOG_SIGNATURE",
        "a signature of the log's key does not fit the checkpoint: one of the two was changed",
        LOG_BACK,
    ),
    Cause(
        "P2-S0853",
        "E_LOG_ENTRY",
        "the entries of the log do not hash to the root of its checkpoint: an entry was changed, dropped or moved",
        LOG_BACK,
    ),
    Cause(
        "P2-S0854",
        "E_LOG_SHORT",
        "the log has fewer entries than a checkpoint covers: its end was cut off, or an older log was put in its place",
        LOG_BACK,
    ),
    Cause(
        "P2-S0855",
        "E_LOG_FORK",
        "the log does not begin with the entries that the checkpoint covers: its history was rewritten",
        "ask who has the key of the log; what others hold checkpoints of is the history that counts",
    ),
    Cause(
        "P2-S0856",
        "E_LOG_PROOF",
        "the proof does not lead from the entry to the root of the checkpoint",
        "get the proof anew: plotter2 log prove RUN -o FILE",
    ),
    Cause(
        "P2-S0857",
        "E_LOG_FORM",
        "an entry of the log is not one line of sorted JSON of at most 65535 bytes",
        LOG_BACK,
    ),
    Cause(
        "P2-S0858",
        "E_LOG_WITNESS",
        "the file beside a checkpoint does not hold countersignatures of it and nothing else",
        "countersign it again: plotter2 log witness CHECKPOINT_FILE",
    ),
    # Packs.
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

CAUSES: dict[str, Cause] = {cause.name: cause for cause in _TABLE}
"""Every refusal by its stable name, in the order of the codes; those from 780 to 799 belong to the caller."""
