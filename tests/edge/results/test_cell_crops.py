import numpy as np
import pytest

from edge.bundles import open_bundle
from edge.capture.demo_slide import DemoSlide
from edge.count.frame_counter import FrameCounter
from edge.records.counted_frame import CountedFrame
from edge.results.cell_crops import stained_crops
from hemalens.classes import CellKind, CellStatus
from hemalens.classifier import BundleClassifier
from hemalens.preprocess import cut_crop
from hemalens.records import Box, Cell, Frame


def cell(cell_id: int, kind: CellKind, status: CellStatus, box: Box) -> Cell:
    return Cell(
        frame="field.one.jpg",
        frame_index=0,
        cell_id=cell_id,
        kind=kind,
        box=box,
        status=status,
    )


def counted(pixel_size_um: float | None, *cells: Cell) -> CountedFrame:
    image = np.random.default_rng(0).integers(0, 256, (400, 500, 3), np.uint8)
    return CountedFrame(
        frame=Frame(image=image, name="field.one.jpg", index=0),
        cells=cells,
        pixel_size_um=pixel_size_um,
    )


def test_stained_cells_that_are_whole_are_cut_out() -> None:
    box = Box(200, 150, 260, 230)
    frame = counted(
        0.095,
        cell(4, CellKind.WHITE_CELL, CellStatus.COUNTED, box),
        cell(5, CellKind.WHITE_CELL, CellStatus.BORDER, Box(0, 9, 50, 60)),
        cell(6, CellKind.PLATELET, CellStatus.UNCERTAIN, Box(300, 200, 330, 230)),
        cell(7, CellKind.RED_CELL, CellStatus.COUNTED, Box(20, 20, 90, 90)),
    )
    crops = dict(stained_crops(frame))
    assert list(crops) == ["field.one-4.png", "field.one-6.png"]
    # PBC's pixel size: the pixels themselves, the box in the middle.
    assert np.array_equal(crops["field.one-4.png"], frame.frame.image[62:318, 102:358])


@pytest.mark.parametrize(
    ("pixel_size_um", "side_px"), [(0.19, 128), (0.0475, 512), (None, 256)]
)
def test_a_crop_has_pbcs_scale_whatever_the_frames(
    pixel_size_um: float | None, side_px: int
) -> None:
    box = Box(200, 150, 260, 230)
    frame = counted(
        pixel_size_um, cell(4, CellKind.WHITE_CELL, CellStatus.COUNTED, box)
    )
    ((_, crop),) = stained_crops(frame)
    wanted = cut_crop(frame.frame.image, box.centre_xy, side_px, 256)
    assert np.array_equal(crop, wanted)


def test_a_counted_slide_gives_its_stained_cells() -> None:
    counter = FrameCounter(BundleClassifier(open_bundle("cnn")))
    found = counter.count(DemoSlide(seed=3, frames=1).frame(0))
    crops = dict(stained_crops(found))
    whole = [
        one
        for one in found.cells
        if one.class_name is not None and one.status is not CellStatus.BORDER
    ]
    assert len(crops) == len(whole) > 0
    assert {crop.shape for crop in crops.values()} == {(256, 256, 3)}
