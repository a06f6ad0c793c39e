"""One training crop: a field turned, disturbed and standardised, its targets drawn."""

from dataclasses import dataclass
from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from hemalens.finder import (
    NEUTRAL_CODE,
    OUTPUT_STRIDE,
    PIXEL_SIZE_UM,
    moments,
    standardised_by,
)
from train.finder.disturb import disturbed
from train.finder.drawn import draw_marks, without_cells
from train.finder.fields import STORED_UM, Field
from train.finder.targets import Targets, draw_targets

OUTSIDE_WEIGHT: Final = 0.2
"""Of what lies outside the field of view: nothing is there."""
_SCALE_SPREAD: Final = 0.18
_AT_AN_OBJECT: Final = 0.6
_MARKED: Final = 0.06
_ROUND: Final = 0.15
_SMALL_FRAME: Final = 0.3
_GLASS_PERCENTILE: Final = 95


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrainingCrop:
    """What the network is shown and what it should answer.

    Parameters
    ----------
    codes : ndarray of shape (S, S, 3), uint8
    targets : Targets
        Of shape (S/2, S/2, 5).
    """

    codes: NDArray[np.uint8]
    targets: Targets


def cut_training_crop(
    field: Field, side: int, random: np.random.Generator
) -> TrainingCrop:
    """Cut a crop of a field, at a place, turn, scale and look drawn."""
    view = _View.drawn(field, side, random)
    crop, inside = view.seen(field.image)
    crop = disturbed(crop, _glass(field), random)
    if random.random() < _MARKED:
        draw_marks(crop, random)
    targets = draw_targets(
        view.placed(field.objects),
        (side // OUTPUT_STRIDE, side // OUTPUT_STRIDE),
        field.background,
        outlined=field.outlined,
    )
    return _finished(crop, inside, targets, random)


def draw_empty_crop(side: int, random: np.random.Generator) -> TrainingCrop:
    """Draw a crop without a cell."""
    crop = without_cells(side, random)
    if random.random() < 0.7:
        crop = disturbed(crop, np.full(3, 250, np.float32), random)
    nothing = draw_targets(
        np.zeros((0, 6), np.float32),
        (side // OUTPUT_STRIDE, side // OUTPUT_STRIDE),
        (1.0, 1.0, 1.0),
    )
    return _finished(crop, np.ones((side, side), np.bool_), nothing, random)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _View:
    """Where on a field a crop lies: u = centre + linear (v - side / 2)."""

    side: int
    centre: NDArray[np.float64]
    linear: NDArray[np.float64]
    turn_degrees: float
    mirrored: bool

    @classmethod
    def drawn(cls, field: Field, side: int, random: np.random.Generator) -> "_View":
        height, width = field.image.shape[:2]
        enlarged = np.exp(random.normal(0, _SCALE_SPREAD))
        step = PIXEL_SIZE_UM / STORED_UM / enlarged
        if len(field.objects) and random.random() < _AT_AN_OBJECT:
            one = field.objects[random.integers(len(field.objects))]
            centre = one[1:3] + random.uniform(-0.35, 0.35, 2) * side * step
        else:
            centre = random.uniform(0, 1, 2) * (width, height)
        # No further out than shows half a crop of a field that is larger.
        margin = np.minimum(0.4 * side * step, np.array([width, height]) / 2)
        centre = np.clip(centre, margin, (width, height) - margin)
        turn = random.uniform(0, 360)
        mirrored = bool(random.random() < 0.5)
        angle = np.deg2rad(turn)
        rotation = np.array(
            [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
        )
        flip = np.diag([-1.0, 1.0]) if mirrored else np.eye(2)
        return cls(
            side=side,
            centre=np.asarray(centre, np.float64),
            linear=step * rotation @ flip,
            turn_degrees=turn,
            mirrored=mirrored,
        )

    def seen(
        self, image: NDArray[np.uint8]
    ) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """Return the crop, mirrored beyond the field, and what lies within it."""
        offset = self.centre - 0.5 + self.linear @ (np.full(2, 0.5 - self.side / 2))
        matrix = np.column_stack([self.linear, offset])
        size = self.side, self.side
        how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        crop = cv2.warpAffine(
            image, matrix, size, flags=how, borderMode=cv2.BORDER_REFLECT_101
        )
        ones = np.ones(image.shape[:2], np.uint8)
        inside = cv2.warpAffine(
            ones, matrix, size, flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
        )
        return np.asarray(crop, np.uint8), inside > 0

    def placed(self, objects: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return objects as `draw_targets` takes them, those within reach alone."""
        back = np.linalg.inv(self.linear)
        places = (objects[:, 1:3] - self.centre) @ back.T + self.side / 2
        scale = float(np.sqrt(abs(np.linalg.det(back))))
        sizes = objects[:, 3:5] * scale
        turn = self.turn_degrees if self.mirrored else -self.turn_degrees
        placed = np.column_stack(
            [
                objects[:, 0],
                places / OUTPUT_STRIDE,
                sizes / OUTPUT_STRIDE,
                np.full(len(objects), turn),
            ]
        ).astype(np.float32)
        reach = sizes.max(axis=1, initial=0)[:, np.newaxis] if len(sizes) else sizes
        near = ((places > -reach) & (places < self.side + reach)).all(axis=1)
        return placed[near]


def _finished(
    crop: NDArray[np.uint8],
    inside: NDArray[np.bool_],
    targets: Targets,
    random: np.random.Generator,
) -> TrainingCrop:
    """Close the view, standardise, and let nothing lie outside it."""
    crop = np.ascontiguousarray(crop)
    if random.random() < _ROUND:
        inside = _round_view(crop, inside, random)
    mean, deviation = _drawn_moments(crop, inside, random)
    codes = standardised_by(crop, mean, deviation)
    codes[~inside] = NEUTRAL_CODE
    outside = ~inside[::OUTPUT_STRIDE, ::OUTPUT_STRIDE]
    targets.maps[outside] = 0.0
    targets.weights[outside] = OUTSIDE_WEIGHT
    return TrainingCrop(codes=codes, targets=targets)


def _round_view(
    crop: NDArray[np.uint8],
    inside: NDArray[np.bool_],
    random: np.random.Generator,
) -> NDArray[np.bool_]:
    """Draw an eyepiece's edge into the crop; half of the time the mask knows of it."""
    side = crop.shape[0]
    radius = random.uniform(0.45, 1.6) * side
    angle = random.uniform(0, 2 * np.pi)
    far = max(0.0, radius - random.uniform(0.15, 0.6) * side)
    centre = side / 2 + far * np.array([np.cos(angle), np.sin(angle)])
    y, x = np.ogrid[:side, :side]
    within = (x - centre[0]) ** 2 + (y - centre[1]) ** 2 < radius**2
    crop[~within] = random.choice([0, 4, 20, 255])
    return inside & within if random.random() < 0.5 else inside


def _drawn_moments(
    crop: NDArray[np.uint8],
    inside: NDArray[np.bool_],
    random: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Draw the whole frame's moments: those of the crop, or of a sparser frame."""
    if not inside.any():
        return np.full(3, 128.0), np.full(3, 30.0)
    mean, deviation = moments(crop, _looked_at(inside, random))
    mean = mean + random.normal(0, 0.15) * deviation
    deviation = deviation * np.exp(random.normal(0, 0.2))
    if random.random() < 0.3:
        # Where light and colour fall off across the frame, a crop is all on one side.
        mean = mean + random.uniform(-1, 1, 3) * deviation
        deviation = deviation * random.uniform(1.0, 2.2)
    elif random.random() < 0.3:
        bare = np.percentile(crop[inside][::7], 85, axis=0)
        share = random.uniform(0.2, 0.9)
        mean = share * bare + (1 - share) * mean
        deviation = deviation * random.uniform(0.35, 1.0)
    return mean, deviation


def _looked_at(
    inside: NDArray[np.bool_], random: np.random.Generator
) -> NDArray[np.bool_]:
    """Draw the part that a small frame would show; all of it mostly."""
    if random.random() > _SMALL_FRAME:
        return inside
    side = inside.shape[0]
    shown = int(random.uniform(0.4, 1.0) * side)
    top, left = random.integers(0, side - shown + 1, 2)
    part = np.zeros_like(inside)
    part[top : top + shown, left : left + shown] = True
    part &= inside
    return part if part.any() else inside


@cache
def _glass(field: Field) -> NDArray[np.float32]:
    """Estimate a field's bare glass: its brightest places, but for the very last."""
    coarse = field.image[::4, ::4].reshape(-1, 3)
    return np.percentile(coarse, _GLASS_PERCENTILE, axis=0).astype(np.float32)
