"""Two models asked together: sure where both are, doubtful where they differ."""

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.bundles import open_bundle
from edge.capture.demo_slide import DemoSlide
from edge.classify.ensemble import TwoModelEnsemble
from edge.classify.test_time_augmentation import classify_augmented
from edge.count.frame_counter import FrameCounter
from hemalens.classes import CLASS_NAMES
from hemalens.classifier import BundleClassifier, Classification
from hemalens.errors import BundleError
from hemalens.slide_appearance import SlideAppearance

SIZE_PX = 8
Crops = NDArray[np.uint8]


class Fake(BundleClassifier):
    """Gives each crop the row that its first code names, and counts the crops."""

    def __init__(self, rows: list[dict[str, float]], *, alike: bool = True) -> None:
        manifest = open_bundle("cnn").manifest
        thresholds = manifest.thresholds.model_copy(
            update={"minimum_probability": 0.9, "temperature": 1.0}
        )
        self.manifest = manifest.model_copy(update={"thresholds": thresholds})
        self._rows = np.array(
            [[row.get(name, 0.0) for name in CLASS_NAMES] for row in rows], np.float32
        )
        self._alike = alike
        self.asked = 0

    def judge(
        self, crops: Crops, slide: SlideAppearance | None = None
    ) -> Classification:
        self.asked += len(crops)
        return Classification(
            probabilities=self._rows[crops[:, 0, 0, 0]],
            is_in_distribution=np.full(len(crops), self._alike),
        )


def crops_of(*numbers: int) -> Crops:
    crops = np.zeros((len(numbers), SIZE_PX, SIZE_PX, 3), np.uint8)
    crops[:] = np.array(numbers, np.uint8)[:, None, None, None]
    return crops


def ask(first: Fake, second: Fake, *numbers: int) -> Classification:
    crops = crops_of(*numbers)
    return TwoModelEnsemble(first=first, second=second).judge((crops, crops))


def test_models_that_agree_are_sure() -> None:
    first, second = Fake([{"monocyte": 1.0}]), Fake([{"monocyte": 1.0}])
    judged = ask(first, second, 0)
    assert judged.probabilities[0, CLASS_NAMES.index("monocyte")] == 1
    assert (first.asked, second.asked) == (1, 1)


def test_models_that_are_sure_of_different_classes_leave_a_cell_doubtful() -> None:
    judged = ask(Fake([{"monocyte": 1.0}]), Fake([{"lymphocyte": 1.0}]), 0)
    sure = {
        name: judged.probabilities[0, CLASS_NAMES.index(name)] for name in CLASS_NAMES
    }
    assert sure["monocyte"] == pytest.approx(sure["lymphocyte"])
    assert sure["monocyte"] < 0.9
    assert sum(sure.values()) == pytest.approx(1)


def test_the_surer_model_decides() -> None:
    first = Fake([{"eosinophil": 0.55, "neutrophil": 0.45}])
    second = Fake([{"eosinophil": 0.02, "neutrophil": 0.98}])
    judged = ask(first, second, 0)
    assert judged.probabilities[0].argmax() == CLASS_NAMES.index("neutrophil")


def test_only_doubtful_cells_are_looked_at_from_all_sides_by_both() -> None:
    rows = [{"monocyte": 1.0}, {"monocyte": 0.5, "lymphocyte": 0.5}]
    first, second = Fake(rows), Fake(rows)
    ask(first, second, 0, 1, 0)
    assert (first.asked, second.asked) == (3 + 7, 3 + 7)


def test_a_cell_is_like_the_training_images_where_both_say_so() -> None:
    row = [{"monocyte": 1.0}]
    assert ask(Fake(row), Fake(row), 0).is_in_distribution.tolist() == [True]
    assert ask(Fake(row), Fake(row, alike=False), 0).is_in_distribution.tolist() == [
        False
    ]
    assert ask(Fake(row, alike=False), Fake(row), 0).is_in_distribution.tolist() == [
        False
    ]


def test_no_cell_gives_no_row() -> None:
    judged = ask(Fake([{"ig": 1.0}]), Fake([{"ig": 1.0}]))
    assert judged.probabilities.shape == (0, len(CLASS_NAMES))
    assert judged.is_in_distribution.shape == (0,)


def test_models_of_other_classes_are_refused() -> None:
    first, second = Fake([{}]), Fake([{}])
    second.manifest = second.manifest.model_copy(update={"classes": ("cat", "dog")})
    with pytest.raises(BundleError, match="know the same classes"):
        TwoModelEnsemble(first=first, second=second)


def test_a_model_asked_with_itself_answers_as_alone() -> None:
    golden = open_bundle("cnn").golden.inputs[:6]
    alone = BundleClassifier(open_bundle("cnn"), threads=1)
    together = TwoModelEnsemble(first=alone, second=alone).judge((golden, golden))
    expected = classify_augmented(alone, golden)
    assert together.probabilities == pytest.approx(expected.probabilities, abs=0.01)


def test_a_count_asks_both_shipped_models_of_every_cell() -> None:
    """Each sees the cell at its own size; who differ lower the count's certainty."""
    frame = DemoSlide(seed=3, frames=1, mix="uniform").frame(0)
    cnn = BundleClassifier(open_bundle("cnn"), threads=1)
    other = BundleClassifier(open_bundle("mobilenetv2"), threads=1)
    given = {
        name: [
            dict(cell.probabilities)
            for cell in FrameCounter(first, second=second).count(frame).cells
            if cell.probabilities
        ]
        for name, first, second in (
            ("cnn", cnn, None),
            ("other", other, None),
            ("both", cnn, other),
        )
    }
    assert len(given["both"]) == len(given["cnn"]) > 3
    best = {
        name: [max(row, key=lambda one: row[one]) for row in rows]
        for name, rows in given.items()
    }
    agreed = [
        (one, both)
        for one, two, both in zip(best["cnn"], best["other"], best["both"], strict=True)
        if one == two
    ]
    assert len(agreed) >= 3
    assert all(one == both for one, both in agreed)
    assert given["both"] != given["cnn"]
    assert given["both"] != given["other"]


def test_the_first_model_s_limit_decides() -> None:
    row = [{"monocyte": 0.97, "lymphocyte": 0.03}]
    lenient, strict = Fake(row), Fake(row)
    thresholds = strict.manifest.thresholds.model_copy(
        update={"minimum_probability": 0.99}
    )
    strict.manifest = strict.manifest.model_copy(update={"thresholds": thresholds})
    ask(lenient, strict, 0)
    assert (lenient.asked, strict.asked) == (1, 1)
    ask(strict, lenient, 0)
    assert (strict.asked, lenient.asked) == (1 + 8, 1 + 8)
