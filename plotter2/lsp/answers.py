"""What the service answers, in the types of the protocol. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lsprotocol import types

from p2lang.diagnostics import Diagnostic, Fix
from p2lang.fmt import format_script
from p2lang.service import (
    Document,
    Refused,
    Symbol,
    actions,
    completions,
    definition,
    fix_all,
    hover,
    inlay_hints,
    library_definition,
    references,
    rename,
    signature_help,
    symbols,
)
from p2lang.service.completion import MOST, Completion
from p2lang.service.wording import harmless
from p2lang.source import Span
from plotter2.lsp.positions import Positions

UNKNOWN_BUNDLE = "P2-E0218"
"""What is not said where no schemas are known at all."""
_UNUSED = frozenset(("P2-W0401", "P2-W0402"))
FIX_ALL = "source.fixAll.plotter2"

_COMPLETION_KINDS: Mapping[str, types.CompletionItemKind] = {
    "argument": types.CompletionItemKind.Property,
    "binding": types.CompletionItemKind.Variable,
    "choice": types.CompletionItemKind.EnumMember,
    "column": types.CompletionItemKind.Field,
    "definition": types.CompletionItemKind.Function,
    "function": types.CompletionItemKind.Function,
    "keyword": types.CompletionItemKind.Keyword,
    "library": types.CompletionItemKind.Module,
    "path": types.CompletionItemKind.File,
    "source": types.CompletionItemKind.Constructor,
    "step": types.CompletionItemKind.Method,
    "task": types.CompletionItemKind.Event,
    "type": types.CompletionItemKind.TypeParameter,
    "value": types.CompletionItemKind.Value,
}

_SYMBOL_KINDS: Mapping[str, types.SymbolKind] = {
    "let": types.SymbolKind.Variable,
    "param": types.SymbolKind.Constant,
    "pipe": types.SymbolKind.Array,
    "def": types.SymbolKind.Function,
    "script": types.SymbolKind.Function,
    "library": types.SymbolKind.Module,
    "task": types.SymbolKind.Event,
    "link": types.SymbolKind.Interface,
    "expose": types.SymbolKind.Property,
    "input": types.SymbolKind.Interface,
    "repeat": types.SymbolKind.Namespace,
    "when": types.SymbolKind.Namespace,
    "box": types.SymbolKind.Object,
    "flow": types.SymbolKind.File,
}


class Answers:
    """Answers about one document. `uri` names it, `encoding` says how characters are counted."""

    def __init__(self, document: Document, uri: str, encoding: str, *, has_schemas: bool) -> None:
        self.document = document
        self.places = Positions(document.text, encoding)
        self._uri = uri
        self._encoding = encoding
        self._has_schemas = has_schemas
        self.of_texts: tuple[Diagnostic, ...] = ()
        """What a child says of the texts of steps in Python."""

    # ---- diagnostics ---------------------------------------------------------------------------

    def diagnostics(self) -> list[types.Diagnostic]:
        """Give everything that is wrong, each at its place in this document."""
        return [self._diagnostic(d) for d in self._told()]

    def _told(self) -> Iterable[Diagnostic]:
        found = (*self.document.compiled.diagnostics, *self.of_texts)
        return found if self._has_schemas else (d for d in found if d.code != UNKNOWN_BUNDLE)

    def _diagnostic(self, found: Diagnostic) -> types.Diagnostic:
        lines = [found.message, *(f"{t}: {s}" for t, s in _remarks(found) if s)]
        error, warning = types.DiagnosticSeverity.Error, types.DiagnosticSeverity.Warning
        related = [
            types.DiagnosticRelatedInformation(self._location(r.span), r.label)
            for r in found.related
            if r.source is None and r.label
        ]
        return types.Diagnostic(
            self.places.range(found.in_script),
            "\n".join(lines),
            error if found.is_error else warning,
            found.code,
            source="plotter2",
            tags=[types.DiagnosticTag.Unnecessary] if found.code in _UNUSED else None,
            related_information=related or None,
        )

    def _location(self, span: Span) -> types.Location:
        return types.Location(self._uri, self.places.range(span))

    # ---- at a place ----------------------------------------------------------------------------

    def hover(self, position: types.Position) -> types.Hover | None:
        """Give what is known about what is there, as Markdown."""
        found = hover(self.document, self.places.offset(position))
        if found is None:
            return None
        text = f"```p2\n{found.code}\n```" + (f"\n\n{found.text}" if found.text else "")
        content = types.MarkupContent(types.MarkupKind.Markdown, text)
        return types.Hover(content, self.places.range(found.span))

    def completion(self, position: types.Position) -> types.CompletionList:
        """Give what may be typed there."""
        found = completions(self.document, self.places.offset(position))
        items = [self._item(each, index) for index, each in enumerate(found)]
        return types.CompletionList(is_incomplete=len(items) >= MOST, items=items)

    def _item(self, found: Completion, index: int) -> types.CompletionItem:
        in_backticks = self.document.text.startswith("`", found.replaces.start)
        return types.CompletionItem(
            found.label,
            kind=_COMPLETION_KINDS[found.kind],
            detail=found.detail or None,
            sort_text=f"{index:05}",
            filter_text=found.insert if in_backticks else found.label,
            text_edit=types.TextEdit(self.places.range(found.replaces), found.insert),
            data={"doc": harmless(found.doc) if found.kind == "definition" else found.doc},
        )

    def definition(self, position: types.Position) -> types.Location | None:
        """Give where the name there is declared."""
        offset = self.places.offset(position)
        elsewhere = library_definition(self.document, offset)
        if elsewhere is not None:
            source, span = elsewhere
            places = Positions(source.text, self._encoding)
            return types.Location(Path(source.name).absolute().as_uri(), places.range(span))
        found = definition(self.document, offset)
        return None if found is None else self._location(found)

    def references(
        self, position: types.Position, *, with_declaration: bool
    ) -> list[types.Location]:
        """Give all places of the name there."""
        offset = self.places.offset(position)
        declared = None if with_declaration else definition(self.document, offset)
        found = references(self.document, offset)
        return [self._location(span) for span in found if span != declared]

    def renaming_at(self, position: types.Position) -> types.PrepareRenamePlaceholder | Refused:
        """Give the stretch of the name there, or why it cannot be renamed."""
        offset = self.places.offset(position)
        found = rename(self.document, offset, "p2_other_name")
        if isinstance(found, Refused):
            return found
        here = next(f.span for f in found if f.span.start <= offset <= f.span.end)
        return types.PrepareRenamePlaceholder(
            self.places.range(here), self.document.source.slice(here)
        )

    def rename(self, position: types.Position, name: str) -> types.WorkspaceEdit | Refused:
        """Give the changes that rename what is there, or why that cannot be."""
        found = rename(self.document, self.places.offset(position), name)
        return found if isinstance(found, Refused) else self._edit(found)

    def signature_help(self, position: types.Position) -> types.SignatureHelp | None:
        """Give the signature of the call there."""
        found = signature_help(self.document, self.places.offset(position))
        if found is None:
            return None
        parameters = [types.ParameterInformation(label=text) for text in found.parameters]
        about = types.SignatureInformation(found.label, found.doc or None, parameters)
        return types.SignatureHelp([about], active_signature=0, active_parameter=found.active)

    # ---- the whole -----------------------------------------------------------------------------

    def formatted(self) -> list[types.TextEdit] | None:
        """Give the change that brings the document into the one layout; None when it cannot be read."""
        parsed = self.document.parsed
        if parsed.script is None or any(d.is_error for d in parsed.diagnostics):
            return None
        text = format_script(parsed.script)
        return [] if text == self.document.text else [types.TextEdit(self.places.whole, text)]

    def actions(self, params: types.CodeActionParams) -> list[types.CodeAction]:
        """Give what mends the mistakes in a range, one by one, and all of the document's at once."""
        only = params.context.only
        found = []
        if _wanted(types.CodeActionKind.QuickFix, only):
            for each in actions(self.document, self.places.span(params.range)):
                if self._has_schemas or each.diagnostic.code != UNKNOWN_BUNDLE:
                    found.append(
                        types.CodeAction(
                            each.title,
                            types.CodeActionKind.QuickFix,
                            [self._diagnostic(each.diagnostic)],
                            is_preferred=True,
                            edit=self._edit((each.fix,)),
                        )
                    )
        changes = fix_all(self.document) if _wanted(FIX_ALL, only) else ()
        if changes:
            title = "mend all that can be mended"
            found.append(types.CodeAction(title, FIX_ALL, edit=self._edit(changes)))
        return found

    def _edit(self, changes: Iterable[Fix]) -> types.WorkspaceEdit:
        edits = [types.TextEdit(self.places.range(fix.span), fix.text) for fix in changes]
        return types.WorkspaceEdit(changes={self._uri: edits})

    def hints(self, range_: types.Range) -> list[types.InlayHint]:
        """Give sizes and types between the code of a range."""
        span = self.places.span(range_)
        return [
            types.InlayHint(
                self.places.position(hint.offset),
                hint.text,
                types.InlayHintKind.Type,
                padding_left=not hint.text.startswith(":"),
            )
            for hint in inlay_hints(self.document, span.start, span.end)
        ]

    def symbols(self) -> list[types.DocumentSymbol]:
        """Give the outline."""
        return [self._symbol(each) for each in symbols(self.document)]

    def _symbol(self, found: Symbol) -> types.DocumentSymbol:
        return types.DocumentSymbol(
            found.name,
            _SYMBOL_KINDS[found.kind],
            self.places.range(found.span),
            self.places.range(found.selection),
            detail=found.detail or None,
            children=[self._symbol(child) for child in found.children],
        )


def documented(item: types.CompletionItem) -> types.CompletionItem:
    """Give an item of a completion with its sentence of documentation."""
    data: Any = item.data
    doc = data.get("doc") if isinstance(data, dict) else None
    if doc:
        item.documentation = types.MarkupContent(types.MarkupKind.Markdown, str(doc))
    return item


def _remarks(found: Diagnostic) -> tuple[tuple[str, str], ...]:
    return (("help", found.help), ("note", found.note))


def _wanted(kind: str, only: Iterable[str] | None) -> bool:
    return only is None or any(kind == each or kind.startswith(f"{each}.") for each in only)
