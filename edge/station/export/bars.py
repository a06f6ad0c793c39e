"""The bars beside the table: share, exact limits and reference range on one scale."""

from typing import Final

from edge.station.export.paper import GREY, INK, Paper
from edge.station.records import ClassShare

REFERENCE: Final = (203, 225, 212)
SHARE: Final = (45, 95, 160)
ROW_MM: Final = 7.0


def scale(paper: Paper, width: float) -> None:
    """Mark 0, 50 and 100 % above the bars."""
    left = paper.get_x() + 3
    paper.ink(7, colour=GREY)
    for percent in (0, 50, 100):
        paper.set_x(left + (width - 3) * percent / 100 - 5)
        paper.cell(10, 6, f"{percent} %", align="C")


def bar(paper: Paper, share: ClassShare, width: float) -> None:
    """Draw one class: its reference as a band, its share, its limits as a whisker."""
    left, top, per_percent = paper.get_x() + 3, paper.y, (width - 3) / 100
    if share.reference_percent is not None:
        low, high = share.reference_percent
        paper.set_fill_color(*REFERENCE)
        paper.rect(
            left + low * per_percent,
            top + 0.9,
            (high - low) * per_percent,
            ROW_MM - 1.8,
            style="F",
        )
    if share.percent is not None:
        paper.set_fill_color(*SHARE)
        paper.rect(left, top + 2.4, share.percent * per_percent, 2.2, style="F")
    limits = share.possible_percent or share.ci95_percent
    if limits is not None:
        low, high = (left + limit * per_percent for limit in limits)
        paper.set_draw_color(*INK)
        middle = top + ROW_MM / 2
        paper.line(low, middle, high, middle)
        for end in (low, high):
            paper.line(end, middle - 1.4, end, middle + 1.4)
