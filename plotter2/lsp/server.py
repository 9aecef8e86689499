"""The server: takes documents from an editor, answers from the newest text, drops what became stale."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from lsprotocol import types
from pygls import uris
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from p2lang.service import Document, Refused
from plotter2.lsp.answers import FIX_ALL, Answers, documented
from plotter2.lsp.knowledge import Knowledge
from plotter2.lsp.positions import tidy
from plotter2.version import __version__

_QUIET_SECONDS = 0.12
"""How long nobody types before the document is checked."""
_LOOK_SECONDS = 0.3
"""How long what is known at once waits for what a child says."""
_REQUEST_FAILED = -32803

Result = TypeVar("Result")


class Server(LanguageServer):
    """The language server of one editor."""

    def __init__(self, root: str | None = None) -> None:
        super().__init__(
            "plotter2", __version__, text_document_sync_kind=types.TextDocumentSyncKind.Full
        )
        self._given: Any = None
        self._root = root
        self._knowledge = Knowledge(root)
        self._texts: dict[str, tuple[str, int | None]] = {}
        self._answers: dict[str, Answers] = {}
        self._checks: dict[str, asyncio.Task[None]] = {}
        # One thread for all that takes time: answers share what they found, and the store stays in its thread.
        self._worker = ThreadPoolExecutor(1, "plotter2-lsp")
        # But for the children that read steps in Python: nobody who types waits for these.
        self._looker = ThreadPoolExecutor(1, "plotter2-lsp-texts")

    # ---- documents -----------------------------------------------------------------------------

    def take(self, uri: str, text: str, version: int | None) -> None:
        """Take a new text of a document, and check it when nobody types for a moment."""
        self._texts[uri] = tidy(text), version
        self._answers.pop(uri, None)
        self._check_soon(uri, _QUIET_SECONDS)

    def drop(self, uri: str) -> None:
        """Forget a document that was closed."""
        self._texts.pop(uri, None)
        self._answers.pop(uri, None)
        check = self._checks.pop(uri, None)
        if check is not None:
            check.cancel()
        self._publish(uri, None, [])

    async def ask(self, uri: str, question: Callable[[Answers], Result]) -> Result | None:
        """Answer a question about the newest text in the worker thread; None about a document that is not open."""
        if uri not in self._texts:
            return None
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._worker, lambda: self._asked(uri, question))

    def _asked(self, uri: str, question: Callable[[Answers], Result]) -> Result | None:
        held = self._texts.get(uri)
        if held is None:
            return None
        answers = self._answers.get(uri)
        if answers is None or answers.document.text != held[0]:
            answers = self._read(uri, held[0])
            self._answers[uri] = answers
        return question(answers)

    def _read(self, uri: str, text: str) -> Answers:
        path = uris.to_fs_path(uri) if uri.startswith("file:") else None
        # A text that is not saved yet is read as if it were in the folder that is open.
        script = Path(path) if path else self._knowledge.folder / "untitled.p2"
        known = self._knowledge.of(script)
        document = Document(text, known.workspace, script.name)
        encoding = self.workspace.position_encoding or types.PositionEncodingKind.Utf16
        return Answers(
            document, uri, str(getattr(encoding, "value", encoding)), has_schemas=known.has_schemas
        )

    # ---- checking ------------------------------------------------------------------------------

    def _check_soon(self, uri: str, seconds: float) -> None:
        earlier = self._checks.get(uri)
        if earlier is not None:
            earlier.cancel()
        self._checks[uri] = asyncio.get_running_loop().create_task(self._check(uri, seconds))

    async def _check(self, uri: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        version = self._texts[uri][1]
        looking = asyncio.ensure_future(self._look(uri))
        quick, _ = await asyncio.wait((looking,), timeout=_LOOK_SECONDS)
        if not quick:
            await self._tell(uri, version)
            await looking
        await self._tell(uri, version)

    async def _tell(self, uri: str, version: int | None) -> None:
        found = await self.ask(uri, Answers.diagnostics)
        if found is not None and self._texts.get(uri, ("", None))[1] == version:
            self._publish(uri, version, found)

    async def _look(self, uri: str) -> None:
        """Have the texts of steps in Python looked at, if there are any."""
        answers = await self.ask(uri, _read_whole)
        if answers is None or not answers.document.has_texts:
            return
        document, loop = answers.document, asyncio.get_running_loop()
        texts = await loop.run_in_executor(self._worker, self._knowledge.texts)
        script = document.parsed.script
        if texts is not None and script is not None:
            look = partial(texts.diagnostics, script, document.source)
            with suppress(RuntimeError):  # the server ends meanwhile
                answers.of_texts = await loop.run_in_executor(self._looker, look)

    def _publish(self, uri: str, version: int | None, found: list[types.Diagnostic]) -> None:
        self.text_document_publish_diagnostics(
            types.PublishDiagnosticsParams(uri=uri, diagnostics=found, version=version)
        )

    # ---- settings ------------------------------------------------------------------------------

    async def configure(self, given: Any) -> None:
        """Take the person's settings, `{"schemas": path, "root": path}`, and check everything anew."""
        self._given = given
        folders = tuple(
            Path(path)
            for folder in self.workspace.folders.values()
            if (path := uris.to_fs_path(folder.uri))
        )
        root, schemas = _text(given, "root") or self._root, _text(given, "schemas")
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(
            self._worker, lambda: self._knowledge.configure(root, schemas, folders)
        )
        self._answers.clear()
        for uri in self._texts:
            self._check_soon(uri, 0)

    def start_with(self, given: Any) -> None:
        """Keep the settings that the editor starts with."""
        self._given = given

    async def look_again(self) -> None:
        """Look for schemas again, and check everything anew."""
        await self.configure(self._given)

    def shutdown(self) -> None:
        """End: the store is closed, the worker stops."""
        self._worker.submit(self._knowledge.close)
        self._worker.shutdown(cancel_futures=False)
        self._looker.shutdown(cancel_futures=True)
        super().shutdown()  # type: ignore[no-untyped-call] # pygls' own


