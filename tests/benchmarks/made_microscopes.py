"""Cells of microscopes that do not exist: stain, light, scale, blur, noise and JPEG.

    python -m tests.benchmarks.made_microscopes --pbc DIR [--bundle cnn] [--json FILE]

Sixteen microscopes, drawn by lot, share PBC's validation images out among them; the
cells of each are one slide, its focus and stain brought to the model's. No microscope
is of those that training draws, but all are drawn in the same way: what they say is how
much of that a model has learned.
"""

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from convert.evidence.disturbances import Disturbance
from edge.bundles import open_bundle, shipped_bundles
from hemalens.classes import CLASS_NAMES
from hemalens.classifier import BundleClassifier
from hemalens.image_set import LabelledImage, read_class_folders
from hemalens.split import Split
from tests.benchmarks.disturbances import cut

MICROSCOPES: Final = 16

Codes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeMicroscope:
    """What one microscope does to every image."""

    mixing: NDArray[np.float32]
    """(3, 3): stain and crosstalk, of optical densities."""
    light_od: NDArray[np.float32]
    """(3,): the lamp, in optical density."""
    pixel_size_factor: float
    blur_um: float
    noise_codes: float
    jpeg_quality: int

    def show(self, images: Codes, pixel_size_um: float) -> Codes:
        """Show images (N, H, W, 3) as it does."""
        return np.stack([self._one(image, pixel_size_um) for image in images])

    def _one(self, image: Codes, pixel_size_um: float) -> Codes:
        density = -np.log10((image.astype(np.float32) + 1) / 256)
        density = density @ self.mixing + self.light_od
        seen = 256 * 10**-density - 1
        if self.blur_um:
            seen = cv2.GaussianBlur(seen, (0, 0), self.blur_um / pixel_size_um)
        seen += np.random.default_rng(0).normal(0, self.noise_codes, seen.shape)
        codes = np.clip(np.rint(seen), 0, 255).astype(np.uint8)
        quality = [cv2.IMWRITE_JPEG_QUALITY, self.jpeg_quality]
        content = cv2.imencode(".jpg", codes[..., ::-1], quality)[1]
        return np.asarray(cv2.imdecode(content, cv2.IMREAD_COLOR)[..., ::-1], np.uint8)


def made_microscope(number: int) -> MadeMicroscope:
    """Draw the microscope of a number."""
    random = np.random.default_rng((20_261_127, number))
    strength = np.exp(random.normal(0, 0.3, 3))
    mixing = (np.eye(3) + random.normal(0, 0.08, (3, 3))) * strength
    light = random.normal(0, 0.12) + random.normal(0, 0.06, 3)
    return MadeMicroscope(
        mixing=mixing.astype(np.float32),
        light_od=light.astype(np.float32),
        pixel_size_factor=float(random.uniform(0.85, 1.2)),
        blur_um=float(random.uniform(0.05, 0.45)),
        noise_codes=float(random.uniform(0, 7)),
        jpeg_quality=int(random.integers(40, 96)),
    )


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
