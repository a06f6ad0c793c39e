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


def _overexposed(codes: np.ndarray, times: float) -> np.ndarray:
    brighter = times * (codes.astype(float) + 1) - 1
    return np.clip(np.rint(brighter), 0, 255).astype(np.uint8)


def _overexposed_slide(times: float) -> SlideColours:
    """Give what is measured where glass, and red cells in red, are cut off."""
    glass, red, nucleus = _pixels(WANTED.background, (0, 0, 0), *_STAINS)
    shown = [_overexposed(one, times)[0, 0] + 1.0 for one in (glass, red, nucleus)]
    return SlideColours(
        background=tuple(shown[0] - 1),
        red_cell=tuple(np.log(shown[0] / shown[1])),
        nucleus=tuple(np.log(shown[0] / shown[2])),
    )


_STAINS = (WANTED.red_cell or (0, 0, 0), WANTED.nucleus)


@pytest.mark.parametrize("times", [1.1, 1.25])
def test_glass_brighter_than_the_camera_shows_is_told_by_the_cells(
    times: float,
) -> None:
    crops = _pixels(WANTED.background, (0, 0, 0), *_STAINS)
    bright = _overexposed(crops, times)
    slide = _overexposed_slide(times)
    mapped = StainMap(slide, StainReference(colours=WANTED, strength=0.6))(bright)
    is_shown = (bright < 255).all(axis=(1, 2))
    difference = np.abs(mapped.astype(int) - crops).max(axis=(1, 2))
    assert difference[is_shown].max() <= 8
    assert mapped[0, 0, 0].tolist() == list(WANTED.background)


def test_a_slide_whose_glass_is_not_cut_off_keeps_its_pale_stain() -> None:
    slide = PALE.model_copy(update={"background": (252, 252, 252)})
    crops = _pixels(slide.background, (0, 0, 0), PALE.red_cell or (0, 0, 0))
    kept = _mapped(crops, strength=0, background=slide.background)
    wanted = _pixels(WANTED.background, (0, 0, 0), PALE.red_cell or (0, 0, 0))
    assert np.abs(kept.astype(int) - wanted).max() <= 2


def test_standards_seen_through_a_blur_are_deeper_than_they_look() -> None:
    assert PALE.in_focus(0) == PALE
    sharp = WANTED.in_focus(0.5)
    assert sharp.background == WANTED.background
    assert sharp.nucleus[1] == pytest.approx(1.93 * 1.3)
    assert sharp.red_cell is not None
    assert sharp.red_cell[1] == pytest.approx(0.27 * 1.125)
    bare = WANTED.model_copy(update={"red_cell": None})
    assert bare.in_focus(0.5).red_cell is None


def test_overexposed_without_red_cells_is_mapped_as_it_looks() -> None:
    glass, nucleus = (255, 255, 255), (0.5, 0.9, 0.1)
    crops = _pixels(glass, nucleus)
    wanted = _pixels(WANTED.background, WANTED.nucleus)
    mapped = _mapped(crops, background=glass, red_cell=None, nucleus=nucleus)
    assert np.abs(mapped.astype(int) - wanted).max() <= 4
