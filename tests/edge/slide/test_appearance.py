import numpy as np
import pytest

from edge.capture.demo_slide import DemoSlide
from edge.segment import segment
from edge.slide.appearance import SlideAppearanceLearner
from edge.slide.focus import FEWEST, REMEMBERED
from hemalens.preprocess import PBC_PIXEL_SIZE_UM
from hemalens.slide_appearance import SlideAppearance


@pytest.fixture(scope="module")
def frames() -> list[np.ndarray]:
    return [frame.image for frame in DemoSlide(seed=3, frames=2, mix="uniform")]


def test_nothing_is_said_of_a_slide_not_seen() -> None:
    assert SlideAppearanceLearner.of_a_set().appearance == SlideAppearance()


def test_stain_is_learned_from_the_first_frame_and_focus_from_enough(frames) -> None:
    slide = SlideAppearanceLearner.of_a_count(keeps_stain=False)
    for number in range(FEWEST):
        assert (slide.appearance.colours is None) == (number == 0)
        assert slide.appearance.blur_um is None
        slide.learn_image(frames[0], segment(frames[0]), PBC_PIXEL_SIZE_UM)
    assert slide.appearance.blur_um == pytest.approx(0.2, abs=0.1)


def test_a_slide_that_keeps_its_stain_has_focus_alone(frames) -> None:
    slide = SlideAppearanceLearner.of_a_count(keeps_stain=True)
    for _ in range(FEWEST):
        slide.learn_image(frames[0], segment(frames[0]), PBC_PIXEL_SIZE_UM)
    assert slide.appearance.colours is None
    assert slide.appearance.blur_um is not None


def test_a_count_forgets_focus_and_a_set_does_not(frames) -> None:
    found = segment(frames[0])
    count, whole = (
        SlideAppearanceLearner.of_a_count(keeps_stain=True),
        SlideAppearanceLearner.of_a_set(),
    )
    for slide in (count, whole):
        for _ in range(REMEMBERED + 1):
            slide.learn_image(frames[0], found, PBC_PIXEL_SIZE_UM)
        for _ in range(REMEMBERED):
            slide.learn_image(frames[1], found, PBC_PIXEL_SIZE_UM)
    alone = SlideAppearanceLearner.of_a_set()
    for _ in range(FEWEST):
        alone.learn_image(frames[1], found, PBC_PIXEL_SIZE_UM)
    assert (
        count.appearance.blur_um == alone.appearance.blur_um != whole.appearance.blur_um
    )
