"""How much of a simulated slide's truth a count finds.

python -m tests.benchmarks.demo_agreement [--seed N] [--frames N] [--mix uniform]
"""

import argparse
from collections import Counter

from rich.console import Console
from rich.table import Table

from edge.bundles import open_bundle
from edge.capture.demo.agreement import DrawnAgreement
from edge.capture.demo_slide import DemoSlide
from edge.count.frame_counter import FrameCounter
from hemalens.classes import CLASS_NAMES, CellClass, CellKind
from hemalens.classifier import BundleClassifier
from hemalens.statistics import clopper_pearson


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--mix", default="uniform")
    parser.add_argument("--bundle", default="cnn")
    given = parser.parse_args()
    slide = DemoSlide(seed=given.seed, frames=given.frames, mix=given.mix)
    counter = FrameCounter(BundleClassifier(open_bundle(given.bundle)))
    agreement = DrawnAgreement(slide)
    red = red_found = 0
    for frame in slide:
        cells = counter.count(frame).cells
        agreement.add(frame.index, cells)
        red_found += sum(cell.kind is CellKind.RED_CELL for cell in cells)
        truth = slide.truth(frame.index)
        red += sum(cell.kind is CellKind.RED_CELL for cell in truth)
    _show(agreement.calls, f"demo:seed={given.seed},frames={given.frames}")
    platelets = agreement.calls[CellClass.PLATELET, CellClass.PLATELET]
    nucleated = sum(
        n for (drawn, _), n in agreement.calls.items() if drawn != CellClass.PLATELET
    )
    _print("white cells found", agreement.white_cells_found, agreement.white_cells)
    _print("class agreement, all stained", agreement.agreed, agreement.found)
    _print("class agreement, nucleated", agreement.agreed - platelets, nucleated)
    print(f"red cells, found over drawn: {red_found}/{red} = {red_found / red:.3f}")


def _print(what: str, k: int, n: int) -> None:
    low, high = clopper_pearson(k, n)
    print(
        f"{what}: {k}/{n} = {100 * k / n:.2f} % "
        f"(95 % interval {100 * low:.2f} to {100 * high:.2f})"
    )


def _show(calls: Counter[tuple[str, str]], title: str) -> None:
    table = Table(title=f"{title}: rows drawn, columns called")
    table.add_column("drawn")
    for name in CLASS_NAMES:
        table.add_column(name[:5], justify="right")
    for drawn in CLASS_NAMES:
        row = [str(calls[drawn, name] or "") for name in CLASS_NAMES]
        table.add_row(drawn, *row)
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
