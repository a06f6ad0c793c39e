from dataclasses import replace

import numpy as np
import pytest

from calibration.optics.profile import OpticalProfile, PixelSize, PixelSizeMethod, now
from edge.capture.demo_slide import DemoSlide
from edge.frame.analysis import ASKED_FIRST, WATCH_EVERY, FrameAnalyzer
from edge.frame.pixel_size import Scale
from edge.segment import segment
from hemalens.classes import CellKind
from hemalens.records import Frame
from tests.edge.segment.drawn_fields import DrawnField


@pytest.fixture(scope="module")
def field() -> Frame:
    return DemoSlide(seed=3, frames=1).frame(0)


def profile(frame: Frame, pixel_size_um: float) -> OpticalProfile:
    height, width = frame.image.shape[:2]
    return OpticalProfile(
        device="bench",
        objective="100x",
        frame_size_wh=(width, height),
        pixel_size=PixelSize(
            pixel_size_um=pixel_size_um,
            uncertainty_um=0.001,
            method=PixelSizeMethod.STAGE_MICROMETER,
            images=1,
            measured_at=now(),
        ),
    )


def test_a_good_frame_shows_its_cells(field: Frame) -> None:
    analysis = FrameAnalyzer(Scale()).analyze(field)
    assert analysis.found is not None
    assert any(d.kind is CellKind.RED_CELL for d in analysis.found.detections)
    assert analysis.warnings == ()


def test_a_black_frame_is_not_searched_for_cells(field: Frame) -> None:
    black = Frame(image=np.zeros_like(field.image), name="black", index=1)
    assert FrameAnalyzer(Scale(0.1)).analyze(black).found is None


def test_the_profiles_pixel_size_is_worked_with(field: Frame) -> None:
    unknown = Frame(image=field.image, name="unknown", index=0)
    analysis = FrameAnalyzer(Scale(), profile=profile(field, 0.1)).analyze(unknown)
    assert analysis.frame.pixel_size_um == 0.1
    assert analysis.found is not None
    assert analysis.found.pixel_size_um == 0.1


@pytest.mark.parametrize("times", [1 / 3, 0.5, 0.7, 1.0, 1.4, 2.0])
def test_a_wrong_pixel_size_does_not_sway_what_the_red_cells_say(
    times: float,
) -> None:
    cells = DrawnField()
    cells.red_cells_in_rows([])
    frame = Frame(image=cells.image(0.1), name="given", index=0)
    said = FrameAnalyzer(Scale(0.1 * times)).analyze(frame).ruler_um
    assert said == pytest.approx(0.1, rel=0.12)


def test_grains_at_the_ends_of_the_search_contradict_no_pixel_size(
    monkeypatch: pytest.MonkeyPatch, field: Frame
) -> None:
    """Measured on a 120 px crop without red cells: 17 grains, 0.529 µm a pixel."""
    found = segment(field.image, 0.1)
    assert found.measured_scale is not None
    grains = replace(found.measured_scale, pixel_size_um=0.529, cells=17)
    told = replace(found, measured_scale=grains)
    monkeypatch.setattr("edge.frame.analysis.segment", lambda *_: told)
    assert FrameAnalyzer(Scale(0.18)).analyze(field).ruler_um is None


def test_a_later_frame_of_a_known_scale_is_not_asked_again(field: Frame) -> None:
    later = Frame(image=field.image, name="later", index=ASKED_FIRST + 1)
    assert FrameAnalyzer(Scale(0.1)).analyze(later).ruler_um is None


def test_another_objective_than_the_profiles_is_noticed(field: Frame) -> None:
    analyzer = FrameAnalyzer(Scale(), profile=profile(field, 0.16))
    warnings: set[str] = set()
    for number in range(5):
        index = number * WATCH_EVERY
        frame = Frame(image=field.image, name=str(index), index=index)
        warnings.update(analyzer.analyze(frame).warnings)
    assert any("objective" in warning for warning in warnings)
