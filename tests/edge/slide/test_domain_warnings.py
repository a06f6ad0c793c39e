import pytest

from edge.slide.domain_warnings import domain_warnings
from hemalens.stain import SlideColours, StainReference
from tests.edge.slide.made_facts import facts, together

NUCLEUS = (1.1, 1.8, 0.4)


def colours(depth: float) -> SlideColours:
    red, green, blue = (depth * one for one in NUCLEUS)
    return SlideColours(
        background=(250, 230, 200), red_cell=(0.2, 0.3, 0.2), nucleus=(red, green, blue)
    )


OWN = StainReference(colours=colours(1), strength=0.6)


@pytest.mark.parametrize("depth", [0.55, 1.0, 1.9])
def test_a_slide_like_the_models_own_raises_no_doubt(depth: float) -> None:
    assert domain_warnings(colours(depth), OWN, 0.1) == ()


@pytest.mark.parametrize(
    ("depth", "words"), [(0.4, "2.5 times paler"), (2.5, "2.5 times deeper")]
)
def test_another_stain_is_named_with_what_to_do(depth: float, words: str) -> None:
    (doubt,) = domain_warnings(colours(depth), OWN, 0.1)
    assert words in doubt
    assert "review every cell" in doubt


@pytest.mark.parametrize("pixel_size_um", [0.03, 0.3])
def test_another_scale_is_named(pixel_size_um: float) -> None:
    (doubt,) = domain_warnings(colours(1), OWN, pixel_size_um)
    assert f"{pixel_size_um:.3f} µm" in doubt


def test_what_is_not_known_is_not_doubted() -> None:
    assert domain_warnings(None, OWN, None) == ()
    assert domain_warnings(colours(0.1), None, None) == ()


def test_cells_that_were_never_trained_on_are_named() -> None:
    (doubt,) = domain_warnings(colours(1), OWN, 0.1, 0.45)
    assert "45 % of the cells are unlike" in doubt
    assert "review every cell" in doubt


@pytest.mark.parametrize("share", [None, 0.0, 0.1])
def test_a_few_strange_cells_are_on_any_slide(share: float | None) -> None:
    assert domain_warnings(colours(1), OWN, 0.1, share) == ()


def test_overexposed_glass_is_named() -> None:
    white = colours(1).model_copy(update={"background": (255.0, 254.7, 253.7)})
    (doubt,) = domain_warnings(white, OWN, 0.1)
    assert "overexposed" in doubt
    assert "shorter exposure" in doubt


def test_glass_that_is_white_in_one_colour_is_none() -> None:
    red = colours(1).model_copy(update={"background": (255.0, 230.0, 200.0)})
    assert domain_warnings(red, OWN, 0.1) == ()


def test_a_usual_slide_is_not_doubted() -> None:
    assert domain_warnings(None, None, 0.1, None, together(*[facts()] * 5)) == ()
    assert domain_warnings(None, None, None, None, together()) == ()


def test_dim_uneven_light_makes_no_smear_doubtful() -> None:
    # What the median field of chula_wbc shows.
    dim = together(*[facts(colour_spread_deg=25.2, glass_beside=0.88)] * 5)
    assert domain_warnings(None, None, 0.1, None, dim) == ()


@pytest.mark.parametrize("given", [0.06, 0.074, 0.136, 0.17])
def test_a_pixel_size_that_red_cells_contradict_is_doubted(given: float) -> None:
    seen = together(facts(ruler_um=0.1), facts(ruler_um=0.101), facts(ruler_um=0.099))
    (doubt,) = domain_warnings(None, None, given, None, seen)
    assert "contradict" in doubt
    assert "0.100 µm" in doubt


@pytest.mark.parametrize("given", [0.08, 0.12])
def test_small_and_large_red_cells_do_not_contradict(given: float) -> None:
    assert domain_warnings(None, None, given, None, together(facts())) == ()


UNUSUAL = {
    "different magnification": [facts()] * 2 + [facts(ruler_um=0.2)],
    "something else": [facts(ruler_um=um) for um in (0.075, 0.08, 0.1, 0.125, 0.135)],
    "White cells alone": [facts(ruler_um=None, is_white_scale=True)],
    "2 of 3 frames show structure": [facts(is_missed=True)] * 2 + [facts()],
    "have room": [facts(red_cells_per_mm2=45_000.0)],
    "differ in size": [facts(size_spread=0.4)],
    "no blood smear": [facts(colour_spread_deg=45.0)],
    "beside the red cells": [facts(glass_beside=1.2)] * 2,
    "no empty glass to tell": [facts(covered_fraction=0.95)],
}


@pytest.mark.parametrize("says", UNUSUAL)
def test_what_frames_tell_is_doubted(says: str) -> None:
    (doubt,) = domain_warnings(None, None, 0.1, None, together(*UNUSUAL[says]))
    assert says in doubt


def test_a_scale_that_nothing_told_is_doubted() -> None:
    seen = together(facts(ruler_um=None))
    (doubt,) = domain_warnings(None, None, None, None, seen)
    assert "guess" in doubt
    unstained = together(facts(ruler_um=None, has_stained=False))
    assert domain_warnings(None, None, None, None, unstained) == ()


def test_a_slide_without_anything_is_doubted_and_one_empty_field_is_not() -> None:
    blank = facts(is_blank=True, has_stained=False, ruler_um=None)
    (doubt,) = domain_warnings(None, None, 0.1, None, together(blank, blank, blank))
    assert "smear" in doubt
    assert domain_warnings(None, None, 0.1, None, together(blank)) == ()
