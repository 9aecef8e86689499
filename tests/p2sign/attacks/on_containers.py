"""The signature file as a container, the armour of a signature, the blob in it."""

from __future__ import annotations

import base64
from dataclasses import replace

from p2sign import sshsig
from p2sign.fields import string
from p2sign.make import add_signature, sign_statement
from p2sign.sidecar import MAX_SIDECAR, MAX_SIGNATURES, split
from p2sign.sshsig import FOOTER, HEADER
from p2sign_mutation import with_order_added
from p2sign_samples import ALICE, BOB, NAMESPACE, SCRIPT, TERMS
from signing_attacks import (
    ARMOUR,
    BLOB,
    NOTHING,
    OLD,
    OTHER_USE,
    SIDECAR,
    STATEMENT,
    STRANGER,
    TRUSTED,
    Attack,
    Bid,
    Control,
    gate,
    with_blob,
)

EVIL = SCRIPT.replace(b"loss", b"gain")
EVIL_STATEMENT = replace(TERMS, serial=99).dump()
BODY = ARMOUR[len(HEADER) : -len(FOOTER)]
TEXT = BODY.replace(b"\n", b"")
BOTH = add_signature(SIDECAR, BOB)
BOBS = BOTH[len(SIDECAR) :]
KEY = string(ALICE.public.blob)
MADE = BLOB[-83 - 4 :]


def armour(body: bytes) -> Bid:
    return Bid(STATEMENT + HEADER + body + FOOTER)


def fields(
    magic: bytes = b"SSHSIG",
    version: int = 1,
    key: bytes = KEY,
    namespace: bytes = NAMESPACE.encode(),
    reserved: bytes = b"",
    hashed: bytes = b"sha512",
    made: bytes = MADE,
    rest: bytes = b"",
) -> Bid:
    head = magic + version.to_bytes(4, "big") + key + string(namespace)
    return with_blob(head + string(reserved) + string(hashed) + made + rest)


def with_hash(name: bytes) -> Bid:
    """Sign with another hash, as ssh-keygen -O hashalg=sha256 does."""
    from p2sign_keys import sshsig_bytes

    made = ALICE.signature_fields(sshsig_bytes(STATEMENT, NAMESPACE, name))
    return fields(hashed=name, made=string(made))


def larger_s() -> Bid:
    return with_blob(with_order_added(BLOB))


CONTROLS = [
    Control("one signature", gate, lambda: Bid(SIDECAR)),
    Control("two signatures", gate, lambda: Bid(BOTH)),
    Control(
        "base64 lines of 76", gate,
        lambda: armour(b"".join(TEXT[at : at + 76] + b"\n" for at in range(0, len(TEXT), 76))),
    ),
    Control("the blob from its fields", gate, fields),
    Control("another order of the signatures", gate, lambda: Bid(STATEMENT + BOBS + ARMOUR)),
]  # fmt: skip

