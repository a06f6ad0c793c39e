"""Glass is known wherever it lies, and brought to another by one factor a colour."""

import numpy as np
import pytest

from calibration.optics.background import measure_glass
from hemalens.glass import Glass, bring_glass
from hemalens.stain import SlideColours, StainMap, StainReference
from tests.edge.frame.even_glass import even_glass
from tests.edge.segment.drawn_fields import SLIDE, DrawnField

COLOURS = SlideColours(
    background=(253.2, 227.2, 200.9), red_cell=None, nucleus=(1.1, 1.8, 0.4)
)


def field(*share: float) -> np.ndarray:
    drawn = DrawnField()
    drawn.red_cells_in_rows([])
    return np.rint(drawn.image(0.1) * share).clip(0, 255).astype(np.uint8)


def test_glass_between_cells_is_measured_in_colour() -> None:
    for share in ((1.0, 1.0, 1.0), (0.9, 0.9, 0.3), (0.4, 0.8, 0.5)):
        measured = measure_glass(field(*share)).colour
        assert measured == pytest.approx(np.multiply(SLIDE, share), abs=3)


def test_glass_under_uneven_light_is_measured_where_a_cell_lies() -> None:
    x = np.linspace(0.5, 1, 600)[np.newaxis, :, np.newaxis]
    glass = measure_glass(np.rint(field(1.0, 1.0, 1.0) * x).astype(np.uint8))
    left, right = glass.at([(60, 225), (540, 225)], (600, 450))
    assert left == pytest.approx(np.multiply(SLIDE, 0.55), rel=0.04)
    assert right == pytest.approx(np.multiply(SLIDE, 0.95), rel=0.04)


def test_a_surface_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\(6, 3\)"):
        Glass(surface=np.zeros((3, 3)), share=0.5)


def test_stain_of_strength_0_is_one_factor_a_colour() -> None:
    crops = np.random.default_rng(0).integers(0, 230, (2, 16, 16, 3), np.uint8)
    reference = StainReference(colours=COLOURS, strength=0)
    assert reference.is_glass_alone
    for glass in ((200.0, 210.0, 190.0), (255.0, 255.0, 255.0)):
        slide = COLOURS.model_copy(
            update={"background": glass, "red_cell": (0.1, 0.2, 0.1)}
        )
        mapped = StainMap(slide, reference)(crops)
        factor = np.add(COLOURS.background, 1) / np.add(glass, 1)
        expected = np.clip((crops + 1.0) * factor - 1, 0, 255)
        assert np.abs(mapped - expected).max() <= 0.51
        brought = np.stack([bring_glass(c, glass, COLOURS.background) for c in crops])
        assert np.abs(mapped.astype(int) - brought).max() <= 1


def test_glass_of_its_own_becomes_the_wanted() -> None:
    crop = np.full((8, 8, 3), (180, 150, 90), np.uint8)
    near = even_glass(180, 150, 90).at([(4, 4)], (8, 8))[0]
    brought = bring_glass(crop, near.tolist(), COLOURS.background)
    assert brought[0, 0].tolist() == [253, 227, 201]
