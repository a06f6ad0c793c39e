import pytest

from edge.slide.domain_warnings import domain_warnings
from hemalens.stain import SlideColours, StainReference

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
