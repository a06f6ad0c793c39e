"""BCCD: whole fields, white cells boxed; TXL's boxes of the others on some."""

from pathlib import Path
from typing import Final

from convert.studies.microscopes.readers.tables import (
    image_size_wh,
    is_whole,
    number_in,
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
from hemalens.classes import CLASS_NAMES, CellKind
from hemalens.image_set import IMAGE_SUFFIXES
from train.dataset.boxed_cells import APART_EVERY
from train.dataset.labelled_fields import (
    ANNOTATIONS,
    IMAGES,
    TYPES,
    read_types,
    read_white_boxes,
)

BCCD: Final = "BCCD"
PIXEL_SIZE_UM: Final = 0.073
"""Its median red cell is 1.3 times as many pixels wide as PBC's (measured 2026-11)."""
UNBOXED: Final = frozenset({41, 133, 134, 135, 171, 178, 228, 242, 290, 327})
"""Fields with one white cell that nobody boxed: seen by eye (2026-11)."""


def read_bccd(
    datasets: Path,
    work: Path,  # noqa: ARG001
    pick: Pick,
) -> Microscope:
    """Read its fields.

    Raises
    ------
    DatasetError
        When the folder is missing or laid out otherwise.
    """
    folder = require_folder(datasets / BCCD)
    types = read_types(folder / TYPES)
    inside = sorted(require_folder(folder / IMAGES).iterdir())
    files = pick.of([f for f in inside if f.suffix in IMAGE_SUFFIXES], _is_apart)
    boxes = datasets / FOLDER / BCCD
    frames = tuple(
        _frame(folder, file, types.get(file.name, set()), boxes) for file in files
    )
    slide = Slide(name=BCCD, pixel_size_um=PIXEL_SIZE_UM, frames=frames)
    return Microscope(
        name="bccd",
        slides=(slide,),
        training_name="BCCD",
        truth="classes of fields that name one type; red cells and platelets where "
        "TXL boxed them; ten unboxed white cells excused; pale eosinophils doubtful",
    )


def _is_apart(file: Path) -> bool:
    return number_in(file) % APART_EVERY == 0


def _frame(folder: Path, file: Path, types: set[str], boxes: Path) -> LabelledFrame:
    size_wh = image_size_wh(file)
    named = types & set(CLASS_NAMES)
    class_name = next(iter(named)) if len(types) == 1 and named else None
    by_kind = read_txl(boxes, file, size_wh)
    white = read_white_boxes(folder / ANNOTATIONS / f"{file.stem}.xml")
    return LabelledFrame(
        path=file,
        cells=tuple(
            TrueCell(box=box, class_name=class_name, is_whole=is_whole(box, size_wh))
            for box in white
        ),
        unboxed_white_cells=int(number_in(file) in UNBOXED),
        red_cells=None if by_kind is None else by_kind[CellKind.RED_CELL],
        platelets=None if by_kind is None else by_kind[CellKind.PLATELET],
    )
