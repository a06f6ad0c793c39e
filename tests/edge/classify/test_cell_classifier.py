import numpy as np
import pytest

from edge.classify.cell_classifier import CellClassifier
from hemalens.classes import CellKind, CellStatus
from hemalens.preprocess import cut_crop
from hemalens.records import Box, Detection, Frame
from hemalens.slide_appearance import SlideAppearance
from tests.edge.fake_classifier import FakeClassifier

WHITE, RED, PLATELET = CellKind.WHITE_CELL, CellKind.RED_CELL, CellKind.PLATELET

FRAME = Frame(
    image=np.random.default_rng(0).integers(0, 256, (400, 500, 3), np.uint8),
    name="field.png",
    index=3,
)


def found(
    kind: CellKind,
    *possible: CellKind,
    left: int = 200,
    at_border: bool = False,
) -> Detection:
    return Detection(
        box=Box(left, 150, left + 60, 220),
        kind=kind,
        possible_kinds=frozenset(possible or (kind,)),
        at_border=at_border,
    )


def test_a_class_whose_kind_segmentation_excluded_is_never_given() -> None:
    """What is too large for a platelet is none, whatever the model says."""
    classifier = CellClassifier(FakeClassifier({"platelet": 0.7, "monocyte": 0.3}))
    white, either = classifier.classify(
        FRAME, [found(WHITE), found(WHITE, WHITE, PLATELET, left=20)], 0.1
    )
    assert (white.kind, white.class_name) == (WHITE, "monocyte")
    assert white.probabilities is not None
    assert white.probabilities["platelet"] == 0
    assert white.probability == pytest.approx(1)
    assert (either.kind, either.class_name) == (PLATELET, "platelet")


def test_stained_cells_come_first_and_are_numbered_on() -> None:
    classifier = CellClassifier(FakeClassifier({"monocyte": 1.0}), next_cell_id=40)
    detections = [found(RED), found(PLATELET, left=20), found(WHITE, left=300)]
    cells = classifier.classify(FRAME, detections, 0.1)
    assert [cell.kind for cell in cells] == [WHITE, PLATELET, RED]
    assert [cell.cell_id for cell in cells] == [40, 41, 42]
    assert {(cell.frame, cell.frame_index) for cell in cells} == {("field.png", 3)}
    assert (cells[2].class_name, cells[2].probability) == (None, None)
    (later,) = classifier.classify(FRAME, [found(RED)], 0.1)
    assert later.cell_id == 43


@pytest.mark.parametrize(
    ("probability", "at_border", "status"),
    [
        (0.6, False, CellStatus.COUNTED),
        (0.4, False, CellStatus.UNCERTAIN),
        (0.6, True, CellStatus.BORDER),
        (0.4, True, CellStatus.BORDER),
    ],
)
def test_status_follows_probability_and_border(
    probability: float, at_border: bool, status: CellStatus
) -> None:
    rest = (1 - probability) / 2
    answer = {"monocyte": probability, "neutrophil": rest, "eosinophil": rest}
    detection = found(WHITE, at_border=at_border)
    (cell,) = CellClassifier(FakeClassifier(answer)).classify(FRAME, [detection], 0.1)
    assert cell.status is status
    assert cell.probability == pytest.approx(probability, abs=0.01)


def test_both_models_see_the_slide_and_the_same_cells() -> None:
    first = FakeClassifier({"monocyte": 1.0})
    second = FakeClassifier({"monocyte": 1.0}, like="mobilenetv2")
    slide = SlideAppearance(blur_um=0.3)
    detections = [found(WHITE), found(WHITE, left=60)]
    CellClassifier(first, second=second).classify(FRAME, detections, 0.1, slide)
    for model in (first, second):
        size_px = model.manifest.input.size_px
        (crops,) = model.crops
        for crop, detection in zip(crops, detections, strict=True):
            centre_xy = detection.box.centre_xy
            wanted = cut_crop(FRAME.image, centre_xy, 243.2, size_px)
            assert np.array_equal(crop, wanted)
        assert model.slides == [slide]


def test_models_that_take_the_same_crops_are_asked_with_the_same() -> None:
    first, second = (FakeClassifier({"monocyte": 1.0}) for _ in range(2))
    detections = [found(WHITE), found(PLATELET, left=60)]
    CellClassifier(first, second=second).classify(FRAME, detections, None)
    assert np.array_equal(first.crops[0], second.crops[0])
    # What can be one class alone needs no second opinion.
    assert len(second.crops[0]) == 1


def test_a_frame_with_more_cells_than_the_last_has_all_of_them() -> None:
    model = FakeClassifier({"monocyte": 1.0})
    classifier = CellClassifier(model)
    for number in (1, 5, 2):
        lefts = range(0, 80 * number, 80)
        cells = classifier.classify(FRAME, [found(WHITE, left=x) for x in lefts], 0.1)
        assert [cell.box.left for cell in cells] == list(lefts)
        assert len(model.crops[-1]) == number
