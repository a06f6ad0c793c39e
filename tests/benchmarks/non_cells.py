"""What becomes of images that show no leukocyte: how many are not counted as one.

    python -m tests.benchmarks.non_cells [--bundle cnn] [--of-each 40] [--bccd BCCD] \
        [--json FILE]

Each image goes through the device's own pipeline as a frame, and its middle through
the classifier as a crop, as if segmentation had taken it for a cell.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from edge.bundles import open_bundle, shipped_bundles
from edge.count.frame_counter import FrameCounter
from hemalens.classes import LEUKOCYTES, CellStatus
from hemalens.classifier import BundleClassifier
from hemalens.preprocess import crop_side_px, cut_crop
from hemalens.records import Cell, Frame
from hemalens.statistics import clopper_pearson
from tests.benchmarks.cell_free_tiles import cell_free_tiles
from tests.benchmarks.drawn_non_cells import KINDS, NonCell, made_non_cells


@dataclass(slots=True)
class Tally:
    """Of one kind: images, and those in which a leukocyte was counted."""

    images: int = 0
    wrong_frames: int = 0
    wrong_crops: int = 0
    objects: int = 0
    wrong_objects: int = 0
    called: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.images + other.images,
            self.wrong_frames + other.wrong_frames,
            self.wrong_crops + other.wrong_crops,
            self.objects + other.objects,
            self.wrong_objects + other.wrong_objects,
            self.called + other.called,
        )


def measure(
    classifier: BundleClassifier, non_cells: Iterable[NonCell]
) -> dict[str, Tally]:
    """Tally what is counted in them, by kind."""
    tallies: dict[str, Tally] = {}
    for index, one in enumerate(non_cells):
        tally = tallies.setdefault(one.kind, Tally())
        frame = Frame(
            image=one.image, name=str(index), index=0, pixel_size_um=one.pixel_size_um
        )
        cells = stained(FrameCounter(classifier).count(frame).cells)
        wrong = [cell for cell in cells if is_counted_leukocyte(cell)]
        tally.images += 1
        tally.objects += len(cells)
        tally.wrong_objects += len(wrong)
        tally.wrong_frames += bool(wrong)
        tally.wrong_crops += crop_is_counted(classifier, one)
        tally.called.update(str(cell.class_name) for cell in wrong)
    return tallies


def stained(cells: Iterable[Cell]) -> list[Cell]:
    return [cell for cell in cells if cell.class_name is not None]


def is_counted_leukocyte(cell: Cell) -> bool:
    return cell.status is CellStatus.COUNTED and cell.class_name in LEUKOCYTES


def crop_is_counted(classifier: BundleClassifier, one: NonCell) -> bool:
    """Whether the middle, taken for a cell of any kind, is called a leukocyte."""
    wanted = classifier.manifest.input
    height, width = one.image.shape[:2]
    side = crop_side_px(one.pixel_size_um, wanted.crop_side_um)
    crop = cut_crop(one.image, (width / 2, height / 2), side, wanted.size_px)
    judged = classifier.judge(crop[np.newaxis])
    row = judged.probabilities[0]
    is_sure = row.max() >= classifier.manifest.thresholds.minimum_probability
    return (
        bool(is_sure and judged.is_in_distribution[0])
        and classifier.class_names[int(row.argmax())] in LEUKOCYTES
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--bundle", action="append", help="name or file; the shipped ones by default"
    )
    parser.add_argument("--of-each", type=int, default=40, help="images of each kind")
    parser.add_argument("--bccd", type=Path, help="also tiles of real fields")
    parser.add_argument("--fields", type=int, default=80, help="of BCCD")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    found = {}
    for name in given.bundle or shipped_bundles():
        tiles = cell_free_tiles(given.bccd, given.fields) if given.bccd else ()
        images = chain(made_non_cells(given.of_each), tiles)
        found[name] = measure(BundleClassifier(open_bundle(name)), images)
    for name, tallies in found.items():
        show(name, tallies)
    if given.json:
        content = {name: as_json(tallies) for name, tallies in found.items()}
        given.json.write_text(json.dumps(content, indent=2) + "\n")


def show(name: str, tallies: dict[str, Tally]) -> None:
    table = Table(title=f"{name}: no leukocyte counted, % (95 % interval)")
    for column in ("shown", "images", "as a frame", "as a crop", "objects", "called"):
        table.add_column(column, justify="left" if column == "shown" else "right")
    made = sum_of(tally for kind, tally in tallies.items() if kind in KINDS)
    for kind, tally in (*tallies.items(), ("all that were made", made)):
        table.add_row(
            kind,
            str(tally.images),
            not_counted(tally.wrong_frames, tally.images),
            not_counted(tally.wrong_crops, tally.images),
            not_counted(tally.wrong_objects, tally.objects),
            ", ".join(f"{name} {n}" for name, n in tally.called.most_common(3)),
        )
    Console(width=120).print(table)


def sum_of(tallies: Iterable[Tally]) -> Tally:
    total = Tally()
    for tally in tallies:
        total += tally
    return total


def not_counted(wrong: int, n: int) -> str:
    if not n:
        return "none found"
    low, high = clopper_pearson(n - wrong, n)
    return f"{100 * (1 - wrong / n):.1f} of {n} ({100 * low:.0f} to {100 * high:.0f})"


def as_json(tallies: dict[str, Tally]) -> dict[str, dict[str, int]]:
    return {
        kind: {
            "images": tally.images,
            "wrong_frames": tally.wrong_frames,
            "wrong_crops": tally.wrong_crops,
            "objects": tally.objects,
            "wrong_objects": tally.wrong_objects,
        }
        for kind, tally in tallies.items()
    }


if __name__ == "__main__":
    main()
