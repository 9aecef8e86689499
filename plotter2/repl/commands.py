"""The REPL's own words: a colon, a name, and what it is about."""

from __future__ import annotations

from collections.abc import Mapping

COMMANDS: Mapping[str, tuple[str, str]] = {
    ":help": ("", "what can be typed here"),
    ":type": ("FLOW or EXPRESSION", "what it is: columns, types, rows"),
    ":cost": ("[INPUT]", "what it may cost, line by line"),
    ":plan": ("[INPUT]", "the compiled program"),
    ":bundles": ("", "the bundles of the store"),
    ":save": ("FILE.p2", "write the last input, with what it needs, as a script"),
    ":sign": ("FILE.p2", "sign a script with your key"),
    ":open": ("", "open the last picture with the program of this system"),
    ":clear": ("", "forget what was declared"),
    ":quit": ("", "leave; so does Ctrl-D"),
}
"""Command -> what follows it, what it does."""


def help_text() -> str:
    """Give the help of the REPL."""
    width = max(len(f"{name} {takes}".rstrip()) for name, (takes, _) in COMMANDS.items())
    lines = [
        f"  {f'{name} {takes}'.rstrip():<{width}}  {about}"
        for name, (takes, about) in COMMANDS.items()
    ]
    return "\n".join(
        [
            "Type statements of the language; `let` binds, a flow shows its table or draws its picture:",
            '  let runs = access("name/*")',
            "  $runs | head(5)",
            "  | frame | line(x=step, y=loss)      a line that starts with | goes on with the last flow",
            "Tab completes, Enter ends a whole statement, Alt-Enter starts a line, Ctrl-C stops a run.",
            *lines,
        ]
    )
