"""Why the files of trust are refused, and whom they do not trust: lists, policy, bundles, revocations."""

from __future__ import annotations

from p2sign.causes.model import SIGN_AGAIN, Cause

_ONE_TRUST_LINE = (
    'write each line as: name@place namespaces="plotter2-script@v1" ssh-ed25519 KEY '
    "(plotter2 trust add writes such lines)"
)

TRUST = (
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
        "if you trust the signer for it, name all uses of the key anew: "
        "plotter2 trust add NAME@PLACE KEYFILE --for script --for pack",
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
        + SIGN_AGAIN
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
)
"""Of trust."""
