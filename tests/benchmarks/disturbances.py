"""What worse optics cost: PBC's validation images disturbed, as a device counts.

    python -m tests.benchmarks.disturbances --pbc DIR [--bundle cnn] [--every 4] \
        [--json FILE]

Each whole image is disturbed before its cell is cut out. *Bare* classifies the crops as
they are; *device* first brings the focus, stain and light of all images, taken for one
slide, to those of the model, and leaves to review what it is not sure of or never saw.
"""

import argparse
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from convert.evidence.disturbances import IN_THE_FIELD, Disturbance
from convert.evidence.paired import paired_difference_limits
from edge.bundles import open_bundle, shipped_bundles
from edge.segment import segment
from edge.slide.appearance import SlideAppearanceLearner
from hemalens.classes import CLASS_NAMES
from hemalens.classifier import BundleClassifier
from hemalens.image_files import read_image
from hemalens.image_set import LabelledImage, read_class_folders
from hemalens.preprocess import PBC_PIXEL_SIZE_UM, crop_side_px, cut_crop
from hemalens.slide_appearance import SlideAppearance
from hemalens.split import Split

LEARNED_FROM: Final = 96
"""Images that give a slide's colours: about as many leukocytes as a differential's."""

UNDISTURBED: Final = Disturbance(name="none")

Codes = NDArray[np.uint8]
Right = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One disturbance, one way of classifying."""

    disturbance: str
    way: str
    n: int
    accuracy_percent: float
    loss_points: float
    """Against the undisturbed images, bare."""
    loss_ci95_points: tuple[float, float]
    """Paired."""
    answered: int
    wrong: int
    """Of those answered."""


def measure(
    classifier: BundleClassifier,
    images: Sequence[LabelledImage],
    disturbances: Iterable[Disturbance] = IN_THE_FIELD,
) -> Iterator[Row]:
    """Classify every image under every disturbance, bare and as a device does."""
    undisturbed = None
    true = np.array([CLASS_NAMES.index(one.class_name) for one in images])
    for disturbance in (UNDISTURBED, *disturbances):
        crops, slide = cut(classifier, images, disturbance)
        for way, known in (("bare", None), ("device", slide)):
            judged = classifier.judge(crops, known)
            right = np.asarray(judged.probabilities.argmax(axis=1) == true)
            undisturbed = right if undisturbed is None else undisturbed
            sure = judged.probabilities.max(axis=1) >= (
                classifier.manifest.thresholds.minimum_probability
            )
            answered = sure & judged.is_in_distribution
            yield row(disturbance.name, way, undisturbed, right, answered)


def row(name: str, way: str, before: Right, after: Right, answered: Right) -> Row:
    """Compare answers image by image."""
    gained, lost = int((before & ~after).sum()), int((after & ~before).sum())
    low, high = paired_difference_limits(gained, lost, len(before))
    return Row(
        disturbance=name,
        way=way,
        n=len(before),
        accuracy_percent=100 * float(after.mean()),
        loss_points=100 * (gained - lost) / len(before),
        loss_ci95_points=(100 * low, 100 * high),
        answered=int(answered.sum()),
        wrong=int((answered & ~after).sum()),
    )


def cut(
    classifier: BundleClassifier,
    images: Sequence[LabelledImage],
    disturbance: Disturbance,
) -> tuple[Codes, SlideAppearance]:
    """Disturb images, cut their cells out and learn what the slide looks like."""
    wanted = classifier.manifest.input
    side = crop_side_px(PBC_PIXEL_SIZE_UM, wanted.crop_side_um)
    slide = SlideAppearanceLearner.of_a_set()
    step = max(1, len(images) // LEARNED_FROM)
    crops = np.empty((len(images), wanted.size_px, wanted.size_px, 3), np.uint8)
    for index, one in enumerate(images):
        given = read_image(one.path)[np.newaxis]
        image = disturbance.apply(given, PBC_PIXEL_SIZE_UM)[0]
        height, width = image.shape[:2]
        crops[index] = cut_crop(
            image,
            (width / 2, height / 2),
            side * disturbance.pixel_size_factor,
            wanted.size_px,
        )
        if index % step == 0:
            slide.learn_image(image, segment(image), PBC_PIXEL_SIZE_UM)
    return crops, slide.appearance


def show(name: str, rows: Sequence[Row]) -> None:
    table = Table(title=f"{name}: {rows[0].n} validation images of PBC")
    for column in ("disturbance", "way", "right, %", "points lost (95 %)", "answered"):
        table.add_column(column, justify="left" if column[0] in "dw" else "right")
    table.add_column("of these wrong, %", justify="right")
    for one in rows:
        low, high = one.loss_ci95_points
        table.add_row(
            one.disturbance,
            one.way,
            f"{one.accuracy_percent:.2f}",
            f"{one.loss_points:.2f} ({low:.2f} to {high:.2f})",
            f"{100 * one.answered / one.n:.1f} %",
            f"{100 * one.wrong / max(1, one.answered):.2f}",
        )
    Console(width=120).print(table)
    for way in ("bare", "device"):
        worst = max((r for r in rows if r.way == way), key=lambda r: r.loss_points)
        print(f"worst, {way}: {worst.loss_points:.2f} points, {worst.disturbance}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pbc", type=Path, required=True, help="class folders")
    parser.add_argument("--bundle", action="append", help="name or file")
    parser.add_argument(
        "--every", type=int, default=1, help="take one image of so many"
    )
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    images = read_class_folders(given.pbc).of_split(Split.VALIDATION).images
    found = {}
    for name in given.bundle or shipped_bundles():
        classifier = BundleClassifier(open_bundle(name))
        found[name] = list(measure(classifier, images[:: given.every]))
        show(name, found[name])
    content = {name: [asdict(one) for one in rows] for name, rows in found.items()}
    if given.json:
        given.json.write_text(json.dumps(content, indent=2) + "\n")
    else:
        print(json.dumps(content))


if __name__ == "__main__":
    main()
