"""How much of a simulated slide's truth a count finds.

python -m tests.benchmarks.demo_agreement [--seed N] [--frames N] [--mix uniform]
"""

import argparse
from collections import Counter

from rich.console import Console
from rich.table import Table

from edge.bundles import open_bundle
from edge.capture.demo_slide import DemoSlide
from edge.pipeline import FrameCounter
from hemalens.classes import CLASS_NAMES, CellKind
from hemalens.classifier import BundleClassifier
from hemalens.statistics import clopper_pearson
from tests.benchmarks.box_matching import match_boxes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--mix", default="uniform")
    parser.add_argument("--bundle", default="cnn")
    given = parser.parse_args()
    slide = DemoSlide(seed=given.seed, frames=given.frames, mix=given.mix)
    counter = FrameCounter(BundleClassifier(open_bundle(given.bundle)))
    confusion: Counter[tuple[str, str]] = Counter()
    white = white_found = false_white = red = red_counted = 0
    for frame in slide:
        true = [c for c in slide.truth(frame.index) if not c.at_border]
        found = counter.count(frame).cells
        red += sum(c.kind is CellKind.RED_CELL for c in slide.truth(frame.index))
        red_counted += sum(c.kind is CellKind.RED_CELL for c in found)
        stained = [c for c in true if c.class_name is not None]
        called = [c for c in found if c.class_name is not None]
        pairs = match_boxes([c.box for c in called], [c.box for c in stained])
        for found_index, true_index in pairs:
            name = stained[true_index].class_name
            confusion[str(name), str(called[found_index].class_name)] += 1
        matched = {true_index for _, true_index in pairs}
        for index, cell in enumerate(stained):
            if cell.kind is CellKind.WHITE_CELL:
                white += 1
                white_found += index in matched
        everything = [c for c in slide.truth(frame.index) if c.class_name is not None]
        known = {
            i
            for i, _ in match_boxes(
                [c.box for c in called], [c.box for c in everything]
            )
        }
        false_white += sum(
            c.kind is CellKind.WHITE_CELL and i not in known
            for i, c in enumerate(called)
        )
    _show(confusion, f"demo:seed={given.seed},frames={given.frames},mix={given.mix}")
    low, high = clopper_pearson(white_found, white)
    print(
        f"white cells found {white_found}/{white} = {100 * white_found / white:.2f} % "
        f"(95 % interval {100 * low:.2f} to {100 * high:.2f}), "
        f"false white cells {false_white}; red cells {red_counted}/{red} = "
        f"{red_counted / red:.3f}"
    )
    for what, names in (
        ("all stained cells", CLASS_NAMES),
        ("nucleated cells", [n for n in CLASS_NAMES if n != "platelet"]),
    ):
        total = sum(k for (true_name, _), k in confusion.items() if true_name in names)
        right = sum(confusion[name, name] for name in names)
        low, high = clopper_pearson(right, total)
        print(
            f"class agreement, {what}: {right}/{total} = {100 * right / total:.2f} % "
            f"(95 % interval {100 * low:.2f} to {100 * high:.2f})"
        )


def _show(confusion: Counter[tuple[str, str]], title: str) -> None:
    table = Table(title=f"{title}: rows drawn, columns called")
    table.add_column("drawn")
    for name in CLASS_NAMES:
        table.add_column(name[:5], justify="right")
    for true_name in CLASS_NAMES:
        row = [str(confusion[true_name, name] or "") for name in CLASS_NAMES]
        table.add_row(true_name, *row)
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
