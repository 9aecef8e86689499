"""The language server as an editor meets it: a process, spoken to by a client over its standard input and output."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.client import LanguageClient

from datter_samples import add_run
from p2_compiling import SCRIPTS
from plotter2.datter.store import Store

pytestmark = pytest.mark.process

SECONDS = 20
RUNS = 'access("experiment2/*")'


class Editor:
    """An editor with one folder open, in which `p2schemas.json` may lie."""

    def __init__(self, client: LanguageClient, folder: Path) -> None:
        self.client = client
        self.folder = folder
        self.published: asyncio.Queue[types.PublishDiagnosticsParams] = asyncio.Queue()

    def uri(self, name: str = "plot.p2") -> str:
        return (self.folder / name).as_uri()

    def open(self, text: str, name: str = "plot.p2") -> types.TextDocumentIdentifier:
        self.client.text_document_did_open(
            types.DidOpenTextDocumentParams(types.TextDocumentItem(self.uri(name), "p2", 1, text))
        )
        return types.TextDocumentIdentifier(self.uri(name))

    def change(self, text: str, version: int, name: str = "plot.p2") -> None:
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(version, self.uri(name)),
                [types.TextDocumentContentChangeWholeDocument(text)],
            )
        )

    async def diagnostics(self) -> types.PublishDiagnosticsParams:
        return await asyncio.wait_for(self.published.get(), SECONDS)


@asynccontextmanager
async def editor(
    folder: Path, root: Path, encodings: list[str] | None = None, **settings: str
) -> AsyncIterator[Editor]:
    """Start a server and a client, and end both properly."""
    client = LanguageClient("tests", "1")
    given = Editor(client, folder)

    @client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    def published(params: types.PublishDiagnosticsParams) -> None:
        given.published.put_nowait(params)

    await client.start_io(sys.executable, "-m", "plotter2", "lsp", "--root", str(root))
    general = types.GeneralClientCapabilities(position_encodings=encodings)  # type: ignore[arg-type]
    await client.initialize_async(
        types.InitializeParams(
            capabilities=types.ClientCapabilities(general=general),
            workspace_folders=[types.WorkspaceFolder(folder.as_uri(), "scripts")],
            initialization_options=settings or None,
        )
    )
    client.initialized(types.InitializedParams())
    yield given
    await client.shutdown_async(None)
    client.exit(None)
    process = client._server
    assert process is not None
    assert await asyncio.wait_for(process.wait(), SECONDS) == 0
    await client.stop()


def talk(
    tmp_path: Path,
    talking: Callable[[Editor], Awaitable[None]],
    schemas: bool = True,
    encodings: list[str] | None = None,
    **settings: str,
) -> None:
    """Let an editor talk to a server."""
    folder = tmp_path / "scripts"
    folder.mkdir(exist_ok=True)
    if schemas:
        text = (SCRIPTS / "example_schemas.json").read_text(encoding="utf-8")
        (folder / "p2schemas.json").write_text(text, encoding="utf-8")

    async def whole() -> None:
        async with editor(folder, tmp_path / "root", encodings, **settings) as given:
            await asyncio.wait_for(talking(given), SECONDS)

    before = (tmp_path / "root").exists()
    asyncio.run(whole())
    assert (tmp_path / "root").exists() == before, "an editor makes no store"


def at(line: int, character: int) -> types.Position:
    return types.Position(line, character)


def everything(last: int = 1000) -> types.Range:
    return types.Range(at(0, 0), at(last, 0))


def test_an_editor_is_served_from_opening_to_closing(tmp_path: Path) -> None:
    text = (
        f"p2 1\n## Rewards.\nlet curves = {RUNS} | filter(step > 10)\n"
        "$curves | frame | line(x=step, y=reward) | plot | handoff\n"
    )

    async def talking(editor: Editor) -> None:
        document = editor.open(text)
        found = await editor.diagnostics()
        assert (found.version, found.diagnostics) == (1, ())

        hover = await editor.client.text_document_hover_async(types.HoverParams(document, at(3, 3)))
        assert hover is not None
        assert isinstance(hover.contents, types.MarkupContent)
        assert "let $curves: table, at most 3,000,000 rows" in hover.contents.value
        assert "Rewards." in hover.contents.value

        place = types.DefinitionParams(document, at(3, 3))
        found_at = await editor.client.text_document_definition_async(place)
        assert found_at == types.Location(document.uri, types.Range(at(2, 4), at(2, 10)))

        context = types.ReferenceContext(include_declaration=False)
        uses = await editor.client.text_document_references_async(
            types.ReferenceParams(context, document, at(2, 6))
        )
        assert uses is not None
        assert [use.range for use in uses] == [types.Range(at(3, 1), at(3, 7))]

        symbols = await editor.client.text_document_document_symbol_async(
            types.DocumentSymbolParams(document)
        )
        assert symbols is not None
        assert [symbol.name for symbol in symbols] == ["curves", "handoff"]

        hints = await editor.client.text_document_inlay_hint_async(
            types.InlayHintParams(document, everything())
        )
        assert hints is not None
        assert [hint.label for hint in hints] == [": table"]

        editor.client.text_document_did_close(types.DidCloseTextDocumentParams(document))
        assert (await editor.diagnostics()).diagnostics == ()

    talk(tmp_path, talking)


def test_what_is_wrong_is_told_and_mended(tmp_path: Path) -> None:
    text = f"p2 1\n{RUNS} | filter(stepp > 10) | frame | line(x=step, y=reward) | plot | handof\n"

    async def talking(editor: Editor) -> None:
        document = editor.open(text)
        found = list((await editor.diagnostics()).diagnostics)
        assert [d.code for d in found] == ["P2-E0201", "P2-E0202"]
        assert "did you mean step?" in found[0].message
        assert found[0].range == types.Range(at(1, 33), at(1, 38))

        params = types.CodeActionParams(document, found[0].range, types.CodeActionContext(found))
        actions = await editor.client.text_document_code_action_async(params)
        assert actions is not None
        assert [action.title for action in actions] == [
            "write `step` instead of `stepp`",
            "mend all that can be mended",
        ]
        assert isinstance(actions[1], types.CodeAction)
        assert actions[1].edit is not None
        edits = (actions[1].edit.changes or {})[document.uri]
        assert [edit.new_text for edit in edits] == ["step", "handoff"]

        only = types.CodeActionContext([], only=["source.fixAll"])
        params = types.CodeActionParams(document, everything(), only)
        [all_of_them] = await editor.client.text_document_code_action_async(params) or []
        assert all_of_them.kind == "source.fixAll.plotter2"

        editor.change(text.replace("stepp", "step").replace("handof", "handoff"), 2)
        found_then = await editor.diagnostics()
        assert (found_then.version, found_then.diagnostics) == (2, ())

    talk(tmp_path, talking)


def test_completion_offers_columns_and_tells_more_when_asked(tmp_path: Path) -> None:
    async def talking(editor: Editor) -> None:
        text = f"p2 1\n{RUNS} | fi"
        document = editor.open(text)
        params = types.CompletionParams(document, at(1, len(text) - 5))
        found = await editor.client.text_document_completion_async(params)
        assert isinstance(found, types.CompletionList)
        [item] = found.items
        assert item.label == "filter"
        assert item.documentation is None
        resolved = await editor.client.completion_item_resolve_async(item)
        assert isinstance(resolved.documentation, types.MarkupContent)
        assert "Keep the rows" in resolved.documentation.value

        editor.change(f"p2 1\n{RUNS} | filter(rew", 2)
        params = types.CompletionParams(document, at(1, len(RUNS) + 13))
        found = await editor.client.text_document_completion_async(params)
        assert isinstance(found, types.CompletionList)
        assert [(i.label, i.detail) for i in found.items] == [("reward", "number?")]

        help_params = types.SignatureHelpParams(document, at(1, len(RUNS) + 13))
        told = await editor.client.text_document_signature_help_async(help_params)
        assert told is not None
        assert told.signatures[0].label.startswith("filter(where")
        assert told.active_parameter == 0

    talk(tmp_path, talking)


@pytest.mark.parametrize(("encodings", "column"), [(None, 16), (["utf-8"], 20)])
def test_characters_beyond_the_first_plane_are_counted_as_agreed(
    tmp_path: Path, encodings: list[str] | None, column: int
) -> None:
    # Two such letters stand before the name: 2 units each in UTF-16, 4 bytes in UTF-8.
    text = 'p2 1\nlet t = f"𝔘𝔘 {$k}"\nlet k = 3\n'

    async def talking(editor: Editor) -> None:
        editor.open(text)
        found = (await editor.diagnostics()).diagnostics
        [unknown] = [d for d in found if d.code == "P2-E0209"]
        assert unknown.range.start.character == column
        assert unknown.range.end.character == column + 2

    talk(tmp_path, talking, encodings=encodings)


def test_names_are_renamed_or_the_refusal_is_told(tmp_path: Path) -> None:
    text = 'p2 1\nlet a = "𝔘"\nlet b = $a\nimpose $b == $a\n'

    async def talking(editor: Editor) -> None:
        document = editor.open(text)
        place = types.PrepareRenameParams(document, at(2, 9))
        prepared = await editor.client.text_document_prepare_rename_async(place)
        assert isinstance(prepared, types.PrepareRenamePlaceholder)
        assert prepared.placeholder == "a"

        params = types.RenameParams(document, at(2, 9), "letter")
        edit = await editor.client.text_document_rename_async(params)
        assert edit is not None
        assert [e.range.start for e in (edit.changes or {})[document.uri]] == [
            at(1, 4),
            at(2, 9),
            at(3, 14),
        ]
        with pytest.raises(JsonRpcException, match="`b` is declared in line 3"):
            await editor.client.text_document_rename_async(
                types.RenameParams(document, at(1, 4), "b")
            )
        with pytest.raises(JsonRpcException, match="no name of this script"):
            await editor.client.text_document_prepare_rename_async(
                types.PrepareRenameParams(document, at(0, 0))
            )

    talk(tmp_path, talking)


def test_documents_are_formatted_whole_and_damaged_ones_left_alone(tmp_path: Path) -> None:
    async def talking(editor: Editor) -> None:
        document = editor.open(f"p2 1\n{RUNS}|head( 3 )|handoff")
        options = types.FormattingOptions(4, True)
        params = types.DocumentFormattingParams(document, options)
        edits = await editor.client.text_document_formatting_async(params)
        assert edits is not None
        assert [edit.new_text for edit in edits] == [f"p2 1\n{RUNS} | head(3) | handoff\n"]
        editor.change(edits[0].new_text, 2)
        assert await editor.client.text_document_formatting_async(params) == ()
        editor.change("p2 1\nlet a = (", 3)
        assert await editor.client.text_document_formatting_async(params) is None

    talk(tmp_path, talking)


def test_without_schemas_bundles_are_not_checked_and_a_setting_brings_them(tmp_path: Path) -> None:
    schemas = tmp_path / "elsewhere.json"
    schemas.write_text(json.dumps({"mine": {"rows": 3, "cols": {"step": "int"}}}), encoding="utf-8")

    async def talking(editor: Editor) -> None:
        editor.open('p2 1\naccess("mine") | filter(stp > 1) | handoff\n')
        assert (await editor.diagnostics()).diagnostics == ()
        editor.client.workspace_did_change_configuration(
            types.DidChangeConfigurationParams({"plotter2": {"schemas": str(schemas)}})
        )
        [found] = (await editor.diagnostics()).diagnostics
        assert found.code == "P2-E0201"

        schemas.write_text(
            json.dumps({"mine": {"rows": 3, "cols": {"stp": "int"}}}), encoding="utf-8"
        )
        event = types.FileEvent(schemas.as_uri(), types.FileChangeType.Changed)
        editor.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([event]))
        assert (await editor.diagnostics()).diagnostics == ()

    talk(tmp_path, talking, schemas=False)


def test_schemas_come_from_the_store_where_there_is_no_file(tmp_path: Path) -> None:
    with Store.open(tmp_path / "root") as store:
        add_run(store, "mine")

    async def talking(editor: Editor) -> None:
        document = editor.open('p2 1\naccess("mine") | filter(los > 1) | handoff\n')
        [found] = (await editor.diagnostics()).diagnostics
        assert "did you mean loss?" in found.message
        params = types.CompletionParams(document, at(1, 10))
        paths = await editor.client.text_document_completion_async(params)
        assert isinstance(paths, types.CompletionList)
        assert [item.label for item in paths.items] == ['"mine"']

    talk(tmp_path, talking, schemas=False)


def test_libraries_that_ship_are_known(tmp_path: Path) -> None:
    async def talking(editor: Editor) -> None:
        text = 'p2 1\nuse "p2/statistics@1.0.0" as stats\n' + f"{RUNS} | stats."
        document = editor.open(text)
        params = types.CompletionParams(document, at(2, len(text.splitlines()[2])))
        found = await editor.client.text_document_completion_async(params)
        assert isinstance(found, types.CompletionList)
        assert found.items

    talk(tmp_path, talking)


def test_a_definition_in_a_library_is_opened_in_its_file(tmp_path: Path) -> None:
    async def talking(editor: Editor) -> None:
        text = f'p2 1\nuse "p2/palettes@1.0.0" as pal\n{RUNS} | frame | pal.okabe_ito | plot\n'
        document = editor.open(text)
        where = at(2, text.splitlines()[2].index("okabe"))
        found = await editor.client.text_document_definition_async(
            types.DefinitionParams(document, where)
        )
        assert isinstance(found, types.Location)
        assert found.uri.endswith("/p2/palettes/1.0.0.p2")
        line = (
            Path(found.uri.removeprefix("file://")).read_text().splitlines()[found.range.start.line]
        )
        assert line[found.range.start.character :].startswith("okabe_ito")

    talk(tmp_path, talking)


def test_only_the_last_of_many_texts_is_told_about(tmp_path: Path) -> None:
    async def talking(editor: Editor) -> None:
        editor.open("p2 1\n")
        for version in range(2, 60):
            editor.change(f"p2 1\nlet a{version} = $missing\n", version)
        versions = [(await editor.diagnostics()).version]
        while versions[-1] != 59:
            versions.append((await editor.diagnostics()).version)
        assert len(versions) < 10
        assert editor.published.empty()

    talk(tmp_path, talking)


ODD: list[Any] = [
    "",
    "\x00",
    "\ufeffp2 1\n",
    "p2 1\r\nlet a = 3\r$a\r\n",
    "(" * 5000,
    "let a = " * 3000,
    '"""',
    'f"{{{{{',
    "𝔘" * 100,
    "\u2028let a = 3\x0c",
    "x" * 300_000,
]


