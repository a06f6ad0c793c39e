"""Re-staining: a crop as another laboratory would have stained the same cell.

In optical density against glass, where stain amounts add up (Beer-Lambert), the map
that takes the crop's own red cells and nuclei to those of other slides recolours all
that lies between them. Red cells and nuclei are drawn independently, from densities
measured on fields of several microscopes, so that no look goes with a class.

References
----------
.. [1] Tellez et al.: Quantifying the effects of data augmentation and stain color
   normalization in convolutional neural networks for computational pathology. Medical
   Image Analysis 58 (2019), doi 10.1016/j.media.2019.101544: stain augmentation is
   what carries over to other laboratories.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from hemalens.errors import ConfigError
from train.dataset.glass import PBC_GLASS

PBC: Final = "PBC_dataset_normal_DIB"
"""Source of the densities of PBC's own crops."""

DEPTH_DEVIATION: Final = 0.25
"""Of the logarithm of the depth of a drawn pair, red cells and nuclei in common."""
CHANNEL_DEVIATION: Final = 0.12
"""The same of each channel of each of the two. Wider, and what tells eosinophils is
lost: their cytoplasm's colour against that of red cells and nuclei."""
LEAST_DENSITY: Final = -0.1
THIRD_GAIN: Final = (0.4, 2.0)
"""Limits of the gain of colours that neither red cells nor nuclei show."""
SINGULAR_VALUES: Final = (0.2, 5.0)
"""Limits of the gain of any colour."""

_Rgb = tuple[float, float, float]


class StainSource(BaseModel):
    """Densities measured on fields of one microscope."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str
    """Of the dataset's folder."""
    origin: str
    red_cells: tuple[_Rgb, ...] = Field(min_length=1)
    nuclei: tuple[_Rgb, ...] = ()


