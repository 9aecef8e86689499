"""Why a signature file, one signature or a key is refused."""

from __future__ import annotations

from p2sign.causes.model import KEEP_BYTES, SIGN_AGAIN, Cause

_FETCH_SIDECAR = "get the .p2.sig file anew from the person who signed, or sign the script yourself: plotter2 sign FILE"

SIGNATURES = (
    # The container.
    Cause(
        "P2-S0701",
        "E_UNSIGNED",
        "there is no signature",
        "read the script, then sign it: plotter2 sign FILE",
    ),
    Cause("P2-S0702", "E_SIDECAR_SIZE", "the signature file is too large", _FETCH_SIDECAR),
    Cause("P2-S0703", "E_SIDECAR_EOL", "the signature file has CRLF or CR line ends", KEEP_BYTES),
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
        SIGN_AGAIN,
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
        SIGN_AGAIN,
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
)
"""Of containers, signatures and keys."""
