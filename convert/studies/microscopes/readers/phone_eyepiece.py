"""Pictures by a phone through an eyepiece: a round view, low magnification, a pig."""

from pathlib import Path
from typing import Final

from convert.studies.microscopes.readers.tables import (
    image_size_wh,
    is_whole,
    number_in,
    read_yolo,
    require_folder,
)
from convert.studies.microscopes.truth import (
    LabelledFrame,
    Microscope,
    Pick,
    Slide,
    TrueCell,
)
from train.dataset.boxed_cells import APART_EVERY

PHONE: Final = "phone_eyepiece"
PIXEL_SIZE_UM: Final = 0.43
"""By its red cells (measured 2026-11); a pig's are smaller than a person's."""


def read_phone_eyepiece(
    datasets: Path,
    work: Path,  # noqa: ARG001
    pick: Pick,
) -> Microscope:
    """Read its pictures.

    Raises
    ------
    DatasetError
        When the folder is missing or a label file is damaged.
    """
    folder = require_folder(datasets / PHONE)
    files = pick.of(sorted((folder / "images").glob("*.jpg")), _is_apart)
    frames = tuple(_frame(file, folder / "labels") for file in files)
    slide = Slide(name=PHONE, pixel_size_um=PIXEL_SIZE_UM, frames=frames)
    return Microscope(
        name=PHONE,
        slides=(slide,),
        training_name=PHONE,
        truth="white cells boxed, not named; outside the intended use",
    )


def _is_apart(file: Path) -> bool:
    return number_in(Path(file.name.split("_")[0])) % APART_EVERY == 0


def _frame(file: Path, labels: Path) -> LabelledFrame:
    size_wh = image_size_wh(file)
    boxes = read_yolo(labels / f"{file.stem}.txt", size_wh)
    return LabelledFrame(
        path=file,
        cells=tuple(
            TrueCell(box=box, is_whole=is_whole(box, size_wh)) for _, box in boxes
        ),
    )
