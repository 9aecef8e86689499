"""From a program's report to a document that renderkit sets: tables as text, views as figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import polars as pl

from p2std.kernels.items import Formula, Paragraph, Printed
from plotter2.child.drawn import Page, Placed, Report
from plotter2.child.pictures import Pictures
from plotter2.renderkit import document
from plotter2.renderkit.numbers import column_of, whole_column_of


@dataclass
class Reports:
    """Makes the document of one report; what stands on a page is called by the node that gives it."""

    pictures: Pictures

    def of(self, report: Report) -> document.Document:
        """Give the document; raises RunError as `Pictures.of` does."""
        return document.Document(
            tuple(self._chapter(page) for page in report.pages),
            report.title,
            report.author,
            report.date,
            cast(document.Paper, report.paper),
        )

    def _chapter(self, page: Page) -> document.Chapter:
        return document.Chapter(page.title, tuple(self._block(part) for part in page.parts))

    def _block(self, part: Placed) -> document.Block:
        with self.pictures.placed(part.node):
            match part.what:
                case Paragraph(text):
                    return document.Paragraph(text)
                case Formula(tex):
                    return document.Formula(tex, part.node)
                case Printed():
                    return _sheet(part.what)
                case _:
                    return document.Figure(self.pictures.of(part.what), part.node)


def _sheet(printed: Printed) -> document.Sheet:
    columns = []
    for column, unit in zip(printed.rows.get_columns(), printed.units, strict=True):
        head = f"{column.name} [{unit}]" if unit else column.name
        columns.append(document.Column(head, _cells(column, printed.digits), _is_number(column)))
    return document.Sheet(tuple(columns))


def _is_number(column: pl.Series) -> bool:
    return column.dtype.is_numeric()


def _cells(column: pl.Series, digits: int) -> tuple[str, ...]:
    if column.dtype.is_integer():
        return tuple(whole_column_of(column.to_list()))
    if column.dtype.is_float():
        return tuple(column_of(column.to_list(), digits))
    return tuple(_written(value) for value in column.to_list())


def _written(value: Any) -> str:
    if value is None:
        return "–"
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