def _read_whole(answers: Answers) -> Answers:
    """Give answers whose document was compiled."""
    assert answers.document.compiled is not None
    return answers


def _text(given: Any, name: str) -> str | None:
    value = given.get(name) if isinstance(given, dict) else getattr(given, name, None)
    return value if isinstance(value, str) and value else None


def granted(found: Result | Refused) -> Result:
    """Give what was asked for; raises the protocol's error, in words for the person, when it was refused."""
    if isinstance(found, Refused):
        raise JsonRpcException(f"{found.message}: {found.help}", _REQUEST_FAILED)
    return found


def server(root: str | None = None) -> Server:
    """Give a server with everything it can do."""
    new = Server(root)
    _documents(new)
    _questions(new)
    _changes(new)
    return new


def _documents(server: Server) -> None:
    @server.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams) -> None:
        server.start_with(params.initialization_options)

    @server.feature(types.INITIALIZED)
    async def initialized(_: types.InitializedParams) -> None:
        await server.look_again()

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    async def watched(_: types.DidChangeWatchedFilesParams) -> None:
        await server.look_again()

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def configured(params: types.DidChangeConfigurationParams) -> None:
        given = params.settings
        ours = (
            given.get("plotter2") if isinstance(given, dict) else getattr(given, "plotter2", None)
        )
        await server.configure(ours)

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    async def opened(params: types.DidOpenTextDocumentParams) -> None:
        document = params.text_document
        server.take(document.uri, document.text, document.version)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    async def changed(params: types.DidChangeTextDocumentParams) -> None:
        document = params.text_document
        server.take(document.uri, params.content_changes[-1].text, document.version)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    async def closed(params: types.DidCloseTextDocumentParams) -> None:
        server.drop(params.text_document.uri)


def _questions(server: Server) -> None:
    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover(params: types.HoverParams) -> types.Hover | None:
        return await server.ask(params.text_document.uri, lambda a: a.hover(params.position))

    @server.feature(
        types.TEXT_DOCUMENT_COMPLETION,
        types.CompletionOptions(
            trigger_characters=["|", "(", ",", ".", "$", '"', "`", "=", "["], resolve_provider=True
        ),
    )
    async def completion(params: types.CompletionParams) -> types.CompletionList | None:
        return await server.ask(params.text_document.uri, lambda a: a.completion(params.position))

    @server.feature(types.COMPLETION_ITEM_RESOLVE)
    async def resolve(item: types.CompletionItem) -> types.CompletionItem:
        return documented(item)

    @server.feature(types.TEXT_DOCUMENT_DEFINITION)
    async def definition(params: types.DefinitionParams) -> types.Location | None:
        return await server.ask(params.text_document.uri, lambda a: a.definition(params.position))

    @server.feature(types.TEXT_DOCUMENT_REFERENCES)
    async def references(params: types.ReferenceParams) -> list[types.Location] | None:
        declared = params.context.include_declaration
        return await server.ask(
            params.text_document.uri,
            lambda a: a.references(params.position, with_declaration=declared),
        )

    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    async def symbols(params: types.DocumentSymbolParams) -> list[types.DocumentSymbol] | None:
        return await server.ask(params.text_document.uri, Answers.symbols)

    @server.feature(types.TEXT_DOCUMENT_INLAY_HINT)
    async def hints(params: types.InlayHintParams) -> list[types.InlayHint] | None:
        return await server.ask(params.text_document.uri, lambda a: a.hints(params.range))

    @server.feature(
        types.TEXT_DOCUMENT_SIGNATURE_HELP,
        types.SignatureHelpOptions(trigger_characters=["(", ","], retrigger_characters=[")"]),
    )
    async def signature_help(params: types.SignatureHelpParams) -> types.SignatureHelp | None:
        return await server.ask(
            params.text_document.uri, lambda a: a.signature_help(params.position)
        )


def _changes(server: Server) -> None:
    @server.feature(types.TEXT_DOCUMENT_FORMATTING)
    async def formatting(params: types.DocumentFormattingParams) -> list[types.TextEdit] | None:
        return await server.ask(params.text_document.uri, Answers.formatted)

    @server.feature(
        types.TEXT_DOCUMENT_CODE_ACTION,
        types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix, FIX_ALL]),
    )
    async def code_actions(params: types.CodeActionParams) -> list[types.CodeAction] | None:
        return await server.ask(params.text_document.uri, lambda a: a.actions(params))

    @server.feature(types.TEXT_DOCUMENT_PREPARE_RENAME)
    async def prepare_rename(
        params: types.PrepareRenameParams,
    ) -> types.PrepareRenamePlaceholder | None:
        uri, position = params.text_document.uri, params.position
        found = await server.ask(uri, lambda a: a.renaming_at(position))
        return None if found is None else granted(found)

    @server.feature(types.TEXT_DOCUMENT_RENAME, types.RenameOptions(prepare_provider=True))
    async def rename(params: types.RenameParams) -> types.WorkspaceEdit | None:
        uri, position, name = params.text_document.uri, params.position, params.new_name
        found = await server.ask(uri, lambda a: a.rename(position, name))
        return None if found is None else granted(found)


def serve(root: str | None = None) -> None:
    """Serve one editor over standard input and output; whatever else is printed goes to standard error."""
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="plotter2 lsp: %(message)s"
    )
    protocol = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    server(root).start_io(sys.stdin.buffer, protocol)
