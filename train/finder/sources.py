"""The labelled fields the finder learns from, set by set.

``segmentation_wbc`` is no source: it is for measuring alone.
"""

import csv
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

import cv2
import numpy as np

from hemalens.errors import DatasetError
from hemalens.finder import at_finder_scale
from hemalens.preprocess import PBC_PIXEL_SIZE_UM
from hemalens.split import Split, split_of
from train.finder.fields import STORED_UM, Field, Kind
from train.finder.outlines import outlined_points

BCCD_PIXEL_SIZE_UM: Final = 0.0745
CHULA_WBC_PIXEL_SIZE_UM: Final = 0.095
CHULA_RBC_PIXEL_SIZE_UM: Final = 0.18
"""From the scale bar that some fields show; the median red cell is 41 px wide."""
PHONE_PIXEL_SIZE_UM: Final = 0.43
HELD_OUT_SLIDES: Final = frozenset({"B-56", "B-57", "E-12", "E-13", "L-9"})
"""Of ``chula_wbc``; what classifiers keep apart too."""
TIED_SLIDES: Final = frozenset({"M-8", "N-3B"})
"""Nearly all monocytes come from one, nearly all neutrophils from the other: every
fifth cell is held out, not the slide."""
EVERY: Final = 5
"""Of BCCD, ``chula_rbc12`` and ``phone_eyepiece`` each such field is held out."""

_UNSEEN_UM: Final = {"yellow_glass": 0.18, "cellavision_blog": 0.08}
_SIDES: Final = ("left", "top", "right", "bottom")

_RED_SIZES_UM: Final = (
    *(7.5, 9.0, 6.0, 6.5, 8.0, 7.5, 7.0, 6.5, 7.0, 5.0, 7.0, 7.5, 6.0),
)
"""By the type of ``chula_rbc12``."""
_CENTRED_UM: Final = {"erythroblast": 9.0, "ig": 14.0, "platelet": 2.8}
"""PBC's classes without boxes: what lies in the middle, and how large it is."""
_CENTRED_EACH: Final = 250

_Boxes = list[tuple[Kind, float, float, float, float]]


def read_fields(datasets: Path) -> tuple[Field, ...]:
    """Read all sources that a folder holds.

    Parameters
    ----------
    datasets : Path
        With the folders ``PBC_dataset_normal_DIB``, ``BCCD``, ``boxes_TXL-PBC``,
        ``chula_wbc``, ``chula_rbc12``, ``phone_eyepiece``; any may be missing.

    Raises
    ------
    DatasetError
        When it holds none of them, or a file cannot be read.
    """
    fields = tuple(field for read in SOURCES.values() for field in read(datasets))
    if not fields:
        raise DatasetError(f"no labelled fields in {datasets}: wanted {list(SOURCES)}")
    return fields


def _pbc(datasets: Path) -> Iterator[Field]:
    folder = datasets / "PBC_dataset_normal_DIB"
    boxes = datasets / "boxes_TXL-PBC" / folder.name
    for path in sorted(folder.glob("*/[!.]*.jpg")):
        labels = boxes / f"{path.stem}.txt"
        if labels.is_file():
            yield _field(
                "PBC",
                path,
                PBC_PIXEL_SIZE_UM,
                partial(_yolo, labels),
                held_out=split_of(path.name) is not Split.TRAIN,
            )
    yield from _centred(folder)


