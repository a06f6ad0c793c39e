"""A station's operator that has seen made frames, without a camera or a model."""

from collections.abc import Callable
from pathlib import Path

from edge.count.session import CountSession
from edge.frame.quality import FrameQuality
from edge.records.counted_frame import CountedFrame
from edge.results.unfinished import unfinished_folder
from edge.station.live.operator import StationOperator
from tests.edge.frame.even_glass import EVEN_GLASS
from tests.edge.made_counts import made_header

COUNT_ID = "a" * 32
QUALITY = FrameQuality(
    glass=EVEN_GLASS,
    background_level=220,
    clipped_fraction=0,
    black_fraction=0,
    contrast=0.5,
    covered_fraction=0.4,
    stained_fraction=0.05,
    red_density=0.3,
    stained_density=1.0,
    blur_um=0.2,
)


def operator_in(
    folder: Path, changed: Callable[[], None] = lambda: None
) -> StationOperator:
    unfinished_folder(folder).mkdir()
    return StationOperator(COUNT_ID, folder, changed)


def show(operator: StationOperator, *frames: CountedFrame) -> None:
    session = CountSession(made_header())
    for counted in frames:
        operator.keep(counted, QUALITY, ())
        session.add(counted)
        operator.see(counted, session.progress)
