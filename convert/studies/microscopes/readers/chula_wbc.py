"""Chula's white cells: whole fields, dim and unevenly lit, some cells boxed."""

from collections import Counter, defaultdict
from collections.abc import Sequence
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
from train.dataset.boxed_cells import (
    APART_EVERY,
    CHULA_PIXEL_SIZE_UM,
    SLIDES_APART,
    TIED_SLIDES,
)

CHULA_WBC: Final = "chula_wbc"

_COLUMNS: Final = (
    *("file", "class", "left", "top", "right", "bottom"),
    *("slide", "cell"),
)

_Row = dict[str, str]


def read_chula_wbc(
    datasets: Path,
    work: Path,  # noqa: ARG001
    pick: Pick,
) -> Microscope:
    """Read its fields; a cell photographed n times weighs one n-th each time.

    Raises
    ------
    DatasetError
        When the folder is missing or its table is another.
    """
    folder = require_folder(datasets / CHULA_WBC)
    rows = read_rows(folder / "boxes.csv", _COLUMNS)
    views = Counter(row["cell"] for row in rows)
    by_file: defaultdict[str, list[_Row]] = defaultdict(list)
    for row in rows:
        by_file[row["file"]].append(row)
    names = pick.of(
        sorted(by_file), lambda name: all(_is_apart(row) for row in by_file[name])
    )
    frames = tuple(
        _frame(folder / "fields" / name, by_file[name], views) for name in names
    )
    slide = Slide(name=CHULA_WBC, pixel_size_um=CHULA_PIXEL_SIZE_UM, frames=frames)
    return Microscope(
        name=CHULA_WBC,
        slides=(slide,),
        training_name=CHULA_WBC,
        truth="not every white cell is boxed: precision is a floor; classes are tied "
        "to slides",
    )


def _frame(path: Path, rows: Sequence[_Row], views: Counter[str]) -> LabelledFrame:
    size_wh = image_size_wh(path)
    boxes = [row_box(row) for row in rows]
    return LabelledFrame(
        path=path,
        cells=tuple(
            TrueCell(
                box=box,
                class_name=row["class"],
                weight=1 / views[row["cell"]],
                is_whole=is_whole(box, size_wh),
            )
            for row, box in zip(rows, boxes, strict=True)
        ),
        has_all_white_cells=False,
    )


def _is_apart(row: _Row) -> bool:
    if row["slide"] in TIED_SLIDES:
        return int(row["cell"]) % APART_EVERY == 0
    return row["slide"] in SLIDES_APART
