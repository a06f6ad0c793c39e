"""The field is found in whatever lies around it, and whole where nothing does."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.capture.demo_slide import DemoSlide
from edge.frame.field_mask import find_field
from tests.benchmarks.labelled_images import read_rgb
from tests.calibration.optics.drawn_optics import draw_blank, vignette
from tests.edge.segment.drawn_fields import DrawnField

DATASETS = Path(__file__).parents[4] / "shared" / "datasets"
Image = NDArray[np.uint8]


def drawn() -> Image:
    """Draw a field (450, 600) full of cells."""
    field = DrawnField()
    field.red_cells_in_rows([(30, 22, 8)])
    field.white_cell(30, 22)
    return field.image(0.1)


def circle(radius: int, of: tuple[int, int] = (450, 600)) -> NDArray[np.bool_]:
    y, x = np.indices(of)
    return (x - of[1] / 2) ** 2 + (y - of[0] / 2) ** 2 <= radius**2


def surrounded(view: NDArray[np.bool_], level: float) -> Image:
    """Put a field into a surround whose edge is as soft as an eyepiece's."""
    share = cv2.GaussianBlur(view.astype(np.float32), (0, 0), 2)[..., np.newaxis]
    return np.rint(share * drawn() + (1 - share) * level).astype(np.uint8)


VIEWS = {
    "circle": circle(215),
    "cut corners": circle(330),
    "letterbox": np.abs(np.indices((450, 600))[0] - 225) < 150,
    "beside the middle": np.roll(circle(200), 70, axis=1),
}


@pytest.mark.parametrize("name", VIEWS)
def test_what_a_black_surround_leaves_is_the_field(name: str) -> None:
    view = VIEWS[name]
    field = find_field(surrounded(view, 6))
    assert field is not None
    assert np.mean(field & ~view) < 0.001
    assert np.count_nonzero(field) > 0.88 * np.count_nonzero(view)


def test_a_noisy_grey_surround_is_one_too() -> None:
    """A phone at an eyepiece sees its rim dimly."""
    image = surrounded(VIEWS["circle"], 14).astype(np.float32)
    noise = np.random.default_rng(0).normal(0, 4, image.shape)
    field = find_field(np.clip(image + noise, 0, 255).astype(np.uint8))
    assert field is not None
    assert not np.any(field & ~VIEWS["circle"])


def test_a_white_surround_is_left_out() -> None:
    view = VIEWS["circle"]
    field = find_field(np.where(view[..., np.newaxis], drawn(), 255).astype(np.uint8))
    assert field is not None
    assert not np.any(field & ~view)
    assert np.count_nonzero(field) > 0.88 * np.count_nonzero(view)


def test_a_cell_at_the_rim_belongs_to_the_field() -> None:
    image, view = surrounded(VIEWS["circle"], 6), VIEWS["circle"]
    cv2.circle(image, (300 - 205, 225), 25, (60, 20, 90), -1)
    image[~view] = 6
    field = find_field(image)
    assert field is not None
    assert field[225, 300 - 195]


def large_cell_on_saturated_glass() -> Image:
    image = np.full((120, 120, 3), 255, np.uint8)
    cv2.circle(image, (60, 60), 45, (220, 190, 200), -1, cv2.LINE_AA)
    cv2.circle(image, (55, 60), 28, (90, 30, 130), -1, cv2.LINE_AA)
    return image


def nuclei_in_two_corners() -> Image:
    image = drawn()
    for corner in ((0, 0), (600, 450)):
        cv2.circle(image, corner, 60, (40, 10, 60), -1, cv2.LINE_AA)
    return image


def needle() -> Image:
    image = drawn()
    cv2.line(image, (599, 449), (450, 150), (25, 25, 25), 14, cv2.LINE_AA)
    return image


def torn() -> Image:
    image = drawn()
    image[200:] = 0
    return image


WHOLE: dict[str, Callable[[], Image]] = {
    "cells": drawn,
    "the simulated slide": lambda: DemoSlide(seed=3, frames=1).frame(0).image,
    "empty glass": lambda: draw_blank(vignette((600, 450), 0.4)),
    "black": lambda: np.zeros((450, 600, 3), np.uint8),
    "white": lambda: np.full((450, 600, 3), 255, np.uint8),
    "a torn frame": torn,
    "one large cell": large_cell_on_saturated_glass,
    "nuclei in the corners": nuclei_in_two_corners,
    "an eyepiece's needle": needle,
    "dark light": lambda: (drawn() * 0.2).astype(np.uint8),
    "yellow glass": lambda: (drawn() * [1, 1, 0.45]).astype(np.uint8),
    "green glass": lambda: (drawn() * [0.5, 1, 0.7]).astype(np.uint8),
    "a few pixels": lambda: np.full((3, 5, 3), 9, np.uint8),
}


@pytest.mark.parametrize("name", WHOLE)
def test_other_frames_are_field_all_over(name: str) -> None:
    assert find_field(WHOLE[name]()) is None


COLOURS = {
    "black": (10, 10, 10),
    "green": (35, 225, 35),
    "blue": (30, 160, 240),
    "yellow": (255, 250, 10),
}


@pytest.mark.parametrize("colour", COLOURS)
def test_a_scale_bar_and_its_text_are_no_field(colour: str) -> None:
    image, drawn_on = drawn(), np.zeros((450, 600), np.uint8)
    for canvas, ink in ((image, COLOURS[colour]), (drawn_on, 1)):
        cv2.line(canvas, (470, 430), (570, 430), ink, 2)
        cv2.line(canvas, (470, 424), (470, 430), ink, 2)
        cv2.line(canvas, (570, 424), (570, 430), ink, 2)
        cv2.putText(canvas, "20 um", (495, 424), 0, 0.4, ink, 1)
    field = find_field(image)
    assert field is not None
    assert np.mean(field[drawn_on > 0]) < 0.25
    assert np.mean(field) > 0.98


def test_an_arrow_is_no_field() -> None:
    image = drawn()
    cv2.arrowedLine(image, (200, 200), (240, 230), (255, 255, 0), 8)
    field = find_field(image)
    assert field is not None
    assert not field[210:221, 215:226].any()
    assert np.mean(field) > 0.97


@pytest.mark.skipif(not DATASETS.is_dir(), reason=f"the datasets are not at {DATASETS}")
@pytest.mark.parametrize(
    ("pattern", "every"),
    [
        ("PBC_dataset_normal_DIB/*/*.jpg", 400),
        ("BCCD/JPEGImages/*.jpg", 20),
        ("chula_wbc/fields/*.jpg", 15),
    ],
)
def test_real_fields_are_field_all_over(pattern: str, every: int) -> None:
    for path in sorted(DATASETS.glob(pattern))[::every]:
        assert find_field(read_rgb(path)) is None, path


@pytest.mark.skipif(not DATASETS.is_dir(), reason=f"the datasets are not at {DATASETS}")
def test_a_phones_round_view_is_found() -> None:
    for path in sorted((DATASETS / "phone_eyepiece").rglob("*.jpg"))[::12]:
        field = find_field(read_rgb(path))
        assert field is not None
        assert 0.6 < np.mean(field) < 0.9
