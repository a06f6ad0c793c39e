"""PBC: one centred cell an image; TXL's boxes of some of them."""

from functools import cache
from pathlib import Path
from typing import Final

from convert.studies.microscopes.readers.tables import (
    image_size_wh,
    is_whole,
    require_folder,
)
from convert.studies.microscopes.readers.txl import FOLDER, read_txl
from convert.studies.microscopes.truth import (
    LabelledFrame,
    Microscope,
    Pick,
    Slide,
    TrueCell,
)
from hemalens.classes import CellKind
from hemalens.image_set import LabelledImage, read_class_folders
from hemalens.preprocess import PBC_PIXEL_SIZE_UM
from hemalens.records import Box
from hemalens.split import Split

PBC: Final = "PBC_dataset_normal_DIB"
CENTRED_BOX_PX: Final = 136
"""The median white cell's box (measured on PBC, 2026-11): where its centre lies."""


def read_pbc(
    datasets: Path,
    work: Path,  # noqa: ARG001
    pick: Pick,
) -> Microscope:
    """Read the validation images, and those of the train split that TXL boxed.

    Of the latter the classes are not asked: models were trained on them.

    Raises
    ------
    DatasetError
        When the folder is missing or holds no class folders.
    """
    folder = require_folder(datasets / PBC)
    boxes = datasets / FOLDER / PBC
    images = pick.of(_asked(folder, boxes), lambda one: one.split is not Split.TRAIN)
    frames = tuple(_frame(image, boxes) for image in images)
    slide = Slide(name=PBC, pixel_size_um=PBC_PIXEL_SIZE_UM, frames=frames)
    return Microscope(
        name="pbc",
        slides=(slide,),
        training_name="PBC",
        truth="classes of the validation split; TXL's boxes of some images, train "
        "split included; elsewhere one cell in the middle",
        kinds_open=True,
    )


@cache
def read_images(folder: Path) -> tuple[LabelledImage, ...]:
    """List PBC's images; they are hashed once, however many sets are made of them."""
    return read_class_folders(folder).images


def _asked(folder: Path, boxes: Path) -> list[LabelledImage]:
    """List the validation images and the boxed ones."""
    boxed = {file.stem for file in boxes.glob("*.txt")}
    return [
        image
        for image in read_images(folder)
        if image.split is Split.VALIDATION
        or (image.split is Split.TRAIN and image.path.stem in boxed)
    ]


def _frame(image: LabelledImage, boxes: Path) -> LabelledFrame:
    size_wh = image_size_wh(image.path)
    is_boxed = (boxes / f"{image.path.stem}.txt").is_file()
    return _boxed(image, boxes, size_wh) if is_boxed else centred(image, size_wh)


def centred(
    image: LabelledImage, size_wh: tuple[int, int], side_px: float = CENTRED_BOX_PX
) -> LabelledFrame:
    """Say where the cell of an image lies: in the middle."""
    return LabelledFrame(
        path=image.path,
        cells=(
            TrueCell(box=_middle_box(size_wh, side_px), class_name=image.class_name),
        ),
        is_drawn=False,
        has_all_white_cells=False,
    )


def _boxed(
    image: LabelledImage, boxes: Path, size_wh: tuple[int, int]
) -> LabelledFrame:
    by_kind = read_txl(boxes, image.path, size_wh) or {}
    white = by_kind.get(CellKind.WHITE_CELL, ())
    middle = _nearest_middle(white, size_wh)
    is_asked = image.split is Split.VALIDATION
    return LabelledFrame(
        path=image.path,
        cells=tuple(
            TrueCell(
                box=box,
                class_name=image.class_name if is_asked and box == middle else None,
                is_whole=is_whole(box, size_wh),
            )
            for box in white
        ),
        red_cells=by_kind.get(CellKind.RED_CELL, ()),
        platelets=by_kind.get(CellKind.PLATELET, ()),
    )


def _nearest_middle(boxes: tuple[Box, ...], size_wh: tuple[int, int]) -> Box | None:
    """Find the box that the image's class is about."""
    x, y = size_wh[0] / 2, size_wh[1] / 2
    inside = [b for b in boxes if b.left <= x <= b.right and b.top <= y <= b.bottom]
    return max(inside, key=lambda box: min(box.size_wh), default=None)


def _middle_box(size_wh: tuple[int, int], side_px: float) -> Box:
    (x, y), half = (size_wh[0] / 2, size_wh[1] / 2), side_px / 2
    return Box(round(x - half), round(y - half), round(x + half), round(y + half))
