import numpy as np
import pytest

from edge.capture.demo_slide import DemoSlide
from edge.segment import segment
from edge.slide.stain import SlideStainLearner
from hemalens.records import Segmentation


def _learned(frames: int = 2, change: float = 1.0) -> SlideStainLearner:
    """Learn from the simulated slide, every density multiplied by `change`."""
    stain = SlideStainLearner()
    with DemoSlide(seed=3, frames=frames) as slide:
        for frame in slide:
            light = 256 * (frame.image / 255.0) ** change
            image = np.clip(light, 0, 255).astype(np.uint8)
            stain.learn(image, segment(image, frame.pixel_size_um))
    return stain


def test_nothing_is_known_before_the_first_nucleus() -> None:
    stain = SlideStainLearner()
    nothing = Segmentation(detections=(), pixel_size_um=None, red_cell_diameter_px=None)
    stain.learn(np.full((60, 80, 3), 240, np.uint8), nothing)
    assert stain.colours() is None


def test_glass_is_brighter_than_red_cells_and_these_than_nuclei() -> None:
    colours = _learned().colours()
    assert colours is not None
    assert colours.red_cell is not None
    assert min(colours.background) > 150
    assert 0.05 < colours.red_cell[1] < colours.nucleus[1]


def test_a_deeper_stain_is_measured_deeper() -> None:
    usual, deep = _learned().colours(), _learned(change=1.5).colours()
    assert usual is not None
    assert deep is not None
    assert deep.nucleus[1] / usual.nucleus[1] == pytest.approx(1.5, rel=0.15)


def test_old_cells_are_forgotten() -> None:
    stain, dark = SlideStainLearner(remembered=5), SlideStainLearner(remembered=5)
    with DemoSlide(seed=3, frames=2) as slide:
        first, second = ((f.image, segment(f.image, f.pixel_size_um)) for f in slide)
    stain.learn(*first)
    stain.learn(*second)
    dark.learn(*second)
    assert _red_cell(stain) == _red_cell(dark)


def _red_cell(stain: SlideStainLearner) -> tuple[float, ...]:
    colours = stain.colours()
    assert colours is not None
    assert colours.red_cell is not None
    return colours.red_cell
