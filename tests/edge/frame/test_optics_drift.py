"""The operator hears when lamp, camera or objective are not those of the profile."""

import numpy as np
import pytest

from calibration.optics.illumination import measure_flat_field
from calibration.optics.profile import (
    OpticalProfile,
    PixelSize,
    PixelSizeMethod,
    now,
)
from calibration.optics.white_balance import measure_white_balance
from edge.frame.optics_drift import OpticsWatch
from tests.calibration.optics.drawn_optics import draw_blank, vignette
from tests.edge.segment.drawn_fields import SLIDE, DrawnField

SIZE_WH = (600, 450)
LIGHT = vignette(SIZE_WH, 0.3)


def make_profile() -> OpticalProfile:
    blank = draw_blank(LIGHT, SLIDE)
    flat_field = measure_flat_field([blank])
    return OpticalProfile(
        device="pi-1",
        objective="40x",
        frame_size_wh=SIZE_WH,
        pixel_size=PixelSize(
            pixel_size_um=0.1,
            uncertainty_um=0.001,
            method=PixelSizeMethod.STAGE_MICROMETER,
            images=1,
            measured_at=now(),
        ),
        flat_field=flat_field,
        white_balance=measure_white_balance([blank], flat_field),
    )


PROFILE = make_profile()


def cells_in(light: np.ndarray, tint: tuple[float, float, float] = (1, 1, 1)):
    drawn = DrawnField()
    drawn.red_cells_in_rows([(30, 22, 8)])
    drawn.white_cell(30, 22)
    levels = drawn.image() * light[..., None] * np.array(tint)
    return np.clip(np.rint(levels), 0, 255).astype(np.uint8)


AGREEING = {
    "cells in the same light": cells_in(LIGHT),
    "a lamp a little dimmer": cells_in(0.9 * LIGHT),
    "an empty field": draw_blank(LIGHT, SLIDE),
    "nothing to be seen": np.zeros((450, 600, 3), np.uint8),
}


@pytest.mark.parametrize("name", AGREEING)
def test_what_agrees_is_not_remarked_upon(name: str) -> None:
    assert OpticsWatch(PROFILE).disagreements(AGREEING[name]) == ()


CHANGED = {
    "light lies differently": cells_in(vignette(SIZE_WH, 0.3, 0.2) / 1.2),
    "colour has changed": cells_in(LIGHT, (1, 0.95, 0.8)),
    "darker than in the profile": cells_in(0.5 * LIGHT),
    "frames of 300x450": cells_in(LIGHT)[:, :300],
}


@pytest.mark.parametrize("says", CHANGED)
def test_changed_optics_are_named_alone(says: str) -> None:
    said = OpticsWatch(PROFILE).disagreements(CHANGED[says])
    assert len(said) == 1
    assert says in said[0]


def test_another_objective_shows_in_the_red_cells_of_several_frames() -> None:
    watch = OpticsWatch(PROFILE)
    said = [watch.disagreements(AGREEING["an empty field"], 50.0) for _ in range(3)]
    assert said[:2] == [(), ()]
    assert "red cells would be 5.0 µm wide" in said[2][0]
    assert "'40x'" in said[2][0]


def test_one_odd_frame_does_not_change_the_objective() -> None:
    watch = OpticsWatch(PROFILE)
    for diameter in (75.0, 60.0, 76.0, None, 78.0, 95.0):
        image = AGREEING["an empty field"]
        assert watch.disagreements(image, diameter) == ()


def test_what_was_not_measured_is_not_compared() -> None:
    bare = PROFILE.model_copy(
        update={"flat_field": None, "white_balance": None, "pixel_size": None}
    )
    watch = OpticsWatch(bare)
    for _ in range(4):
        assert watch.disagreements(CHANGED["colour has changed"], 20.0) == ()
