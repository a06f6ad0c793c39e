import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.bundles import open_bundle
from edge.capture.demo_slide import DemoSlide
from edge.counted_frame import CountedFrame
from edge.pipeline import FrameCounter, rule_out
from hemalens.classes import CLASS_NAMES, CellKind, CellStatus, kind_of_class
from hemalens.classifier import BundleClassifier
from hemalens.records import Box, Detection, Frame


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


def _detection(*kinds: CellKind) -> Detection:
    return Detection(
        box=Box(0, 0, 9, 9),
        kind=kinds[0],
        possible_kinds=frozenset(kinds),
        at_border=False,
    )


@given(st.lists(st.floats(0, 1), min_size=8, max_size=8), st.booleans())
def test_an_impossible_kind_gets_no_probability(
    values: list[float], white: bool
) -> None:
    kind = CellKind.WHITE_CELL if white else CellKind.PLATELET
    row = np.array([values], np.float32)
    left = rule_out(row, [_detection(kind)], CLASS_NAMES)[0]
    assert left.sum() == pytest.approx(1, abs=1e-4)
    for name, probability in zip(CLASS_NAMES, left, strict=True):
        if kind_of_class(name) is not kind:
            assert probability == 0


def test_with_both_kinds_possible_the_model_decides() -> None:
    row = np.full((1, 8), 1 / 8, np.float32)
    both = _detection(CellKind.WHITE_CELL, CellKind.PLATELET)
    assert np.allclose(rule_out(row, [both], CLASS_NAMES), row)
