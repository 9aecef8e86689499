"""`%%p2` cells in a real IPython shell: pictures, tables and diagnostics in place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

from sweep_samples import root_with_sweep

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return root_with_sweep(tmp_path_factory.mktemp("notebook"))


@pytest.fixture(scope="module")
def shell(root: Path) -> Iterator[InteractiveShell]:
    quiet = Config({"HistoryManager": {"enabled": False}})
    shell = InteractiveShell.instance(config=quiet, ipython_dir=str(root.parent / "ipython"))
    shell.run_line_magic("load_ext", "plotter2")
    yield shell
    shell.run_line_magic("unload_ext", "plotter2")
    InteractiveShell.clear_instance()


def shown(
    shell: InteractiveShell, root: Path, text: str, options: str = ""
) -> list[dict[str, Any]]:
    """Run one cell; give the MIME bundles of what it shows."""
    with capture_output() as captured:
        done = shell.run_cell(f"%%p2 --root {root} {options}\n{text}\n")
    done.raise_error()
    return [output.data for output in captured.outputs]


def test_a_picture_is_shown_in_place(shell: InteractiveShell, root: Path) -> None:
    assert shown(shell, root, 'let runs = access("sweep/*")') == []
    (picture,) = shown(shell, root, "$runs | frame | line(x=step, y=reward, colour=lr, by=run)")
    assert picture["image/png"].startswith("iVBOR")
    assert Path(picture["text/plain"]).is_file()


def test_an_svg_is_shown_as_an_image_that_cannot_act(shell: InteractiveShell, root: Path) -> None:
    (picture,) = shown(shell, root, 'access("sweep/*") | frame | point(x=step, y=reward)', "--svg")
    assert picture["text/html"].startswith('<img src="data:image/svg+xml;base64,')


def test_a_table_is_shown_as_a_table(shell: InteractiveShell, root: Path) -> None:
    (table,) = shown(shell, root, 'access("sweep/*") | head(2) | select(lr, step)')
    assert "<th>lr<br><small>number</small></th>" in table["text/html"]
    assert table["text/plain"].splitlines()[-1] == "(2 rows)"


def test_a_mistake_is_underlined(shell: InteractiveShell, root: Path) -> None:
    (told,) = shown(shell, root, 'access("sweep/*") | filter(stepp > 3)')
    assert told["text/plain"].startswith("error[P2-E0201]: there is no column stepp here")
    assert "<div" in told["text/html"]


def test_a_refusal_is_told_without_a_traceback(shell: InteractiveShell, tmp_path: Path) -> None:
    (told,) = shown(shell, tmp_path / "without-key", 'loggy("hello")')
    assert "there is no key to sign with" in told["text/plain"]
    assert "Traceback" not in told["text/plain"]


def test_options_that_cannot_be_read_are_told_without_a_traceback(
    shell: InteractiveShell, root: Path
) -> None:
    with capture_output() as captured:
        shell.run_cell('%%p2 --root \'open\nloggy("hello")')
    assert "UsageError: %%p2 cannot read" in captured.stderr
    assert "Traceback" not in captured.stderr + captured.stdout
