from collections import Counter
from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.bundles import open_bundle
from edge.capture.demo_slide import DemoSlide
from edge.count.frame_counter import FrameCounter
from edge.count.settings import FrameSettings
from edge.records.counted_frame import CountedFrame
from edge.records.population import Population
from edge.slide.focus import FEWEST
from hemalens.classes import CellKind, CellStatus, kind_of_class
from hemalens.classifier import BundleClassifier
from hemalens.preprocess import PBC_PIXEL_SIZE_UM
from hemalens.records import Frame
from hemalens.slide_appearance import SlideAppearance
from tests.edge.fake_classifier import FakeClassifier


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


def test_in_a_normal_adult_immature_granulocytes_are_rarer() -> None:
    """A cell that looks like either is called by how common they are."""
    frame = DemoSlide(seed=3, frames=1).frame(0)
    model = FakeClassifier({"ig": 0.6, "neutrophil": 0.4})
    given, adult = (
        [
            cell.probabilities
            for cell in FrameCounter(model, FrameSettings(population=population))
            .count(frame)
            .cells
            if cell.probabilities and cell.kind is CellKind.WHITE_CELL
        ]
        for population in (Population.UNRESTRICTED, Population.NORMAL_ADULT)
    )
    assert len(given) == len(adult) > 0
    for before, after in zip(given, adult, strict=True):
        odds = after["ig"] / after["neutrophil"]
        assert odds == pytest.approx(0.05 * 0.6 / 0.4, rel=1e-3)
        assert before["ig"] / before["neutrophil"] > 10 * odds


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
    adult = FrameCounter(classifier, FrameSettings(population=Population.NORMAL_ADULT))
    assert adult.rare_class_weights == {"erythroblast": 0.05, "ig": 0.05}


def test_a_pale_slide_is_brought_to_the_stain_the_model_knows(
    classifier: BundleClassifier,
) -> None:
    same_recoloured = same_kept = 0
    for frame in DemoSlide(seed=3, frames=4, mix="uniform"):
        pale = Frame(
            image=np.rint(255 * (frame.image / 255.0) ** 0.4).astype(np.uint8),
            name="pale",
            index=0,
            pixel_size_um=frame.pixel_size_um,
        )
        as_drawn = _classes(FrameCounter(classifier), frame)
        recoloured = _classes(FrameCounter(classifier), pale)
        kept = _classes(FrameCounter(classifier, FrameSettings(keep_stain=True)), pale)
        same_recoloured += (as_drawn & recoloured).total()
        same_kept += (as_drawn & kept).total()
    assert same_recoloured >= 1.5 * same_kept > 0


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


def test_both_models_are_told_what_the_slide_looks_like() -> None:
    first, second = (FakeClassifier({"monocyte": 1.0}) for _ in range(2))
    counter = FrameCounter(first, second=second)
    counter.count(DemoSlide(seed=3, frames=1).frame(0))
    assert counter.slide_appearance.colours is not None
    assert first.slides == second.slides == [counter.slide_appearance]


def test_frames_analysed_long_ahead_are_counted_the_same() -> None:
    """Whatever the threads' timing: the scale is settled in the order of the frames."""
    frames = [
        replace(frame, pixel_size_um=None)
        for frame in DemoSlide(seed=3, frames=24, width_px=480, height_px=360)
    ]
    one_by_one, ahead = (FrameCounter(FakeClassifier({"ig": 1.0})) for _ in range(2))
    counted = [one_by_one.count(frame) for frame in frames]
    analyses = [ahead.analyze(frame) for frame in frames]
    later = [ahead.finish_frame(analysis) for analysis in analyses]
    assert analyses[-1].expected_um is None
    assert one_by_one.analyze(frames[-1]).expected_um is not None
    assert [one.cells for one in later] == [one.cells for one in counted]
    assert [one.pixel_size_um for one in later] == [
        one.pixel_size_um for one in counted
    ]


def _classes(counter: FrameCounter, frame: Frame) -> Counter[str]:
    """Count the stained cells of a frame by class."""
    cells = counter.count(frame).cells
    return Counter(cell.class_name for cell in cells if cell.class_name is not None)
