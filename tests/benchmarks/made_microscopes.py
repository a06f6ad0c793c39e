"""Cells of microscopes that do not exist: stain, light, scale, blur, noise and JPEG.

    python -m tests.benchmarks.made_microscopes --pbc DIR [--bundle cnn] [--json FILE]

Sixteen microscopes, drawn by lot, share PBC's validation images out among them; the
cells of each are one slide, its focus and stain brought to the model's. No microscope
is of those that training draws, but all are drawn in the same way: what they say is how
much of that a model has learned. `hemalens study microscopes` counts them whole.
"""

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from convert.evidence.disturbances import Disturbance
from convert.studies.microscopes.made_microscope import (
    MICROSCOPES,
    made_microscope,
)
from edge.bundles import open_bundle, shipped_bundles
from hemalens.classes import CLASS_NAMES
from hemalens.classifier import BundleClassifier
from hemalens.image_set import LabelledImage, read_class_folders
from hemalens.split import Split
from tests.benchmarks.disturbances import cut


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What a bundle made of one microscope's cells."""

    microscope: int
    n: int
    right: int
    answered: int
    wrong: int
    """Of those answered."""


def measure(
    classifier: BundleClassifier, images: tuple[LabelledImage, ...], number: int
) -> Row:
    """Judge the cells that fall to one microscope, as one slide."""
    shown = images[number::MICROSCOPES]
    microscope = made_microscope(number)
    disturbance = Disturbance(
        name=f"microscope {number}",
        pixel_size_factor=microscope.pixel_size_factor,
        change=microscope.show,
    )
    crops, slide = cut(classifier, shown, disturbance)
    judged = classifier.judge(crops, slide)
    true = np.array([CLASS_NAMES.index(one.class_name) for one in shown])
    right = judged.probabilities.argmax(axis=1) == true
    limit = classifier.manifest.thresholds.minimum_probability
    answered = (judged.probabilities.max(axis=1) >= limit) & judged.is_in_distribution
    return Row(
        microscope=number,
        n=len(shown),
        right=int(right.sum()),
        answered=int(answered.sum()),
        wrong=int((answered & ~right).sum()),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pbc", type=Path, required=True, help="class folders")
    parser.add_argument("--bundle", action="append", help="name or file")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    images = read_class_folders(given.pbc).of_split(Split.VALIDATION).images
    found = {}
    for name in given.bundle or shipped_bundles():
        classifier = BundleClassifier(open_bundle(name))
        rows = [measure(classifier, images, number) for number in range(MICROSCOPES)]
        found[name] = [asdict(row) for row in rows]
        total, right, answered, wrong = (
            sum(getattr(row, of) for row in rows)
            for of in ("n", "right", "answered", "wrong")
        )
        lowest = min(100 * row.right / row.n for row in rows)
        print(
            f"{name}: right {100 * right / total:.1f} % of {total}, {lowest:.1f} % on "
            f"the worst microscope; answered {100 * answered / total:.1f} %, wrong "
            f"{wrong} of {answered}"
        )
    if given.json:
        given.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