class StainSources(BaseModel):
    """What `measure_stain` found; of images only these numbers are kept."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sources: tuple[StainSource, ...]


@cache
def stain_sources() -> dict[str, StainSource]:
    """Read the densities that are shipped, by the name of their source."""
    path = Path(__file__).with_name("stain_densities.json")
    read = StainSources.model_validate(json.loads(path.read_bytes()))
    return {source.name: source for source in read.sources}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Standards:
    """Red cell and nucleus of a source, or those drawn.

    Parameters
    ----------
    red_cell, nucleus : ndarray of shape (3,), float64
        Density, RGB.
    """

    red_cell: NDArray[np.float64]
    nucleus: NDArray[np.float64]


def standards_of(name: str) -> Standards:
    """Look up what the crops of a dataset show on average.

    Raises
    ------
    ConfigError
        When the densities of the dataset were never measured.
    """
    source = stain_sources().get(name)
    if source is None or not source.nuclei:
        raise ConfigError(
            f"no stain densities of {name}: its folder should be named "
            f"{' or '.join(n for n, s in stain_sources().items() if s.nuclei)}"
        )
    return Standards(
        red_cell=np.median(source.red_cells, axis=0),
        nucleus=np.median(source.nuclei, axis=0),
    )


class Restaining:
    """Draws stains and gives crops of known standards those.

    Parameters
    ----------
    names : sequence of str
        Sources whose densities are drawn, each as often.
    share : float
        Of the crops that are re-stained.
    """

    def __init__(self, names: Sequence[str], share: float) -> None:
        known = stain_sources()
        strange = [name for name in names if name not in known]
        if strange or not names:
            raise ConfigError(
                f"no stain densities of {', '.join(strange) or 'nothing'}: wanted some "
                f"of {', '.join(known)}"
            )
        self._reds = [np.array(known[name].red_cells) for name in names]
        self._nuclei = [
            np.array(known[name].nuclei) for name in names if known[name].nuclei
        ]
        if not self._nuclei:
            raise ConfigError("none of the stain sources has nuclei")
        self._share = share

    def draw(self, random: np.random.Generator) -> Standards:
        """Draw a pair: a field's red cells and another field's nuclei."""
        depth = random.normal(0, DEPTH_DEVIATION)
        red_cell, nucleus = (
            _one_of(lists, random)
            * np.exp(depth + random.normal(0, CHANNEL_DEVIATION, 3))
            for lists in (self._reds, self._nuclei)
        )
        return Standards(
            red_cell=np.maximum(red_cell, LEAST_DENSITY),
            nucleus=np.maximum(nucleus, LEAST_DENSITY),
        )

    def __call__(
        self,
        windows: NDArray[np.uint8],
        standards: Sequence[Standards],
        random: np.random.Generator,
    ) -> NDArray[np.uint8]:
        """Re-stain a share of windows on PBC's glass.

        Parameters
        ----------
        windows : ndarray of shape (N, S, S, 3), uint8, RGB
        standards : sequence of Standards
            What each window shows.
        random : numpy.random.Generator
        """
        stained = windows.copy()
        for index, own in enumerate(standards):
            drawn = self.draw(random)
            if random.random() < self._share:
                matrix = density_matrix(own, drawn)
                stained[index] = recoloured(windows[index], matrix)
        return stained


def partly_restained(
    crops: NDArray[np.uint8], sources: Sequence[str]
) -> NDArray[np.uint8]:
    """Give every second of PBC's crops another stain, the same at every call.

    What a model makes of undisturbed crops alone, such as the ranges of its
    activations, is too narrow for slides of other stains.

    Parameters
    ----------
    crops : ndarray of shape (N, S, S, 3), uint8, RGB
    sources : sequence of str
        Datasets whose stains are drawn; with none, crops are left as they are.
    """
    if not sources:
        return crops
    mixed, own = np.array(crops), [standards_of(PBC)] * len(crops[1::2])
    restaining = Restaining(sources, share=1.0)
    mixed[1::2] = restaining(mixed[1::2], own, np.random.default_rng(0))
    return mixed


def density_matrix(own: Standards, wanted: Standards) -> NDArray[np.float64]:
    """Map row vectors of density: one pair of standards onto another, within limits.

    Returns
    -------
    ndarray of shape (3, 3), float64
    """
    standards = np.stack([own.red_cell, own.nucleus])
    targets = np.stack([wanted.red_cell, wanted.nucleus])
    amounts = np.linalg.pinv(standards)
    gain = np.linalg.norm(wanted.nucleus) / np.linalg.norm(own.nucleus)
    rest = np.clip(gain, *THIRD_GAIN) * (np.eye(3) - amounts @ standards)
    before, gains, after = np.linalg.svd(amounts @ targets + rest)
    limited = np.clip(gains, *SINGULAR_VALUES)
    return np.asarray((before * limited) @ after, np.float64)


_LOG_OF_CODE: Final = np.log(np.arange(256, dtype=np.float32) + 1)


def recoloured(
    crop: NDArray[np.uint8], matrix: NDArray[np.float64]
) -> NDArray[np.uint8]:
    """Map the densities of a crop (S, S, 3), uint8, RGB, against PBC's glass."""
    glass = np.log(np.add(PBC_GLASS, 1))
    # With l = log(code + 1): l' = glass - matrix (glass - l).
    transform = np.column_stack([matrix.T, glass - matrix.T @ glass])
    logarithms = cv2.LUT(crop, _LOG_OF_CODE)
    mapped = cv2.transform(logarithms, transform.astype(np.float32))
    light = np.maximum(cv2.exp(mapped), 1.0)
    codes = cv2.convertScaleAbs(light, beta=-1)
    return np.asarray(codes, np.uint8).reshape(crop.shape)


def _one_of(
    lists: Sequence[NDArray[np.float64]], random: np.random.Generator
) -> NDArray[np.float64]:
    """Draw a source evenly, then one of its fields."""
    densities = lists[int(random.integers(len(lists)))]
    return np.asarray(densities[random.integers(len(densities))], np.float64)