ATTACKS = [
    # ---- nothing, or nothing that is a signature
    Attack("no signature file", NOTHING, gate, "E_UNSIGNED", lambda: Bid(None)),
    Attack("an empty signature file", NOTHING, gate, "E_SIDECAR_BLOCK", lambda: Bid(b"")),
    Attack("a statement alone", NOTHING, gate, "E_UNSIGNED", lambda: Bid(STATEMENT)),
    Attack("signatures alone", NOTHING, gate, "E_SIDECAR_BLOCK", lambda: Bid(ARMOUR)),
    Attack("the script as its own signature file", NOTHING, gate, "E_SIDECAR_BLOCK", lambda: Bid(SCRIPT)),
    Attack("a public key in place of a signature", NOTHING, gate, "E_UNSIGNED", lambda: Bid(STATEMENT + ALICE.public.line().encode())),
    Attack("a private key in place of a signature", TRUSTED, gate, "E_UNSIGNED", lambda: Bid(STATEMENT + ALICE.dump())),
    Attack("the signature before the statement", NOTHING, gate, "E_SIDECAR_BLOCK", lambda: Bid(ARMOUR + STATEMENT)),
    Attack("a header without an end", NOTHING, gate, "E_SIDECAR_BLOCK", lambda: Bid(STATEMENT + HEADER + BODY)),
    Attack("a header that is the last line", NOTHING, gate, "E_SIDECAR_BLOCK", lambda: Bid(STATEMENT + HEADER)),
    Attack("a header in the spelling of PGP", NOTHING, gate, "E_UNSIGNED", lambda: Bid(STATEMENT + ARMOUR.replace(b"SSH", b"PGP"))),
    Attack("an empty armour", NOTHING, gate, "E_SIG_ARMOUR", lambda: armour(b"\n")),
    Attack("an armour without a body", NOTHING, gate, "E_SIG_ARMOUR", lambda: Bid(STATEMENT + HEADER + FOOTER)),
    # ---- more than belongs there
    Attack("a second statement after the signature", NOTHING, gate, "E_SIDECAR_BLOCK", lambda: Bid(SIDECAR + EVIL_STATEMENT)),
    Attack("a second statement before the first", NOTHING, gate, "E_SIG_BAD", lambda: Bid(EVIL_STATEMENT + SIDECAR)),
    Attack("a whole signature file appended", TRUSTED, gate, "E_SIDECAR_BLOCK", lambda: Bid(SIDECAR + sign_statement(replace(TERMS, serial=9), BOB))),
    Attack("a blank line between statement and signature", NOTHING, gate, "E_SIG_BAD", lambda: Bid(STATEMENT + b"\n" + ARMOUR)),
    Attack("a blank line between two signatures", NOTHING, gate, "E_SIDECAR_BLOCK", lambda: Bid(SIDECAR + b"\n" + BOBS)),
    Attack("a comment between two signatures", NOTHING, gate, "E_SIDECAR_BLOCK", lambda: Bid(SIDECAR + b"# bob\n" + BOBS)),
    Attack("a byte after the end", NOTHING, gate, "E_SIDECAR_BLOCK", lambda: Bid(SIDECAR + b"\0")),
    Attack("a line feed after the end", NOTHING, gate, "E_SIDECAR_BLOCK", lambda: Bid(SIDECAR + b"\n")),
    Attack("the last line feed is missing", NOTHING, gate, "E_SIDECAR_BLOCK", lambda: Bid(SIDECAR[:-1])),
    Attack("a byte order mark in front", NOTHING, gate, "E_SIDECAR_BLOCK", lambda: Bid(b"\xef\xbb\xbf" + SIDECAR)),
    Attack("the header of a signature inside the statement", TRUSTED, gate, "E_SIG_ARMOUR", lambda: Bid(STATEMENT.replace(b"cap read", HEADER + b"cap read") + ARMOUR)),
    Attack("a signature wrapped around another one", NOTHING, gate, "E_SIG_ARMOUR", lambda: Bid(STATEMENT + HEADER + ARMOUR)),
    Attack("17 signatures", TRUSTED, gate, "E_SIDECAR_COUNT", lambda: Bid(SIDECAR + MAX_SIGNATURES * ARMOUR)),
    Attack("as large as memory", NOTHING, gate, "E_SIDECAR_SIZE", lambda: Bid(SIDECAR + bytes(MAX_SIDECAR))),
    Attack("one signature twice", NOTHING, gate, "E_SIG_DUPLICATE", lambda: Bid(SIDECAR + ARMOUR)),
    Attack("two signatures of one key, in two armours", NOTHING, gate, "E_SIG_DUPLICATE", lambda: Bid(SIDECAR + HEADER + TEXT[:60] + b"\n" + TEXT[60:120] + b"\n" + b"".join(TEXT[at : at + 64] + b"\n" for at in range(120, len(TEXT), 64)) + FOOTER)),
    # ---- line ends
    Attack("CRLF everywhere", NOTHING, gate, "E_SIDECAR_EOL", lambda: Bid(SIDECAR.replace(b"\n", b"\r\n"))),
    Attack("one CR in the armour", NOTHING, gate, "E_SIDECAR_EOL", lambda: Bid(STATEMENT + ARMOUR.replace(b"\n", b"\r\n", 1))),
    Attack("CR that overwrites a line in a terminal", TRUSTED, gate, "E_SIDECAR_EOL", lambda: Bid(SIDECAR.replace(b"cap read", b"\rcap read"))),
    # ---- pieces of others
    Attack("a signature of another statement", OLD, gate, "E_SIG_BAD", lambda: Bid(STATEMENT + split(sign_statement(replace(TERMS, serial=6), ALICE)).armours[0])),
    Attack("bob's signature of another statement rides along", OLD, gate, "E_SIG_BAD", lambda: Bid(SIDECAR + split(sign_statement(replace(TERMS, serial=9), BOB)).armours[0])),
    Attack("the statement was changed after signing", NOTHING, gate, "E_SIG_BAD", lambda: Bid(SIDECAR.replace(b"serial 7", b"serial 8"))),
    Attack("a right was added after signing", NOTHING, gate, "E_SIG_BAD", lambda: Bid(SIDECAR.replace(b"cap write frame:loss-summary\n", b"cap write frame:loss-summary\ncap write output:x\n"))),
    Attack("the digest was changed to the new script's", NOTHING, gate, "E_SIG_BAD", lambda: Bid(SIDECAR.replace(TERMS.digest_of_entry().encode(), b"0" * 64), EVIL)),
    Attack("one bit of the statement was flipped", NOTHING, gate, "E_SIG_BAD", lambda: Bid(bytes([*SIDECAR[:300], SIDECAR[300] ^ 1, *SIDECAR[301:]]))),
    # ---- the armour
    Attack("base64 without padding", NOTHING, gate, "E_SIG_ARMOUR", lambda: armour(base64.b64encode(BLOB + b"\0").rstrip(b"=") + b"\n")),
    Attack("base64 with stray padding bits", NOTHING, gate, "E_SIG_ARMOUR", lambda: armour(base64.b64encode(BLOB + b"x").replace(b"eA==", b"eB==") + b"\n")),
    Attack("the alphabet of base64 for the web", NOTHING, gate, "E_SIG_ARMOUR", lambda: armour(b"-_" + BODY[2:])),
    Attack("a space within base64", NOTHING, gate, "E_SIG_ARMOUR", lambda: armour(BODY[:5] + b" " + BODY[5:])),
    Attack("an empty line in the armour", NOTHING, gate, "E_SIG_ARMOUR", lambda: armour(BODY + b"\n")),
    Attack("one long line of base64", NOTHING, gate, "E_SIG_ARMOUR", lambda: armour(TEXT + b"\n")),
    Attack("a header field in the armour, as PGP has", NOTHING, gate, "E_SIG_ARMOUR", lambda: armour(b"Version: 1\n" + BODY)),
    Attack("a byte beyond ASCII in the armour", NOTHING, gate, "E_SIG_ARMOUR", lambda: armour("ＡＢ".encode() + BODY)),
    Attack("an escape sequence in the armour", NOTHING, gate, "E_SIG_ARMOUR", lambda: armour(b"\x1b[2J" + BODY)),
    Attack("padding in the middle", NOTHING, gate, "E_SIG_ARMOUR", lambda: armour(b"QQ==" + BODY)),
    Attack("an armour of a megabyte", NOTHING, gate, "E_SIG_ARMOUR", lambda: armour(BODY * 60)),
    Attack("a second footer", NOTHING, gate, "E_SIDECAR_BLOCK", lambda: Bid(SIDECAR + FOOTER)),
    Attack("a footer with a space at its end", NOTHING, gate, "E_SIDECAR_BLOCK", lambda: Bid(SIDECAR.replace(FOOTER, FOOTER[:-1] + b" \n"))),
    # ---- the blob
    Attack("another magic", NOTHING, gate, "E_SIG_BLOB", lambda: fields(magic=b"SSHSIH")),
    Attack("the magic in small letters", NOTHING, gate, "E_SIG_BLOB", lambda: fields(magic=b"sshsig")),
    Attack("version 0", NOTHING, gate, "E_SIG_VERSION", lambda: fields(version=0)),
    Attack("a version of the future", NOTHING, gate, "E_SIG_VERSION", lambda: fields(version=2)),
    Attack("something in the reserved field", NOTHING, gate, "E_SIG_RESERVED", lambda: fields(reserved=b"x")),
    Attack("a hash of 256 bits", TRUSTED, gate, "E_SIG_HASH", lambda: with_hash(b"sha256")),
    Attack("a hash that is broken", TRUSTED, gate, "E_SIG_HASH", lambda: with_hash(b"sha1")),
    Attack("a hash without a name", NOTHING, gate, "E_SIG_HASH", lambda: fields(hashed=b"")),
    Attack("the hash in capital letters", NOTHING, gate, "E_SIG_HASH", lambda: fields(hashed=b"SHA512")),
    Attack("no namespace", NOTHING, gate, "E_SIG_BLOB", lambda: fields(namespace=b"")),
    Attack("a namespace that ends with a null byte", NOTHING, gate, "E_SIG_BLOB", lambda: fields(namespace=NAMESPACE.encode() + b"\0")),
    Attack("a namespace with an escape sequence", NOTHING, gate, "E_SIG_BLOB", lambda: fields(namespace=b"\x1b[31m" + NAMESPACE.encode())),
    Attack("a namespace as long as memory", NOTHING, gate, "E_SIG_BLOB", lambda: fields(namespace=b"n" * 65)),
    Attack("a byte after the blob", NOTHING, gate, "E_SIG_BLOB", lambda: fields(rest=b"\0")),
    Attack("a blob cut short", NOTHING, gate, "E_SIG_BLOB", lambda: with_blob(BLOB[:-1])),
    Attack("a length of four gigabytes", NOTHING, gate, "E_SIG_BLOB", lambda: with_blob(BLOB[:10] + b"\xff\xff\xff\xff" + BLOB[14:])),
    Attack("no key in the blob", NOTHING, gate, "E_SIG_BLOB", lambda: fields(key=string(b""))),
    Attack("a byte after the key in the blob", NOTHING, gate, "E_SIG_BLOB", lambda: fields(key=string(ALICE.public.blob + b"\0"))),
    Attack("bob's key over alice's signature", STRANGER, gate, "E_SIG_BAD", lambda: fields(key=string(BOB.public.blob))),
    Attack("an empty signature", NOTHING, gate, "E_SIG_BLOB", lambda: fields(made=string(string(b"ssh-ed25519") + string(b"")))),
    Attack("a signature of nulls", NOTHING, gate, "E_SIG_BAD", lambda: fields(made=string(string(b"ssh-ed25519") + string(bytes(64))))),
    Attack("a signature that says another type than its key", NOTHING, gate, "E_SIG_BLOB", lambda: fields(made=string(string(b"ssh-rsa") + string(bytes(64))))),
    Attack("a signature type without a name", NOTHING, gate, "E_SIG_BLOB", lambda: fields(made=string(string(b"") + string(BLOB[-64:])))),
    Attack("a byte within the signature field", NOTHING, gate, "E_SIG_BLOB", lambda: fields(made=string(MADE[4:] + b"\0"))),
    Attack("a second form of S, beyond the group order", OLD, gate, "E_SIG_MALLEABLE", larger_s),
    Attack("a signature over the raw statement, without SSHSIG", TRUSTED, gate, "E_SIG_BAD", lambda: fields(made=string(ALICE.signature_fields(STATEMENT)))),
    Attack("a login signature of the same key", OTHER_USE, gate, "E_SIG_BAD", lambda: fields(made=string(ALICE.signature_fields(string(b"session") + b"\x32" + string(b"alice"))))),
    Attack("the namespace changed after signing", OTHER_USE, gate, "E_SIG_BAD", lambda: with_blob(sshsig.dearmour(sshsig.sign(STATEMENT, ALICE, "plotter2-drafts@v")).replace(string(b"plotter2-drafts@v"), string(NAMESPACE.encode())))),
]  # fmt: skip
