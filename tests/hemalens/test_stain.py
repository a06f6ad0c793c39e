import numpy as np
import pytest

from hemalens.stain import LARGEST_GAIN, SlideColours, StainMap, StainReference

PALE = SlideColours(
    background=(198, 199, 193),
    red_cell=(0.06, 0.15, 0.08),
    nucleus=(0.36, 0.66, -0.08),
)
WANTED = SlideColours(
    background=(253, 227, 201),
    red_cell=(0.18, 0.27, 0.16),
    nucleus=(1.12, 1.93, 0.38),
)


def _pixels(background: tuple[float, ...], *densities: tuple[float, ...]) -> np.ndarray:
    """Draw crops of one colour each."""
    codes = np.add(background, 1) * np.exp(-np.array(densities)) - 1
    return np.rint(codes).astype(np.uint8)[:, None, None, :].repeat(8, 1).repeat(8, 2)


def _mapped(crops: np.ndarray, strength: float = 1.0, **changes: object) -> np.ndarray:
    slide = PALE.model_copy(update=changes)
    return StainMap(slide, StainReference(colours=WANTED, strength=strength))(crops)


def test_glass_red_cells_and_nuclei_become_those_of_the_reference() -> None:
    crops = _pixels(PALE.background, (0, 0, 0), PALE.red_cell, PALE.nucleus)
    wanted = _pixels(WANTED.background, (0, 0, 0), WANTED.red_cell, WANTED.nucleus)
    assert np.abs(_mapped(crops).astype(int) - wanted).max() <= 4


def test_a_slide_like_the_reference_keeps_its_colours() -> None:
    crops = np.random.default_rng(0).integers(0, 254, (3, 16, 16, 3), np.uint8)
    same = StainMap(WANTED, StainReference(colours=WANTED, strength=1))(crops)
    assert np.abs(same.astype(int) - crops).max() <= 1


def test_without_strength_only_the_light_changes() -> None:
    crops = _pixels(PALE.background, PALE.nucleus)
    wanted = _pixels(WANTED.background, PALE.nucleus)
    assert np.abs(_mapped(crops, strength=0).astype(int) - wanted).max() <= 2


def test_half_the_strength_lies_between() -> None:
    crops = _pixels(PALE.background, PALE.nucleus)
    green = [_mapped(crops, strength)[0, 0, 0, 1] for strength in (0, 0.5, 1)]
    assert green[0] > green[1] > green[2]


def test_a_slide_without_red_cells_is_mapped_by_its_nuclei() -> None:
    crops = _pixels(PALE.background, PALE.nucleus)
    wanted = _pixels(WANTED.background, WANTED.nucleus)
    assert np.abs(_mapped(crops, red_cell=None).astype(int) - wanted).max() <= 4


def test_standards_that_hardly_differ_do_not_blow_up_noise() -> None:
    crops = np.random.default_rng(0).integers(170, 198, (1, 64, 64, 3), np.uint8)
    mapped = _mapped(crops, red_cell=(0.1, 0.2, 0.1), nucleus=(0.1, 0.2, 0.11))
    before, after = (
        np.log(codes + 1.0).var(axis=(0, 1, 2)).sum() for codes in (crops, mapped)
    )
    assert after <= 1.05 * LARGEST_GAIN**2 * before


@pytest.mark.parametrize("number", [0, 5])
def test_any_number_of_crops_keeps_its_shape(number: int) -> None:
    assert _mapped(np.full((number, 8, 8, 3), 120, np.uint8)).shape == (number, 8, 8, 3)


def test_the_crops_given_are_left_as_they_are() -> None:
    crops = _pixels(PALE.background, PALE.nucleus)
    before = crops.copy()
    _mapped(crops)
    assert np.array_equal(crops, before)
