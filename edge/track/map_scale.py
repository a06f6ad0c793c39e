"""Between pixels of map images and micrometres of the slide."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.records.rigid import Rigid
from edge.track.alignment import Warp


@dataclass(frozen=True, slots=True, kw_only=True)
class MapScale:
    """The size of a frame, as a map image and on the slide.

    Parameters
    ----------
    map_wh : pair of int
        Of the map image, in pixels.
    field_um : pair of float
        Width and height of the field of view.
    """

    map_wh: tuple[int, int]
    field_um: tuple[float, float]

    @property
    def middle_um(self) -> tuple[float, float]:
        """Centre of the field, from its upper left corner."""
        return self.field_um[0] / 2, self.field_um[1] / 2

    def rigid(self, warp: Warp) -> Rigid:
        """Take points of the moved frame to the still one, as its warp says."""
        turn = float(np.arctan2(warp[1, 0], warp[0, 0]))
        middle = self._shared_middle(warp)
        there = self._to_um(warp[:, :2] @ middle + warp[:, 2])
        here = self._to_um(middle)
        turned = Rigid(rotation_rad=-turn).apply(there)
        return Rigid(
            offset_um=(here[0] - turned[0], here[1] - turned[1]), rotation_rad=-turn
        )

    def warp(self, moved_to_still: Rigid) -> Warp:
        """Compute the warp from the still map image to the moved one."""
        back = moved_to_still.inverse()
        cos, sin = np.cos(back.rotation_rad), np.sin(back.rotation_rad)
        linear = np.array([[cos, -sin], [sin, cos]])
        middle = (np.array(self.map_wh) - 1) / 2
        there = self._to_px(back.apply(self._to_um(middle)))
        return np.column_stack([linear, there - linear @ middle])

    def _shared_middle(self, warp: Warp) -> NDArray[np.float64]:
        """Centre of what the still image shares: where the warp is best known."""
        size = np.array(self.map_wh, np.float64) - 1
        shift = size / 2 - (warp[:, :2] @ (size / 2) + warp[:, 2])
        middle: NDArray[np.float64] = np.clip(size / 2 + shift / 2, 0, size)
        return middle

    def _pixel_um(self) -> NDArray[np.float64]:
        return np.asarray(np.array(self.field_um) / np.array(self.map_wh), np.float64)

    def _to_um(self, point_px: NDArray[np.float64]) -> tuple[float, float]:
        x, y = ((point_px + 0.5) * self._pixel_um()).tolist()
        return x, y

    def _to_px(self, point_um: tuple[float, float]) -> NDArray[np.float64]:
        pixels: NDArray[np.float64] = np.array(point_um) / self._pixel_um() - 0.5
        return pixels
