import numpy as np
import pytest

from edge.frame.pixel_size import FRAMES_MEASURED, SETTLED_AFTER, Scale
from hemalens.errors import ConfigError
from hemalens.records import Frame


def frame(index: int, *, size_um: float | None = None, side_px: int = 8) -> Frame:
    image = np.zeros((side_px, 8, 3), np.uint8)
    return Frame(image=image, name=str(index), index=index, pixel_size_um=size_um)


def test_a_given_size_comes_before_the_sources() -> None:
    assert Scale(0.1).expected_um(frame(0, size_um=0.2)) == 0.1
    assert Scale().expected_um(frame(0, size_um=0.2)) == 0.2
    assert Scale().expected_um(frame(0)) is None


def test_the_median_of_the_rulers_so_far_is_worked_with() -> None:
    scale = Scale()
    sizes = [
        scale.settle_um(frame(i), um) for i, um in enumerate([None, 0.1, 0.2, 0.11])
    ]
    assert sizes == [None, 0.1, pytest.approx(0.15), 0.11]


def test_after_enough_rulers_the_size_is_settled_some_frames_later() -> None:
    scale = Scale()
    for index in range(FRAMES_MEASURED):
        scale.settle_um(frame(index), 0.1 + 0.001 * (index % 3))
    last = FRAMES_MEASURED - 1
    assert scale.expected_um(frame(last + SETTLED_AFTER - 1)) is None
    assert scale.expected_um(frame(last + SETTLED_AFTER)) == pytest.approx(0.101)
    assert scale.settle_um(frame(last + 1), 0.4) == pytest.approx(0.101)


def test_frames_of_another_size_are_measured_anew() -> None:
    scale = Scale()
    for index in range(FRAMES_MEASURED):
        scale.settle_um(frame(index), 0.1)
    other = frame(100, side_px=16)
    assert scale.expected_um(other) is None
    assert scale.settle_um(other, 0.2) == 0.2


def test_crops_that_differ_by_a_few_pixels_are_of_one_size() -> None:
    scale = Scale()
    for index in range(FRAMES_MEASURED):
        scale.settle_um(frame(index, side_px=120 + index), 0.1)
    other = frame(100, side_px=123)
    assert scale.expected_um(other) == 0.1
    assert scale.settle_um(other, 0.2) == 0.1


def test_frames_looked_at_ahead_settle_the_size_of_all_of_them() -> None:
    scale = Scale()
    sizes = [0.1, 0.2, *[0.1] * (FRAMES_MEASURED - 2)]
    known = [scale.learn_ahead(frame(i), um) for i, um in enumerate(sizes)]
    assert known == [False] * (FRAMES_MEASURED - 1) + [True]
    assert scale.expected_um(frame(1)) == pytest.approx(0.1)
    assert Scale(0.1).learn_ahead(frame(0), None)


def test_a_frame_looked_at_ahead_is_measured_once() -> None:
    scale = Scale()
    for _ in range(FRAMES_MEASURED):
        scale.learn_ahead(frame(0), 0.1)
        scale.settle_um(frame(0), 0.1)
    assert scale.expected_um(frame(99)) is None


def test_frames_without_red_cells_settle_nothing() -> None:
    scale = Scale()
    for index in range(50):
        assert scale.settle_um(frame(index), None) is None
    assert scale.expected_um(frame(99)) is None


@pytest.mark.parametrize("size_um", [0.0, 0.01, 0.6, -1.0])
def test_an_impossible_size_is_refused(size_um: float) -> None:
    with pytest.raises(ConfigError, match="pixel size"):
        Scale(size_um)
