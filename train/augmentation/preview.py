"""A picture sheet of the disturbances: each alone, then everything together."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import keras
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from train.augmentation.layer import Augmentation
from train.augmentation.settings import (
    HIGHEST_JPEG_QUALITY,
    UNDISTURBED,
    AugmentationSettings,
)

TOGETHER_ROWS: Final = 3
"""Rows of everything together: one draw shows little."""

_DPI: Final = 100
_LABEL_PX: Final = 285
_HEAD_PX: Final = 64
_GAP_PX: Final = 6
_LEAST_SHOWN_PX: Final = 120
"""Smaller crops are shown enlarged, pixel by pixel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewRow:
    """What a row of the sheet shows."""

    name: str
    setting: str
    """With its unit; several lines."""
    settings: AugmentationSettings


def preview_rows(settings: AugmentationSettings) -> tuple[PreviewRow, ...]:
    """Take the settings apart: undisturbed, each disturbance alone, all together.

    A disturbance that goes to a share of the crops goes to all of them where it
    stands alone; one that is off has no row.
    """
    single = [
        row
        for row in (*_geometry(settings), *_colour(settings), *_sensor(settings))
        if row.settings != UNDISTURBED
    ]
    undisturbed = PreviewRow(
        name="undisturbed", setting="the crop as the image has it", settings=UNDISTURBED
    )
    shares = (
        f"colour for {settings.colour_share:.0%}, "
        f"defocus for {settings.defocus_share:.0%},\n"
        f"noise for {settings.noise_share:.0%},\n"
        f"JPEG for {settings.jpeg_share:.0%} of the crops"
    ).replace("%", " %")
    together = PreviewRow(name="everything", setting=shares, settings=settings)
    return (undisturbed, *single, *[together] * TOGETHER_ROWS)


def _alone(
    name: str, setting: str, settings: AugmentationSettings, *kept: str, share: str = ""
) -> PreviewRow:
    """Keep some of the settings and switch the others off."""
    changes: dict[str, object] = {field: getattr(settings, field) for field in kept}
    if share and getattr(settings, share) > 0:
        changes[share] = 1.0
    elif share:
        changes = {}
    alone = UNDISTURBED.model_copy(update=changes)
    return PreviewRow(name=name, setting=setting, settings=alone)


def _geometry(settings: AugmentationSettings) -> tuple[PreviewRow, ...]:
    return (
        _alone("orientation", "mirrored, any angle", settings, "orientation"),
        _alone(
            "shift and scale",
            f"off centre by up to {settings.shift_um:g} µm,\n"
            f"pixel size wrong by up to {100 * settings.scale_fraction:g} %",
            settings,
            "shift_um",
            "scale_fraction",
        ),
    )


def _colour(settings: AugmentationSettings) -> tuple[PreviewRow, ...]:
    return (
        _alone(
            "stain",
            f"amount ±{100 * settings.stain_strength:g} %,\n"
            f"crosstalk of channels ±{100 * settings.stain_mixing:g} %\n"
            "(standard deviations)",
            settings,
            "stain_strength",
            "stain_mixing",
        ),
        _alone(
            "light",
            f"illumination ±{settings.illumination_od:.2f} OD,\n"
            f"white balance ±{settings.white_balance_od:.2f} OD,\n"
            f"unevenness ±{settings.unevenness_od:.2f} OD edge to edge\n"
            "(standard deviations)",
            settings,
            "illumination_od",
            "white_balance_od",
            "unevenness_od",
        ),
    )


def _sensor(settings: AugmentationSettings) -> tuple[PreviewRow, ...]:
    return (
        _alone(
            "defocus",
            f"up to {settings.defocus_um:.2f} µm\n(standard deviation of the blur)",
            settings,
            "defocus_um",
            share="defocus_share",
        ),
        _alone(
            "noise",
            f"up to {settings.noise_codes:g} of 255 codes\n(standard deviation)",
            settings,
            "noise_codes",
            share="noise_share",
        ),
        _alone(
            "JPEG",
            f"quality {settings.jpeg_quality:g} to {HIGHEST_JPEG_QUALITY}",
            settings,
            "jpeg_quality",
            share="jpeg_share",
        ),
    )


def disturbed_rows(
    rows: Sequence[PreviewRow],
    windows: NDArray[np.uint8],
    size_px: int,
    crop_side_um: float,
    seed: int,
) -> list[NDArray[np.uint8]]:
    """Disturb the same windows once for each row.

    Parameters
    ----------
    rows : sequence of PreviewRow
    windows : ndarray of shape (N, S, S, 3), uint8, RGB
        As `Augmentation` takes them.
    size_px : int
        Side of the crops.
    crop_side_um : float
        The same at the specimen.
    seed : int
        Each row draws from a seed of its own, counted up from this one.

    Returns
    -------
    list of ndarray of shape (N, size_px, size_px, 3), uint8, RGB
    """
    return [
        np.asarray(
            keras.ops.convert_to_numpy(
                Augmentation(size_px, crop_side_um, row.settings, seed=seed + place)(
                    windows
                )
            ),
            np.uint8,
        )
        for place, row in enumerate(rows)
    ]


def draw_sheet(
    rows: Sequence[PreviewRow],
    crops: Sequence[NDArray[np.uint8]],
    heads: Sequence[str],
    title: str,
) -> bytes:
    """Draw the sheet, every pixel of a crop as one pixel or a block of them.

    Parameters
    ----------
    rows : sequence of PreviewRow
    crops : sequence of ndarray of shape (N, S, S, 3), uint8, RGB
        One array a row.
    heads : sequence of str
        Above the columns, N of them.
    title : str

    Returns
    -------
    bytes
        A PNG file.
    """
    grid, cell_px = _grid(crops)
    height, width = _HEAD_PX + grid.shape[0], _LABEL_PX + grid.shape[1]
    figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI, facecolor="white")
    figure.figimage(grid, xo=_LABEL_PX, yo=0, origin="upper")
    _write(figure, 12, 10, title, size=11)
    for column, head in enumerate(heads):
        x = _LABEL_PX + column * cell_px + (cell_px - _GAP_PX) / 2
        _write(figure, x, _HEAD_PX - 22, head, size=10, ha="center", weight="bold")
    for place, row in enumerate(rows):
        y = _HEAD_PX + place * cell_px
        _write(figure, 12, y + 12, row.name, size=12, weight="bold")
        _write(figure, 12, y + 34, row.setting, size=9.5, linespacing=1.35)
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=_DPI)
    return file.getvalue()


def _write(figure: Figure, x: float, y: float, text: str, **style: Any) -> None:
    """Write from a place in pixels right of and below the figure's upper left."""
    width, height = figure.get_size_inches() * _DPI
    figure.text(x / width, 1 - y / height, text, va="top", **style)


def _grid(crops: Sequence[NDArray[np.uint8]]) -> tuple[NDArray[np.uint8], int]:
    """Lay crops out with white gaps, and say how far apart they lie."""
    times = -(-_LEAST_SHOWN_PX // crops[0].shape[1])
    gaps = ((0, 0), (0, _GAP_PX), (0, _GAP_PX), (0, 0))
    drawn = [
        np.pad(row.repeat(times, 1).repeat(times, 2), gaps, constant_values=255)
        for row in crops
    ]
    return np.vstack([np.hstack(list(row)) for row in drawn]), drawn[0].shape[1]
