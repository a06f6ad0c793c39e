"""Any callable, measured on cells cut out once, as the bench measures a bundle."""

import numpy as np
import pytest
from numpy.typing import NDArray

from convert.studies.transfer.bench import bench_fields
from convert.studies.transfer.figures import measure
from convert.studies.transfer.methods import (
    LabelledFieldCells,
    answer,
    cut_known_cells,
    measure_method,
)
from edge.classify.test_time_augmentation import classify_augmented
from edge.records.population import Population
from hemalens.bundle import Bundle
from hemalens.classes import CLASS_NAMES, CellKind
from hemalens.classifier import BundleClassifier
from hemalens.errors import DatasetError
from hemalens.image_files import read_image
from tests.convert.studies.transfer.made_fields import MadeSet
from train.dataset.labelled_fields import LabelledField, read_labelled_fields


@pytest.fixture(scope="module")
def fields(made_fields: MadeSet) -> tuple[LabelledField, ...]:
    return read_labelled_fields(made_fields.folder)


@pytest.fixture(scope="module")
def known(
    fields: tuple[LabelledField, ...], classifier: BundleClassifier
) -> LabelledFieldCells:
    size_px = classifier.manifest.input.size_px
    return cut_known_cells(fields, classifier, size_px=size_px)


# What a slide teaches of its rare classes, a count learns frame by frame.
@pytest.mark.parametrize("population", [Population.NORMAL_ADULT])
def test_a_bundle_s_own_classifier_gives_the_bench_s_figures(
    population: Population,
    fields: tuple[LabelledField, ...],
    known: LabelledFieldCells,
    bundle: Bundle,
    classifier: BundleClassifier,
) -> None:
    minimum = bundle.manifest.thresholds.minimum_probability

    def classify(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        return classify_augmented(classifier, crops).probabilities

    by_method = measure_method(
        known, classify, population=population, minimum_certainty=minimum
    )
    by_hand = answer(known, classify(known.crops), population)
    (answers,) = bench_fields(
        "drawn", fields, [bundle], population=population, keep_stain=True
    ).answers
    assert by_hand.cells == answers.cells
    assert by_hand.probabilities == pytest.approx(answers.probabilities, abs=1e-6)
    figures = measure(answers)
    assert by_method.images == figures.images
    assert by_method.cells.as_shipped == figures.cells.as_shipped
    assert by_method.cells.error_roc == figures.cells.error_roc


def test_cells_know_their_field_scale_and_slide(
    fields: tuple[LabelledField, ...], known: LabelledFieldCells
) -> None:
    names = [fields[index].path.name for index in known.frame_index]
    assert names == [cell.image for cell in known.cells]
    assert known.pixel_size_um == pytest.approx(0.1, rel=0.1)
    glass = np.median(
        [np.percentile(read_image(one.path), 90, axis=(0, 1)) for one in fields], axis=0
    )
    assert known.slide.colours is not None
    assert known.slide.colours.background == pytest.approx(glass, abs=10)


def test_a_wider_window_shows_the_same_cell_in_its_middle(
    fields: tuple[LabelledField, ...],
    known: LabelledFieldCells,
    classifier: BundleClassifier,
) -> None:
    size_px = classifier.manifest.input.size_px
    wide = cut_known_cells(fields, classifier, size_px=size_px, context=1.5)
    assert wide.crops.shape[1] == round(1.5 * size_px)
    edge = (wide.crops.shape[1] - size_px) // 2
    middle = wide.crops[:, edge : edge + size_px, edge : edge + size_px]
    difference = np.abs(middle.astype(float) - known.crops).mean()
    assert difference < 0.25 * np.abs(middle[::-1].astype(float) - known.crops).mean()


def test_what_segmentation_excludes_is_ruled_out(known: LabelledFieldCells) -> None:
    """A model that calls all platelets is wrong of white cells, not right of none."""
    row = np.zeros(len(CLASS_NAMES), np.float32)
    row[CLASS_NAMES.index("platelet")] = 0.9
    row[CLASS_NAMES.index("monocyte")] = 0.1
    figures = measure_method(known, lambda crops: np.tile(row, (len(crops), 1)))
    confusion = np.array(figures.cells_with_cut.figures.confusion)
    must_be_white = sum(
        CellKind.PLATELET not in one.possible_kinds for one in known.detections
    )
    assert must_be_white > 0
    assert confusion[:, CLASS_NAMES.index("monocyte")].sum() == must_be_white


def test_a_certainty_of_one_s_own_decides_who_is_reviewed(
    known: LabelledFieldCells, classifier: BundleClassifier
) -> None:
    right = classifier.classify(known.crops).argmax(axis=1)
    true = [CLASS_NAMES.index(cell.class_name) for cell in known.cells]
    knows_all = (right == true).astype(float)
    if knows_all.all():
        pytest.skip("the model makes no mistake on these drawn cells")
    figures = measure_method(known, classifier.classify, certainty=knows_all)
    assert figures.cells_with_cut.error_roc is not None
    assert figures.cells_with_cut.error_roc.auroc >= 0.95


def test_fields_without_a_found_cell_say_so(
    fields: tuple[LabelledField, ...], classifier: BundleClassifier
) -> None:
    with pytest.raises(DatasetError, match="is the scale right"):
        cut_known_cells(fields[:1], classifier, size_px=100, pixel_size_um=0.5)
