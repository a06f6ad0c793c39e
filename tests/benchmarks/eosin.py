"""Do BCCD's eosinophils that a model calls neutrophils have an eosinophil's colour?

    python -m tests.benchmarks.eosin --bccd DIR --answers T/NAME-VERSION.answers.jsonl

Eosin takes green and blue light away and leaves red; the azures take red. So red's
share in the optical density of the cytoplasm falls with eosinophilic granules, and no
model is asked. `hemalens study transfer --output T` writes the answers.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.optics.stain import nuclear_index
from convert.studies.transfer.selective import error_roc
from edge.segment import segment
from edge.slide.stain import SlideStainLearner
from hemalens.classes import CellKind
from hemalens.image_files import read_image
from hemalens.records import Box
from hemalens.stain import SlideColours
from train.dataset.labelled_fields import read_labelled_fields

NUCLEUS_MARGIN_PX: Final = 2
"""Left out around a nucleus: its blurred edge."""
CELL_SHARE: Final = 0.8
"""Of the box's sides: the ellipse within which cytoplasm is looked for."""
LEAST_DENSITY: Final = 0.25
"""Of the image's red cells: paler pixels are glass."""
FEWEST_PX: Final = 150

NAMES: Final = ("neutrophil", "eosinophil")


@dataclass(frozen=True, slots=True, kw_only=True)
class ColouredCell:
    """A cell's name, what a model calls it, and its colour."""

    name: str
    called: str
    """The likelier of `NAMES`."""
    red_share: float


def red_share(
    image: NDArray[np.uint8], box: Box, colours: SlideColours
) -> float | None:
    """Measure red's share in the density of a cell's cytoplasm.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8, RGB
    box : Box
    colours : SlideColours
        Of the image.

    Returns
    -------
    float or None
        A third where it is grey; None where little or no cytoplasm is seen.
    """
    if colours.red_cell is None:
        return None
    pixels = image[box.top : box.bottom, box.left : box.right].astype(np.float32)
    glass = np.log(np.array(colours.background, np.float32) + 1)
    density = glass - np.log(cv2.GaussianBlur(pixels, (0, 0), 0.7) + 1)
    height, width = density.shape[:2]
    across = (np.arange(width) + 0.5) / width * 2 - 1
    down = (np.arange(height) + 0.5) / height * 2 - 1
    is_cell = np.hypot(across, down[:, np.newaxis]) < CELL_SHARE
    is_stained = density.sum(axis=2) > LEAST_DENSITY * sum(colours.red_cell)
    is_cytoplasm = is_cell & is_stained & ~_nucleus(density)
    if is_cytoplasm.sum() < FEWEST_PX:
        return None
    red, green, blue = density[is_cytoplasm].mean(axis=0).tolist()
    return float(red / (red + green + blue))


def _nucleus(density: NDArray[np.float32]) -> NDArray[np.bool_]:
    index = nuclear_index(density)
    codes = cv2.normalize(index, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)
    _, dark = cv2.threshold(codes, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    side = 2 * NUCLEUS_MARGIN_PX + 1
    return cv2.dilate(dark, np.ones((side, side), np.uint8)).astype(bool)


def measure(bccd: Path, answers: Path) -> list[ColouredCell]:
    """Measure the largest whole cell of each image that has one answer."""
    said: dict[str, list[dict[str, float]]] = {}
    for line in answers.read_text().splitlines():
        one = json.loads(line)
        if one["is_whole"]:
            said.setdefault(one["image"], []).append(one["probabilities"])
    cells = []
    for field in read_labelled_fields(bccd):
        probabilities = said.get(field.path.name, [])
        if field.class_name not in NAMES or len(probabilities) != 1:
            continue
        image = read_image(field.path)
        found = segment(image)
        stain = SlideStainLearner()
        stain.learn(image, found)
        colours = stain.colours()
        boxes = [
            one.box
            for one in found.detections
            if one.kind is CellKind.WHITE_CELL and not one.at_border
        ]
        if colours is None or not boxes:
            continue
        largest = max(boxes, key=lambda box: box.size_wh[0] * box.size_wh[1])
        share = red_share(image, largest, colours)
        if share is not None:
            called = max(NAMES, key=probabilities[0].__getitem__)
            cells.append(
                ColouredCell(name=field.class_name, called=called, red_share=share)
            )
    return cells


def show(cells: list[ColouredCell]) -> None:
    """Hold eosinophils by name against cells of both name and answer neutrophil."""
    neutrophils = _shares(cells, "neutrophil", "neutrophil")
    print(f"{len(neutrophils)} neutrophils: red's share {np.median(neutrophils):.3f}")
    for called in reversed(NAMES):
        others = _shares(cells, "eosinophil", called)
        is_neutrophil = np.repeat([True, False], [len(neutrophils), len(others)])
        roc = error_roc(np.concatenate([neutrophils, others]), is_neutrophil)
        if roc is None:
            print(f"no eosinophil is called {called}")
            continue
        low, high = roc.auroc_ci95
        print(
            f"{len(others)} eosinophils called {called}: {np.median(others):.3f}, AUC "
            f"against the neutrophils {roc.auroc:.3f} ({low:.3f} to {high:.3f})"
        )


def _shares(cells: list[ColouredCell], name: str, called: str) -> NDArray[np.float64]:
    return np.array(
        [one.red_share for one in cells if (one.name, one.called) == (name, called)]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bccd", type=Path, required=True)
    parser.add_argument("--answers", type=Path, required=True)
    given = parser.parse_args()
    show(measure(given.bccd, given.answers))


if __name__ == "__main__":
    main()
