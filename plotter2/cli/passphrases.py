"""How a passphrase is asked for, and the hint about how long a new one would keep somebody out."""

from __future__ import annotations

import click

from plotter2.cli import codes
from plotter2.cli.answer import is_interactive
from plotter2.errors import ExitCode, Plotter2Error

_LONGEST_JUDGED = 100
_GUESSES_A_SECOND = 10_000
"""What somebody with the file and many machines tries: 24 rounds of bcrypt take each of them long."""
_SPANS = (
    (1, "at once"),
    (3600, "within an hour"),
    (86_400, "within a day"),
    (30 * 86_400, "within a month"),
    (365 * 86_400, "within a year"),
    (100 * 365 * 86_400, "within a lifetime"),
)
_WEAK_S = 30 * 86_400


def passphrase(prompt: str) -> str:
    """Ask for a passphrase; raises Plotter2Error P2-S0791 without a terminal."""
    if not is_interactive():
        raise Plotter2Error(
            codes.NO_TERMINAL,
            "the key has a passphrase, and there is no terminal to ask for it",
            help="run the command in a terminal",
            exit_code=ExitCode.REFUSED,
        )
    return str(click.prompt(prompt, hide_input=True, err=True))


def new_passphrase() -> str | None:
    """Offer a passphrase for a new key and say how strong it is; an empty answer means none."""
    while True:
        answer = click.prompt(
            "passphrase for the new key (empty for none)",
            default="",
            show_default=False,
            hide_input=True,
            confirmation_prompt=True,
            err=True,
        )
        if not answer:
            click.echo("the key has no passphrase: whoever gets its file can sign as you", err=True)
            return None
        hint, weak = strength(str(answer))
        click.echo(hint, err=True)
        if not weak or click.confirm("keep it?", default=False, err=True):
            return str(answer)


def strength(secret: str) -> tuple[str, bool]:
    """Say for how long a passphrase keeps out somebody who has the key's file, and whether that is too short.

    Counted are the guesses that a cracker needs who knows words, names, dates, keyboards and how people change them.
    """
    from zxcvbn import zxcvbn  # 60 ms, and only whoever makes a key needs it

    judged = zxcvbn(secret[:_LONGEST_JUDGED])
    seconds = float(judged["guesses"]) / _GUESSES_A_SECOND
    span = next((name for limit, name in _SPANS if seconds < limit), "not in a lifetime")
    told = judged["feedback"]
    advice = [text for text in (told["warning"], *told["suggestions"]) if text]
    weak = seconds < _WEAK_S
    hint = f"somebody who steals the key's file could guess this passphrase {span}"
    if span == "not in a lifetime":
        hint = "somebody who steals the key's file could not guess this passphrase in a lifetime"
    if weak:
        sentences = [each for text in advice for each in text.removesuffix(".").split(". ")]
        said = [each[:1].lower() + each[1:] for each in sentences]
        hint += ": " + "; ".join(said or ["use four or more words that do not belong together"])
    return hint, weak
