"""Single leukocytes of two stains, boxed; for measuring alone."""

from pathlib import Path
from typing import Final

from convert.studies.microscopes.readers.tables import (
    image_size_wh,
    is_whole,
    read_rows,
    require_folder,
    row_box,
)
from convert.studies.microscopes.truth import (
    LabelledFrame,
    Microscope,
    Pick,
    Slide,
    TrueCell,
)

SEGMENTATION_WBC: Final = "segmentation_wbc"
PIXEL_SIZES_UM: Final = {"yellow_glass": 0.18, "cellavision_blog": 0.08}
"""By their red cells and nuclei (measured 2026-11)."""

_COLUMNS: Final = ("file", "class", "left", "top", "right", "bottom")


def read_yellow_glass(
    datasets: Path,
    work: Path,  # noqa: ARG001
    pick: Pick,
) -> Microscope:
    """Read the crops of 120 px on saturated yellow glass."""
    return _read(datasets, "yellow_glass", pick)


def read_cellavision_blog(
    datasets: Path,
    work: Path,  # noqa: ARG001
    pick: Pick,
) -> Microscope:
    """Read the crops of 300 px, many of reactive lymphocytes."""
    return _read(datasets, "cellavision_blog", pick)


def _read(datasets: Path, name: str, pick: Pick) -> Microscope:
    folder = require_folder(datasets / SEGMENTATION_WBC / name)
    rows = read_rows(folder / "classes.csv", _COLUMNS)
    frames = tuple(_frame(folder, row) for row in pick.of(rows, lambda _: True))
    slide = Slide(name=name, pixel_size_um=PIXEL_SIZES_UM[name], frames=frames)
    return Microscope(
        name=name,
        slides=(slide,),
        training_name=SEGMENTATION_WBC,
        truth="one boxed leukocyte a crop",
    )


def _frame(folder: Path, row: dict[str, str]) -> LabelledFrame:
    path, box = folder / row["file"], row_box(row)
    whole = is_whole(box, image_size_wh(path))
    cell = TrueCell(box=box, class_name=row["class"], is_whole=whole)
    return LabelledFrame(path=path, cells=(cell,))
