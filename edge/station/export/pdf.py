"""The report on paper: A4, for a laboratory's file."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from edge.station.export.labels import ENGLISH, LANGUAGES
from hemalens.errors import MissingExtraError

if TYPE_CHECKING:
    from edge.station.records import Report

Crops = Callable[[int], bytes | None]


def pdf(report: Report, crops: Crops, language: str = "en") -> bytes:
    """Print a report.

    Parameters
    ----------
    crops : callable
        Gives a cell's picture (JPEG or PNG) by its id, None where there is none.
    language : str
        Of the page; English where the report has no words in it.

    Raises
    ------
    MissingExtraError
        Without the library that writes PDF.
    """
    try:
        from edge.station.export.paper import Paper
        from edge.station.export.parts import print_report
    except ImportError as error:
        raise MissingExtraError("the PDF report", "web") from error
    paper = Paper(report, LANGUAGES.get(language, ENGLISH))
    paper.add_page()
    print_report(paper, crops)
    return bytes(paper.output())
