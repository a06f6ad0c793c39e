"""What a finished count found of the boxes people drew in its frames.

    hemalens count BCCD/JPEGImages --output results
    python -m tests.benchmarks.count_accuracy --results results --bccd BCCD \
        [--txl boxes_TXL-PBC]
"""

import argparse
import csv
from collections import defaultdict
from pathlib import Path

from edge.records.cell_codec import read_cell
from hemalens.box_matching import match_boxes
from hemalens.classes import CLASS_NAMES, CellKind
from hemalens.records import Box
from hemalens.statistics import clopper_pearson
from tests.benchmarks.box_matching import MatchCount
from tests.benchmarks.labelled_images import LabelledImage, read_bccd, read_txl

Boxes = dict[str, dict[CellKind, list[Box]]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--bccd", type=Path, required=True)
    parser.add_argument("--txl", type=Path)
    given = parser.parse_args()
    found = _found(given.results / "cells.jsonl")
    fields = read_bccd(given.bccd)
    overlays = {path.stem for path in (given.results / "frames").glob("*.png")}
    drawn = sum(field.path.stem in overlays for field in fields)
    print(f"overlays: {drawn} of {len(fields)} fields")
    _print("white cells, BCCD's boxes", fields, found, CellKind.WHITE_CELL)
    _print_types(given.results / "cells.jsonl", given.bccd / "wbc_types.csv")
    if given.txl is not None:
        images = given.bccd / "JPEGImages"
        better = read_txl(given.txl / "BCCD", images, "*.jpg")
        _print("white cells, TXL boxes", better, found, CellKind.WHITE_CELL)
        _print("red cells, TXL boxes", better, found, CellKind.RED_CELL)
        _print("platelets, TXL boxes", better, found, CellKind.PLATELET)


def _found(path: Path) -> Boxes:
    found: Boxes = defaultdict(lambda: defaultdict(list))
    for line in path.read_text().splitlines():
        cell = read_cell(line)
        found[cell.frame][cell.kind].append(cell.box)
    return found


def _print(
    what: str, fields: list[LabelledImage], found: Boxes, kind: CellKind
) -> None:
    total = MatchCount()
    for field in fields:
        boxes, true = found[field.path.name][kind], field.boxes_of(kind)
        matched = len(match_boxes(boxes, true))
        total += MatchCount(matched=matched, found=len(boxes), true=len(true))
    low, high = clopper_pearson(total.matched, total.true)
    print(
        f"{what}, IoU 0.5: recall {100 * total.recall:.2f} % "
        f"({total.matched}/{total.true}, 95 % interval {100 * low:.1f} to "
        f"{100 * high:.1f}), precision {100 * total.precision:.2f} % "
        f"({total.matched}/{total.found}), F1 {total.f1:.3f}, "
        f"total found/true {total.found / total.true:.3f}"
    )


def _print_types(cells: Path, types: Path) -> None:
    """Hold the largest white cell of each field with one named type against it."""
    largest: dict[str, tuple[int, str]] = {}
    for line in cells.read_text().splitlines():
        cell = read_cell(line)
        if cell.kind is CellKind.WHITE_CELL:
            width, height = cell.box.size_wh
            size = (width * height, cell.class_name or "")
            largest[cell.frame] = max(largest.get(cell.frame, (0, "")), size)
    with types.open(newline="") as file:
        named = {row["image"]: row["wbc_types"].lower() for row in csv.DictReader(file)}
    single = {name: of for name, of in named.items() if of in CLASS_NAMES}
    right = sum(largest.get(name, (0, ""))[1] == of for name, of in single.items())
    print(
        f"class of the white cell, fields that name one type: {right}/{len(single)} = "
        f"{100 * right / len(single):.1f} %"
    )


if __name__ == "__main__":
    main()
