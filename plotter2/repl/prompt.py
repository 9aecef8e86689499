"""The prompt: history, completion while typing, colours, lines that go on until a statement is whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.completion import CompleteEvent, Completer, Completion, ThreadedCompleter
from prompt_toolkit.document import Document as Typed
from prompt_toolkit.filters import completion_is_selected, has_completions
from prompt_toolkit.formatted_text import HTML
from prompt_toolkit.history import FileHistory, InMemoryHistory
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.lexers import PygmentsLexer
from prompt_toolkit.output import Output

from p2lang.service import Completion as Found
from p2lang.service import Document, completions, is_complete
from plotter2.highlight import P2Lexer
from plotter2.repl.commands import COMMANDS

_PROMPT = HTML("<b>p2&gt;</b> ")
_GOES_ON = "... "
_MENU_ROWS = 8
_LONGEST_ABOUT = 64
_TOLD_BY_DOC = frozenset(("step", "source", "function", "definition"))

Around = Callable[[str], tuple[Document, int]]
"""For what is typed: the whole document that it is the end of, and where it starts there."""


class Statements(Completer):
    """Completes statements of the language and the REPL's own commands."""

    def __init__(self, around: Around) -> None:
        self._around = around

    def get_completions(self, document: Typed, event: CompleteEvent) -> Iterable[Completion]:
        """Give what may be typed at the cursor."""
        del event
        text, cursor = document.text, document.cursor_position
        if text.startswith(":"):
            if " " not in text[:cursor]:
                yield from _commands(text[:cursor])
                return
            start = text.index(" ") + 1
        else:
            start = 0
        whole, offset = self._around(text[start:])
        for found in completions(whole, offset + cursor - start):
            yield Completion(
                found.insert,
                start_position=found.replaces.start - (offset + cursor - start),
                display=found.label,
                display_meta=_about(found),
            )


def _about(found: Found) -> str:
    text = found.doc if found.kind in _TOLD_BY_DOC and found.doc else found.detail
    return text if len(text) <= _LONGEST_ABOUT else f"{text[: _LONGEST_ABOUT - 1]}…"


def _commands(typed: str) -> Iterable[Completion]:
    for name, (_, about) in COMMANDS.items():
        if name.startswith(typed):
            yield Completion(name, start_position=-len(typed), display_meta=about)


def prompt(
    around: Around, history: Path | None, input: Input | None = None, output: Output | None = None
) -> PromptSession[str]:
    """Give the prompt; `history` is the file that keeps what was typed, None keeps nothing."""
    return PromptSession(
        _PROMPT,
        multiline=True,
        prompt_continuation=_GOES_ON,
        lexer=PygmentsLexer(P2Lexer),
        completer=ThreadedCompleter(Statements(around)),
        complete_while_typing=True,
        auto_suggest=AutoSuggestFromHistory(),
        history=FileHistory(str(history)) if history else InMemoryHistory(),
        enable_history_search=False,
        key_bindings=_keys(),
        reserve_space_for_menu=_MENU_ROWS,
        input=input,
        output=output,
    )


def _keys() -> KeyBindings:
    keys = KeyBindings()

    @keys.add("enter", filter=has_completions & completion_is_selected)
    def _(event: KeyPressEvent) -> None:
        event.current_buffer.complete_state = None

    @keys.add("enter", filter=~completion_is_selected)
    def _(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if wants_more(buffer.document):
            buffer.insert_text("\n")
        else:
            buffer.validate_and_handle()

    @keys.add("escape", "enter")
    def _(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    return keys


def wants_more(typed: Typed) -> bool:
    """Tell whether Enter starts a new line: the cursor is inside the text, or the statement is not whole."""
    if typed.text.lstrip().startswith(":"):
        return False
    if typed.text_after_cursor.strip():
        return True
    text = typed.text.lstrip()
    # A flow that goes on from the last one has no head of its own.
    return is_complete(f"$it {text}" if text.startswith("|") else text) == "incomplete"
