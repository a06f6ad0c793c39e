from collections import Counter
from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.bundles import open_bundle
from edge.capture.demo_slide import DemoSlide
from edge.count.frame_counter import FrameCounter
from edge.records.counted_frame import CountedFrame
from edge.records.population import Population
from edge.slide.focus import FEWEST
from hemalens.classes import CellKind, CellStatus, kind_of_class
from hemalens.classifier import BundleClassifier
from hemalens.preprocess import PBC_PIXEL_SIZE_UM
from hemalens.records import Frame
from hemalens.slide_appearance import SlideAppearance


@pytest.fixture(scope="module")
def classifier() -> BundleClassifier:
    return BundleClassifier(open_bundle("cnn"))


@pytest.fixture(scope="module")
def counted(classifier: BundleClassifier) -> CountedFrame:
    slide = DemoSlide(seed=3, frames=1)
    return FrameCounter(classifier).count(slide.frame(0))


def test_frame_without_cells_gives_no_cells(classifier: BundleClassifier) -> None:
    blank = Frame(image=np.full((240, 320, 3), 240, np.uint8), name="blank", index=0)
    counted = FrameCounter(classifier).count(blank)
    assert counted.cells == ()
    assert counted.pixel_size_um is None


def test_the_kind_of_a_stained_cell_follows_its_class(counted: CountedFrame) -> None:
    stained = [cell for cell in counted.cells if cell.class_name is not None]
    assert stained
    for cell in stained:
        assert cell.class_name is not None
        assert cell.kind is kind_of_class(cell.class_name)
        assert cell.probabilities is not None
        assert sum(cell.probabilities.values()) == pytest.approx(1, abs=1e-5)
        assert cell.probability == max(cell.probabilities.values())


def test_red_cells_are_not_classified(counted: CountedFrame) -> None:
    reds = [cell for cell in counted.cells if cell.kind is CellKind.RED_CELL]
    assert len(reds) > 20
    assert all(cell.class_name is None and cell.probability is None for cell in reds)


def test_cells_cut_by_the_edge_are_not_counted(counted: CountedFrame) -> None:
    height, width = counted.frame.image.shape[:2]
    for cell in counted.cells:
        left, top, right, bottom = cell.box
        cut = left == 0 or top == 0 or right == width or bottom == height
        assert (cell.status is CellStatus.BORDER) == cut


def test_ids_are_unique_over_frames(classifier: BundleClassifier) -> None:
    counter = FrameCounter(classifier)
    slide = DemoSlide(seed=3, frames=2, width_px=480, height_px=360)
    ids = [cell.cell_id for frame in slide for cell in counter.count(frame).cells]
    assert ids == list(range(len(ids)))


def test_pixel_size_comes_from_the_red_cells_when_nobody_knows_it(
    classifier: BundleClassifier,
) -> None:
    known = DemoSlide(seed=3, frames=1).frame(0)
    unknown = Frame(image=known.image, name="unknown", index=0)
    measured = FrameCounter(classifier).count(unknown).pixel_size_um
    assert measured == pytest.approx(0.1, rel=0.1)


def _stained(counter: FrameCounter, frame: Frame) -> list[dict[str, float]]:
    cells = counter.count(frame).cells
    return [dict(cell.probabilities) for cell in cells if cell.probabilities]


def test_in_a_normal_adult_immature_granulocytes_are_rarer(
    classifier: BundleClassifier,
) -> None:
    frame = DemoSlide(seed=3, frames=1).frame(0)
    given = _stained(FrameCounter(classifier), frame)
    adult = _stained(
        FrameCounter(classifier, population=Population.NORMAL_ADULT), frame
    )
    assert any(cell["ig"] > 0 for cell in given)
    for before, after in zip(given, adult, strict=True):
        assert after["ig"] <= before["ig"]
        assert after["neutrophil"] >= before["neutrophil"]


def test_a_count_tells_what_rare_classes_were_weighed_by(
    classifier: BundleClassifier,
) -> None:
    """A slide without a rare cell makes them rarer with every frame."""
    counter = FrameCounter(classifier)
    assert counter.rare_class_weights == {}
    told = []
    for frame in DemoSlide(seed=3, frames=6, mix="normal"):
        counter.count(frame)
        told.append(counter.rare_class_weights.get("erythroblast", 1.0))
    assert told[-1] < told[0] <= 1
    adult = FrameCounter(classifier, population=Population.NORMAL_ADULT)
    assert adult.rare_class_weights == {"erythroblast": 0.05, "ig": 0.05}


def test_a_pale_slide_is_brought_to_the_stain_the_model_knows(
    classifier: BundleClassifier,
) -> None:
    frame = DemoSlide(seed=3, frames=1, mix="uniform").frame(0)
    pale = Frame(
        image=np.rint(255 * (frame.image / 255.0) ** 0.4).astype(np.uint8),
        name="pale",
        index=0,
        pixel_size_um=frame.pixel_size_um,
    )
    as_drawn = _classes(FrameCounter(classifier), frame)
    recoloured = _classes(FrameCounter(classifier), pale)
    kept = _classes(FrameCounter(classifier, keep_stain=True), pale)
    assert (as_drawn & recoloured).total() >= 4
    assert (as_drawn & kept).total() <= 2


def test_the_slides_focus_goes_with_its_crops_once_enough_frames_tell_it() -> None:
    told: list[float | None] = []

    class Listening(BundleClassifier):
        def normalize(
            self, crops: NDArray[np.uint8], slide: SlideAppearance | None
        ) -> NDArray[np.uint8]:
            if slide is not None:
                told.append(slide.blur_um)
            return super().normalize(crops, slide)

    counter = FrameCounter(Listening(open_bundle("cnn"), threads=1))
    for frame in DemoSlide(seed=3, frames=FEWEST, mix="uniform"):
        soft = cv2.GaussianBlur(frame.image, (0, 0), 0.25 / PBC_PIXEL_SIZE_UM)
        counter.count(replace(frame, image=np.asarray(soft, np.uint8)))
    assert told[0] is None
    assert told[-1] == counter.slide_appearance.blur_um == pytest.approx(0.33, abs=0.04)


def _classes(counter: FrameCounter, frame: Frame) -> Counter[str]:
    """Count the stained cells of a frame by class."""
    cells = counter.count(frame).cells
    return Counter(cell.class_name for cell in cells if cell.class_name is not None)
