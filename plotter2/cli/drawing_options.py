"""The options of commands that draw: values of a script's params, and kinds of files."""

from __future__ import annotations

from typing import get_args

import click

from plotter2.wire.messages import Format

param_option = click.option(
    "-p", "--param", "params", multiple=True, metavar="NAME=VALUE", help="Set a param."
)
format_option = click.option(
    "-f",
    "--format",
    "formats",
    multiple=True,
    type=click.Choice([name for name in get_args(Format) if name != "sixel"]),
    help="File format, beside what the script names (else png); may be given several times.",
)
