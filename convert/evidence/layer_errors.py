"""Where an int8 model departs from its float model, layer by layer.

Both run on the same crops; each operator's output is compared, so errors add up from
the first layer to the last. A layer that adds much to what came in is where to look.
The float model's outputs also show whether the int8 ranges fit: a calibration on the
wrong images leaves ranges that cut values off, even where the classes still come right.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from convert.evidence.report import LayerFigures
from convert.layers import Layers, layer_of, normalized
from hemalens.errors import ConversionError

HIGHEST_DB: Final = 99.0
"""Stands for no error at all."""


def layer_errors(
    float_model: bytes, int8_model: bytes, crops: NDArray[np.uint8]
) -> tuple[LayerFigures, ...]:
    """Compare the layers of an int8 model with the float model's, first to last.

    Parameters
    ----------
    float_model, int8_model : bytes
        TFLite flatbuffers `convert.quantize` made of one network.
    crops : ndarray of shape (N, S, S, 3), uint8, RGB

    Raises
    ------
    ConversionError
        When the two have no layer in common.
    """
    exact, coded = Layers(float_model), Layers(int8_model)
    tallies = {
        name: _Tally(coded.scale(name), *coded.range(name))
        for name in exact.names
        if name in coded.names
    }
    if not tallies:
        raise ConversionError(
            "the float and the int8 model have no layer in common: convert the float "
            "model anew"
        )
    for crop in crops:
        exact.run(normalized(crop[np.newaxis]))
        coded.run(crop[np.newaxis])
        for name, tally in tallies.items():
            tally.add(exact.output(name), coded.output(name))
    found: list[LayerFigures] = []
    for name, tally in tallies.items():
        before = found[-1].sqnr_db if found else tally.sqnr_db
        found.append(tally.figures(layer_of(name), before))
    return tuple(found)


def worst_layers(
    layers: tuple[LayerFigures, ...], count: int = 3
) -> list[LayerFigures]:
    """List the layers that add most to the error, the worst first."""
    return sorted(layers, key=lambda layer: -layer.added_db)[:count]


class _Tally:
    """Sums up one layer's outputs over the crops."""

    def __init__(self, scale: float, low: float, high: float) -> None:
        self._scale, self._low, self._high = scale, low, high
        self._signal = self._noise = 0.0
        self._values = self._cut_off = 0
        self._least, self._largest = np.inf, -np.inf

    def add(self, expected: NDArray[np.float32], found: NDArray[np.float32]) -> None:
        half = self._scale / 2
        self._signal += float(np.square(expected).sum())
        self._noise += float(np.square(expected - found).sum())
        self._values += expected.size
        outside = (expected < self._low - half) | (expected > self._high + half)
        self._cut_off += int(outside.sum())
        self._least = min(self._least, float(expected.min()))
        self._largest = max(self._largest, float(expected.max()))

    @property
    def sqnr_db(self) -> float:
        noise = max(self._noise, self._signal * 10 ** (-HIGHEST_DB / 10), 1e-30)
        return 10 * float(np.log10(max(self._signal / noise, 1e-10)))

    def figures(self, name: str, before_db: float) -> LayerFigures:
        spread = min(self._largest, self._high) - max(self._least, self._low)
        return LayerFigures(
            name=name,
            sqnr_db=self.sqnr_db,
            rmse_in_steps=float(np.sqrt(self._noise / self._values)) / self._scale,
            added_db=before_db - self.sqnr_db,
            cut_off_share=self._cut_off / self._values,
            range_used=max(0.0, spread) / (self._high - self._low),
        )
