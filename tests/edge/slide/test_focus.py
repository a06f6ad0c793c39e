import numpy as np
import pytest

from edge.frame.quality import FrameQuality, measure_quality
from edge.slide.focus import FEWEST, REMEMBERED, SlideFocus
from tests.edge.frame.even_glass import EVEN_GLASS


def seen(blur_um: float | None, *, covered_fraction: float = 0.4) -> FrameQuality:
    return FrameQuality(
        glass=EVEN_GLASS,
        background_level=220,
        clipped_fraction=0,
        black_fraction=0,
        contrast=covered_fraction,
        covered_fraction=covered_fraction,
        stained_fraction=0,
        red_density=None,
        stained_density=None,
        blur_um=blur_um,
    )


def test_too_few_frames_say_nothing() -> None:
    focus = SlideFocus()
    for _ in range(FEWEST - 1):
        focus.learn(seen(0.3))
    assert focus.blur_um is None
    focus.learn(seen(0.3))
    assert focus.blur_um == 0.3


def test_one_odd_frame_does_not_move_the_slide() -> None:
    focus = SlideFocus()
    for blur_um in (0.3, 0.31, 0.29, 0.9, 0.3):
        focus.learn(seen(blur_um))
    assert focus.blur_um == 0.3


@pytest.mark.parametrize("quality", [seen(None), seen(0.2, covered_fraction=0.0)])
def test_frames_without_cells_or_edges_tell_nothing(quality: FrameQuality) -> None:
    focus = SlideFocus()
    for _ in range(FEWEST):
        focus.learn(quality)
    assert focus.blur_um is None


def test_a_drifting_focus_is_followed() -> None:
    focus, all_of_it = SlideFocus(), SlideFocus(remembered=None)
    for blur_um in np.linspace(0.25, 0.45, 4 * REMEMBERED):
        for one in (focus, all_of_it):
            one.learn(seen(float(blur_um)))
    assert focus.blur_um == pytest.approx(0.425, abs=0.01)
    assert all_of_it.blur_um == pytest.approx(0.35, abs=0.01)


def test_a_blank_field_is_no_blurred_slide() -> None:
    focus = SlideFocus()
    blank = measure_quality(np.full((480, 640, 3), 240, np.uint8))
    for _ in range(FEWEST):
        focus.learn(blank)
    assert focus.blur_um is None