def test_no_text_ends_the_server(tmp_path: Path) -> None:
    async def talking(editor: Editor) -> None:
        for number, text in enumerate(ODD):
            document = editor.open(text, f"odd{number}.p2")
            place = at(3, 7)
            client = editor.client
            await client.text_document_hover_async(types.HoverParams(document, place))
            await client.text_document_completion_async(types.CompletionParams(document, place))
            await client.text_document_document_symbol_async(types.DocumentSymbolParams(document))
            await client.text_document_inlay_hint_async(
                types.InlayHintParams(document, everything())
            )
            options = types.FormattingOptions(4, True)
            await client.text_document_formatting_async(
                types.DocumentFormattingParams(document, options)
            )
        closed = types.TextDocumentIdentifier(editor.uri("never_opened.p2"))
        nothing = await editor.client.text_document_hover_async(types.HoverParams(closed, at(0, 0)))
        assert nothing is None
        for _ in ODD:
            await editor.diagnostics()

    talk(tmp_path, talking)


def test_a_setting_that_names_nobodys_folder_is_no_end(tmp_path: Path) -> None:
    async def talking(editor: Editor) -> None:
        editor.client.workspace_did_change_configuration(
            types.DidChangeConfigurationParams({"plotter2": {"schemas": "~nobody-here/x.json"}})
        )
        editor.open('p2 1\nloggy("hello")\n')
        assert (await editor.diagnostics()).diagnostics == ()

    talk(tmp_path, talking, schemas=False)


def test_texts_of_steps_in_python_are_looked_at_in_the_background(tmp_path: Path) -> None:
    step = 'script f(): table{n: int} = python """\nif True\n    return [{"n": 1}]\n"""\n'
    text = f'p2 1\n{step}f() | export("n.csv")\n'

    async def published(editor: Editor, version: int, count: int) -> types.Diagnostic | None:
        while True:  # what is known at once may come first
            found = await editor.diagnostics()
            if found.version == version and len(found.diagnostics) == count:
                return found.diagnostics[0] if count else None

    async def talking(editor: Editor) -> None:
        editor.open(text)
        found = await published(editor, 1, 1)
        assert found is not None
        assert (found.code, found.range) == ("P2-E0287", types.Range(at(2, 7), at(2, 7)))
        editor.change(text.replace("if True", "if True:"), 2)
        await published(editor, 2, 0)
        editor.change(text.replace("if True", "with 1 as x:"), 3)
        found = await published(editor, 3, 1)
        assert found is not None
        assert found.code == "P2-E0281"

    talk(tmp_path, talking)
