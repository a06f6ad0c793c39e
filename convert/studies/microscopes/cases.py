"""Single pictures that went wrong once, and what is right of each.

A case is right when the count is, or when the count doubts itself: leaves the frame out
or says a doubt.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from convert.studies.microscopes.counted import CountedSlide, FoundFrame, count_slide
from convert.studies.microscopes.matching import pair_boxes
from convert.studies.microscopes.report import CaseVerdict
from convert.studies.microscopes.truth import LabelledFrame, Slide
from hemalens.bundle import Bundle
from hemalens.classes import CellKind, CellStatus
from hemalens.errors import DatasetError
from hemalens.image_files import read_image
from hemalens.records import Box

NEAR: Final = 0.15
"""Of a number of red cells counted by eye, that much more or less is right."""
COARSE: Final = 0.25
"""Of a number only estimated by eye, and of a scale."""
FEW_PLATELETS: Final = 6
LARGEST_PLATELET: Final = 0.7
"""Of a red cell's diameter."""
TILES: Final = (8, 6)
"""Rows and columns of the large frame."""
KEPT: Final = 0.9
"""Red cells that tiling may not lose more of."""
CHANGED_CODES: Final = 40
"""From where on a picture's mask hides a pixel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One picture counted.

    Parameters
    ----------
    path : Path
    found : FoundFrame
    counted : CountedSlide
    """

    path: Path
    found: FoundFrame
    counted: CountedSlide

    def boxes(self, kind: CellKind, *, whole: bool = False) -> list[Box]:
        """List the cells of a kind, or those alone that the edge does not cut."""
        return [
            cell.box
            for cell in self.found.cells
            if cell.kind is kind and not (whole and cell.status is CellStatus.BORDER)
        ]

    def red(self, *, whole: bool = False) -> int:
        """Count the red cells."""
        return len(self.boxes(CellKind.RED_CELL, whole=whole))

    def white(self) -> int:
        """Count the white cells."""
        return len(self.boxes(CellKind.WHITE_CELL))

    def is_doubted(self, *about: str) -> bool:
        """Say whether it was left out, or doubted with one of these words, or any."""
        doubts = " ".join(self.counted.doubts).lower()
        is_about = any(word in doubts for word in about) if about else bool(doubts)
        return self.found.left_out is not None or is_about

    def said(self) -> str:
        """Write what was counted in a line."""
        size = self.found.pixel_size_um
        scale = "no scale" if size is None else f"{size:.3f} µm"
        doubts = "".join(f", doubt: {doubt}" for doubt in self.counted.doubts)
        left_out = f", left out: {self.found.left_out}" if self.found.left_out else ""
        platelets = len(self.boxes(CellKind.PLATELET))
        return (
            f"{self.path.name}: {self.red()} red, {self.white()} white, {platelets} "
            f"platelets, {scale}{doubts}{left_out}"
        )


Counter = Callable[..., Look]
"""Counts a picture: its path, and the pixel size an operator gives."""
Verdict = tuple[bool, Sequence[Look]]


def judge_cases(folder: Path, bundle: Bundle) -> tuple[CaseVerdict, ...]:
    """Count the pictures of each case and judge them.

    Parameters
    ----------
    folder : Path
        With a folder for each case.

    Raises
    ------
    DatasetError
        When it is missing.
    CaptureError
        When a picture cannot be read.
    """
    if not folder.is_dir():
        raise DatasetError(f"no folder {folder}")

    def count(path: Path, pixel_size_um: float | None = None) -> Look:
        frame = LabelledFrame(path=path)
        slide = Slide(name=path.stem, pixel_size_um=1.0, frames=(frame,))
        counted = count_slide(slide, bundle, pixel_size_um=pixel_size_um)
        ((_, found),) = counted.pairs()
        return Look(path=path, found=found, counted=counted)

    return tuple(
        _verdict(name, judge(folder / name, count))
        for name, judge in CASES.items()
        if (folder / name).is_dir()
    )


def _verdict(name: str, verdict: Verdict) -> CaseVerdict:
    is_right, looks = verdict
    said = "; ".join(look.said() for look in looks)
    return CaseVerdict(name=name, is_right=is_right, said=said)


def _elliptocytes(folder: Path, count: Counter) -> Verdict:
    looks = [count(folder / "he-a.jpg"), count(folder / "he-b.jpg")]
    right = all(
        _near(look.red(whole=True), true, NEAR)
        and _near(look.found.pixel_size_um or 0, 0.083, COARSE)
        for look, true in zip(looks, (20, 53), strict=True)
    )
    return right, looks


