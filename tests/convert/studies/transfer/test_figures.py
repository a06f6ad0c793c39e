"""When an image is right, and what a set of answers comes to."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from convert.studies.transfer.answers import Answers, KnownCell, top_probability
from convert.studies.transfer.figures import call_images, measure
from hemalens.classes import CLASS_NAMES
from hemalens.statistics import clopper_pearson


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One cell: what it is, what it was called and how surely."""

    image: str
    true: str
    called: str
    probability: float = 0.9
    is_whole: bool = True


def answers_of(said: Sequence[Said], **more: str) -> Answers:
    """Gather answers; images without a cell are given as name=class."""
    rows = np.zeros((len(said), len(CLASS_NAMES)), np.float32)
    for row, one in zip(rows, said, strict=True):
        row[:] = (1 - one.probability) / (len(CLASS_NAMES) - 1)
        row[CLASS_NAMES.index(one.called)] = one.probability
    return Answers(
        images={one.image: one.true for one in said} | more,
        cells=tuple(
            KnownCell(image=s.image, class_name=s.true, is_whole=s.is_whole)
            for s in said
        ),
        probabilities=rows,
        certainty=top_probability(rows),
        minimum_certainty=0.8,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """Cells of one image, and what the image is called."""

    name: str
    called: str
    cells: list[tuple[str, float, bool]] = field(default_factory=list)


VOTES = (
    Vote(
        name="most cells decide, however sure the others are",
        called="monocyte",
        cells=[("monocyte", 0.4, True), ("monocyte", 0.4, True), ("ig", 1.0, True)],
    ),
    Vote(
        name="of as many cells the surer",
        called="ig",
        cells=[("monocyte", 0.5, True), ("ig", 0.6, True)],
    ),
    Vote(
        name="cut cells are not heard beside a whole one",
        called="monocyte",
        cells=[("ig", 0.9, False), ("ig", 0.9, False), ("monocyte", 0.5, True)],
    ),
    Vote(
        name="cut cells are heard alone",
        called="ig",
        cells=[("ig", 0.9, False)],
    ),
)


@pytest.mark.parametrize("vote", VOTES, ids=lambda vote: vote.name)
def test_an_image_is_called_by_its_cells(vote: Vote) -> None:
    said = [
        Said(image="a", true="monocyte", called=c, probability=p, is_whole=w)
        for c, p, w in vote.cells
    ]
    assert call_images(answers_of(said)) == {"a": vote.called}


def test_an_image_without_a_cell_is_wrong() -> None:
    right = Said(image="a", true="monocyte", called="monocyte")
    images = measure(answers_of([right], b="monocyte")).images
    assert (images.all.right, images.all.n, images.without_cell) == (1, 2, 1)
    assert images.by_class["monocyte"].accuracy_ci95 == clopper_pearson(1, 2)


def test_uncommon_classes_stay_out_of_the_four() -> None:
    said = [
        Said(image="a", true="basophil", called="basophil"),
        Said(image="b", true="monocyte", called="ig"),
    ]
    images = measure(answers_of(said)).images
    assert (images.all.right, images.all.n) == (1, 2)
    assert (images.common.right, images.common.n) == (0, 1)
    assert images.common_balanced.classes == ("monocyte",)


def test_balanced_accuracy_weighs_classes_alike() -> None:
    said = [Said(image="m", true="monocyte", called="monocyte")] + [
        Said(image=f"n{k}", true="neutrophil", called="ig") for k in range(9)
    ]
    images = measure(answers_of(said)).images
    assert images.common.accuracy == pytest.approx(0.1)
    assert images.common_balanced.accuracy == pytest.approx(0.5)


def test_balanced_limits_of_one_class_are_exact() -> None:
    said = [
        Said(image=str(k), true="monocyte", called="monocyte" if k else "ig")
        for k in range(12)
    ]
    balanced = measure(answers_of(said)).images.common_balanced
    assert balanced.ci95 == pytest.approx(clopper_pearson(11, 12))


def test_balanced_limits_narrow_with_more_classes() -> None:
    """Sums of independent shares spread less than their limits added up."""
    said = [
        Said(image=f"{name}{k}", true=name, called=name if k else "ig")
        for name in ("monocyte", "neutrophil", "eosinophil", "lymphocyte")
        for k in range(12)
    ]
    low, high = measure(answers_of(said)).images.common_balanced.ci95
    exact_low, exact_high = clopper_pearson(11, 12)
    accuracy = 11 / 12
    assert accuracy - low == pytest.approx((accuracy - exact_low) / 2)
    assert high - accuracy == pytest.approx((exact_high - accuracy) / 2)


def test_cells_below_the_threshold_are_not_answered() -> None:
    said = [
        Said(image="a", true="monocyte", called="monocyte", probability=0.85),
        Said(image="b", true="monocyte", called="ig", probability=0.75),
    ]
    cells = measure(answers_of(said)).cells
    assert (cells.as_shipped.right, cells.as_shipped.n) == (1, 1)
    assert cells.figures.accuracy == 0.5


def test_cut_cells_stand_apart() -> None:
    said = [
        Said(image="a", true="monocyte", called="monocyte"),
        Said(image="a", true="monocyte", called="ig", is_whole=False),
    ]
    found = measure(answers_of(said))
    assert (found.cells.figures.n, found.cells_with_cut.figures.n) == (1, 2)
    assert found.cells_with_cut.figures.accuracy == 0.5


def test_answers_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        answers_of([])
