"""Signs the libraries that ship: `python -m plotter2.libraries.release KEYFILE`, a step of every release.

The private release key is kept outside the project; its public half stands in `p2std/libraries/release_signers`. What
is signed already by that key stays as it is, so the step changes nothing when nothing changed.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from getpass import getpass
from pathlib import Path

from p2lang.check import Schemas
from p2lang.compiler import Surroundings
from p2sign.gate import Offer, TrustFiles, verify
from p2sign.keys import SigningKey, needs_passphrase
from p2sign.make import sign_statement
from p2sign.refusal import Refusal
from p2sign.trust import TrustLine, parse_trust
from p2sign.uses import Kind
from plotter2.config.settings import Ceiling
from plotter2.errors import Plotter2Error
from plotter2.libraries.finding import Finder, Shelf
from plotter2.libraries.reference import Reference
from plotter2.libraries.shelves import RELEASE_SIGNERS, shipped, shipped_folder
from plotter2.runs import compiling
from plotter2.runs.opening import open_script
from plotter2.runs.signing import statement_for

PRINCIPAL = "release@plotter2"
_KEY_LIMIT = 64 * 1024


def sign_all(key: SigningKey, now: datetime, folder: Path | None = None) -> tuple[Reference, ...]:
    """Sign each library of a folder (those that ship) that the key has not signed; give those that were signed.

    Raises Refusal, CheckFailed, and ValueError when another key is the release key.
    """
    where = folder or shipped_folder()
    _own(where / RELEASE_SIGNERS, key)
    trust = TrustFiles((where / RELEASE_SIGNERS).read_bytes())
    shelf = Shelf("plotter2", where, lambda: trust, shipped(lambda: trust).scope)
    return tuple(each for each in shelf.all() if _signed(each, shelf, trust, key, now))


def _own(signers: Path, key: SigningKey) -> None:
    if not signers.exists():
        line = TrustLine.for_kind(PRINCIPAL, key.public, Kind.SCRIPT)
        signers.write_text(line.dump() + "\n", encoding="utf-8")
    elif key.public not in [line.key for line in parse_trust(signers.read_bytes())]:
        raise ValueError(
            f"this is not the key of {signers}; to begin with a new one, delete that file"
        )


def _signed(
    reference: Reference, shelf: Shelf, trust: TrustFiles, key: SigningKey, now: datetime
) -> bool:
    script = open_script(reference.below(shelf.folder))
    try:
        done = verify(Offer(script.content, script.sidecar, script.name), trust, now)
        if done.statement.name == reference.signed_name:
            return False
    except Refusal:
        pass  # not signed yet, or changed since: both are signed now
    known = Finder((shelf,), now).libraries(None, strict=False)
    around = Surroundings(known, as_library=True)
    compiled = compiling.compiled(
        script, Schemas(lambda _: None), compiling.script_limits(Ceiling()), around
    )
    terms = statement_for(compiled, reference.signed_name, 1, now, Ceiling(), lasting=True)
    script.path.with_name(script.name + ".sig").write_bytes(sign_statement(terms, key))
    return True


def main(arguments: list[str]) -> int:
    """Sign with the key of a file; gives the exit code."""
    if len(arguments) != 1:
        sys.stderr.write("give the file of the private release key, and nothing else\n")
        return 2
    content = Path(arguments[0]).read_bytes()
    try:
        secret = getpass("passphrase of the release key: ") if needs_passphrase(content) else None
        signed = sign_all(SigningKey.load(content, secret), datetime.now(UTC))
    except (Refusal, Plotter2Error, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write("".join(f"signed {each}\n" for each in signed) or "all are signed already\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