def _spherocytes(folder: Path, count: Counter) -> Verdict:
    looks = [count(folder / "hs-7.jpg"), count(folder / "hs-8.jpg")]
    return all(look.white() == 0 and _small_platelets(look) for look in looks), looks


def _small_platelets(look: Look) -> bool:
    platelets = look.boxes(CellKind.PLATELET)
    red = [max(box.size_wh) for box in look.boxes(CellKind.RED_CELL, whole=True)]
    largest = LARGEST_PLATELET * float(np.median(red)) if red else 0.0
    sides = [max(box.size_wh) for box in platelets]
    return len(sides) <= FEW_PLATELETS and all(side < largest for side in sides)


def _pale(folder: Path, count: Counter) -> Verdict:
    true = {"thal-12.jpg": 75, "thal-2.jpg": 75, "154.jpg": 100, "240.jpg": 60}
    looks = {name: count(folder / name) for name in true}
    right = all(
        look.is_doubted() or _near(look.red(), true[name], COARSE)
        for name, look in looks.items()
    )
    return right, list(looks.values())


def _round_view(folder: Path, count: Counter) -> Verdict:
    plain = count(folder / "plain.jpg")
    names = ("circle.jpg", "corners.jpg", "white-surround.png")
    masked = [count(folder / name) for name in names]
    wide = count(folder / "circle-16x9.jpg")
    right = all(_same_inside(plain, look) for look in masked)
    wide_right = wide.found.left_out is None and wide.white() == plain.white()
    return right and wide_right, [plain, *masked, wide]


def _same_inside(plain: Look, masked: Look) -> bool:
    """Compare the cells inside the view, and find none outside."""
    shown, whole = read_image(masked.path), read_image(plain.path)
    if shown.shape != whole.shape:
        return masked.white() == plain.white()
    hidden = np.abs(shown.astype(np.int16) - whole).max(axis=2) > CHANGED_CODES
    hidden = _opened(hidden)
    red = masked.boxes(CellKind.RED_CELL)
    clear = [
        box
        for box in plain.boxes(CellKind.RED_CELL)
        if not hidden[box.top : box.bottom, box.left : box.right].any()
    ]
    outside = sum(bool(hidden[_centre(box)]) for box in red)
    kept = pair_boxes(red, clear).by_overlap
    return (
        masked.white() == plain.white()
        and not outside
        and kept >= (1 - NEAR) * len(clear)
    )


def _opened(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Take specks, which compression makes, off a mask."""
    opened = cv2.morphologyEx(
        mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((9, 9), np.uint8)
    )
    return np.asarray(opened, np.bool_)


def _centre(box: Box) -> tuple[int, int]:
    x, y = box.centre_xy
    return int(y), int(x)


def _large_frame(folder: Path, count: Counter) -> Verdict:
    source = folder.parent / "06-eyepiece-circle-high-magnification" / "plain.jpg"
    one = count(source)
    with TemporaryDirectory() as work:
        path = Path(work) / "tiled.jpg"
        bgr = np.ascontiguousarray(np.tile(read_image(source), (*TILES, 1))[..., ::-1])
        cv2.imwrite(str(path), bgr)
        many = count(path)
    enough = many.red() >= KEPT * TILES[0] * TILES[1] * one.red()
    return enough or many.is_doubted("red cells"), [one, many]


def _contradicted(folder: Path, count: Counter) -> Verdict:
    looks = [count(folder / "a.jpg", size_um) for size_um in (0.17, 0.06)]
    return all(look.is_doubted("pixel", "scale") for look in looks), looks


def _no_smear(folder: Path, count: Counter) -> Verdict:
    look = count(folder / "skyline.jpg")
    return look.is_doubted() or not look.found.cells, [look]


def _near(found: float, true: float, tolerance: float) -> bool:
    return abs(found - true) <= tolerance * true


CASES: Final[dict[str, Callable[[Path, Counter], Verdict]]] = {
    "01-elliptocytes-counted-twice": _elliptocytes,
    "02-red-cells-counted-as-platelets": _spherocytes,
    "04-pale-field-silently-empty": _pale,
    "06-eyepiece-circle-high-magnification": _round_view,
    "07-large-frame-loses-red-cells": _large_frame,
    "12-given-pixel-size-contradicted": _contradicted,
    "16-not-a-smear": _no_smear,
}