def _centred(folder: Path) -> Iterator[Field]:
    """Images of classes that have no boxes: something lies in their middle."""
    for name, size_um in _CENTRED_UM.items():
        kind = Kind.PLATELET if name == "platelet" else Kind.WHITE
        size = size_um / PBC_PIXEL_SIZE_UM
        paths = sorted((folder / name).glob("[!.]*.jpg"))
        chosen = [path for path in paths if split_of(path.name) is Split.TRAIN]
        for path in chosen[:: max(1, len(chosen) // _CENTRED_EACH)][:_CENTRED_EACH]:
            yield _field(
                "PBC centred",
                path,
                PBC_PIXEL_SIZE_UM,
                partial(_middle_box, kind, size),
                background=(0.0, 0.0, 0.0),
                outlined=False,
            )


def _bccd(datasets: Path) -> Iterator[Field]:
    folder = datasets / "BCCD"
    boxes = datasets / "boxes_TXL-PBC" / "BCCD"
    for path in sorted(folder.glob("JPEGImages/*.jpg")):
        labels = boxes / f"{path.stem}.txt"
        complete = labels.is_file()
        own = folder / "Annotations" / f"{path.stem}.xml"
        yield _field(
            "BCCD",
            path,
            BCCD_PIXEL_SIZE_UM,
            partial(_yolo, labels) if complete else partial(_voc, own),
            held_out=_number(path) % EVERY == 0,
            background=(1.0, 1.0, 1.0) if complete else (0.5, 0.0, 0.3),
        )


def _chula_wbc(datasets: Path) -> Iterator[Field]:
    folder = datasets / "chula_wbc"
    if not folder.is_dir():
        return
    rows = defaultdict(list)
    with (folder / "boxes.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            rows[row["file"]].append(row)
    for name, found in sorted(rows.items()):
        sides = [[float(row[k]) for k in _SIDES] for row in found]
        yield _field(
            "chula_wbc",
            folder / "fields" / name,
            CHULA_WBC_PIXEL_SIZE_UM,
            partial(_fixed, [_box(Kind.WHITE, *one) for one in sides]),
            held_out=any(map(_is_held_out, found)),
            background=(0.4, 0.0, 0.0),
        )


def _is_held_out(row: dict[str, str]) -> bool:
    if row["slide"] in TIED_SLIDES:
        return int(row["cell"]) % EVERY == 0
    return row["slide"] in HELD_OUT_SLIDES


def _chula_rbc(datasets: Path) -> Iterator[Field]:
    folder = datasets / "chula_rbc12"
    for path in sorted(folder.glob("fields/*.jpg")):
        yield _field(
            "chula_rbc12",
            path,
            CHULA_RBC_PIXEL_SIZE_UM,
            partial(_points, folder / "labels" / f"{path.stem}.txt"),
            held_out=_number(path) % EVERY == 0,
            background=(0.05, 0.05, 0.0),
            outlined=False,
        )


def _phone(datasets: Path) -> Iterator[Field]:
    folder = datasets / "phone_eyepiece"
    for path in sorted(folder.glob("images/*.jpg")):
        yield _field(
            "phone_eyepiece",
            path,
            PHONE_PIXEL_SIZE_UM,
            partial(_yolo, folder / "labels" / f"{path.stem}.txt"),
            held_out=_number(path) % EVERY == 0,
            background=(0.7, 0.0, 0.0),
        )


def read_unseen(datasets: Path) -> tuple[Field, ...]:
    """Read ``segmentation_wbc``, for measuring alone: one white cell an image."""
    fields = []
    for name, pixel_size_um in _UNSEEN_UM.items():
        folder = datasets / "segmentation_wbc" / name
        if not folder.is_dir():
            continue
        with (folder / "classes.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        for row in rows:
            box = _box(Kind.WHITE, *(float(row[side]) for side in _SIDES))
            fields.append(
                _field(
                    name,
                    folder / row["file"],
                    pixel_size_um,
                    partial(_fixed, [box]),
                    held_out=True,
                    background=(1.0, 0.0, 0.0),
                )
            )
    return tuple(fields)


def _middle_box(kind: Kind, size: float, size_wh: tuple[int, int]) -> _Boxes:
    """Return the one box in an image's middle."""
    return [(kind, size_wh[0] / 2, size_wh[1] / 2, size, size)]


def _fixed(boxes: _Boxes, _: tuple[int, int]) -> _Boxes:
    """Return boxes that no image's size changes."""
    return boxes


SOURCES: Final[dict[str, Callable[[Path], Iterable[Field]]]] = {
    "PBC": _pbc,
    "BCCD": _bccd,
    "chula_wbc": _chula_wbc,
    "chula_rbc12": _chula_rbc,
    "phone_eyepiece": _phone,
}


def _field(
    source: str,
    path: Path,
    pixel_size_um: float,
    boxes: Callable[[tuple[int, int]], _Boxes],
    *,
    held_out: bool = False,
    background: tuple[float, float, float] = (1.0, 1.0, 1.0),
    outlined: bool = True,
) -> Field:
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if bgr is None:
        raise DatasetError(f"cannot read image {path}")
    image = np.ascontiguousarray(bgr[..., ::-1], np.uint8)
    stored = at_finder_scale(image, pixel_size_um, STORED_UM)
    found = boxes((image.shape[1], image.shape[0]))
    objects = np.array(found, np.float32).reshape(-1, 5)
    if not outlined and (objects[:, 0] == Kind.RED).all():
        objects[:, 1:] = outlined_points(image, objects[:, 1:])
    objects[:, 1::2] *= stored.shape[1] / image.shape[1]
    objects[:, 2::2] *= stored.shape[0] / image.shape[0]
    return Field(
        name=path.name,
        source=source,
        held_out=held_out,
        image=stored if stored is not image else image.copy(),
        objects=objects[(objects[:, 3:] > 1).all(axis=1)],
        background=background,
        outlined=outlined,
    )


def _box(
    kind: Kind, left: float, top: float, right: float, bottom: float
) -> tuple[Kind, float, float, float, float]:
    return kind, (left + right) / 2, (top + bottom) / 2, right - left, bottom - top


def _yolo(path: Path, size_wh: tuple[int, int]) -> _Boxes:
    boxes = []
    for line in _lines(path):
        kind, x, y, width, height = line.split()
        wide, high = size_wh
        boxes.append(
            (
                Kind(int(kind)),
                float(x) * wide,
                float(y) * high,
                float(width) * wide,
                float(height) * high,
            )
        )
    return boxes


def _voc(path: Path, _size_wh: tuple[int, int]) -> _Boxes:
    kinds = {"WBC": Kind.WHITE, "RBC": Kind.RED, "Platelets": Kind.PLATELET}
    boxes = []
    # Expat itself bounds what entities expand to (CVE-2013-0340, since 2.4.1).
    root = ElementTree.fromstring("\n".join(_lines(path)))  # noqa: S314
    for one in root.iter("object"):
        sides = [
            float(one.findtext(f"bndbox/{side}") or 0)
            for side in ("xmin", "ymin", "xmax", "ymax")
        ]
        boxes.append(_box(kinds[one.findtext("name") or ""], *sides))
    return boxes


def _points(path: Path, _size_wh: tuple[int, int]) -> _Boxes:
    boxes = []
    for line in _lines(path):
        x, y, kind = (int(part) for part in line.split())
        size = _RED_SIZES_UM[kind] / CHULA_RBC_PIXEL_SIZE_UM
        boxes.append((Kind.RED, float(x), float(y), size, size))
    return boxes


def _lines(path: Path) -> list[str]:
    try:
        return [line for line in path.read_text().splitlines() if line.strip()]
    except OSError as error:
        raise DatasetError(f"cannot read labels {path}: {error.strerror}") from error


def _number(path: Path) -> int:
    found = re.search(r"\d+", path.stem)
    return int(found.group()) if found else 0
