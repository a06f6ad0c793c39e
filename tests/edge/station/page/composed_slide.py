"""Fields of a slide composed of PBC's cells, as a camera photographs them."""

from pathlib import Path
from typing import Final

from tests.benchmarks.composed_frames import write_frames
from tests.edge.track.microscope import Microscope, serpentine
from tests.edge.track.worlds import composed_world

SIZE_WH: Final = (1280, 960)
COLUMNS_ROWS: Final = (20, 12)
"""240 leukocytes."""


def write_composed_slide(folder: Path) -> list[Path]:
    """Scan a composed slide there and back, in overlapping fields."""
    folder.mkdir()
    world = composed_world(5, *COLUMNS_ROWS)
    height, width = world.image.shape[:2]
    microscope = Microscope(world, SIZE_WH)
    path = serpentine(4, SIZE_WH, (0, 0, width, height), (0.1, 0.3), turn_deg=1.0)
    return write_frames((microscope.look(pose).image for pose in path), folder)
