"""A rule of the language that does not hold, without a place: the checker knows the place."""

from __future__ import annotations


class Clash(Exception):
    """One broken rule: code, one sentence, words for the underline, what to type instead.

    `argument` names the argument, or the operand (`left`, `right`), that is to blame; empty for the whole expression.
    `column` is the one of its columns that is, where there are several.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        label: str = "",
        help: str = "",
        argument: str = "",
        column: str = "",
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.label = label
        self.help = help
        self.argument = argument
        self.column = column
