"""A shift and a turn in the plane: how frames and places lie to each other."""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from hemalens.records import Placement


@dataclass(frozen=True, slots=True, kw_only=True)
class Rigid:
    """Takes points of one frame of reference into another: first turns, then shifts.

    Parameters
    ----------
    offset_um : pair of float
        Where the origin goes, x and y.
    rotation_rad : float
        Clockwise on the screen.
    """

    offset_um: tuple[float, float] = (0.0, 0.0)
    rotation_rad: float = 0.0

    @classmethod
    def of(cls, placement: Placement) -> Self:
        """Take a frame's points, from its upper left corner, to its place."""
        return cls(offset_um=placement.offset_um, rotation_rad=placement.rotation_rad)

    def in_place(self, place: int) -> Placement:
        """Give it as the placement of a frame."""
        return Placement(
            place=place, offset_um=self.offset_um, rotation_rad=self.rotation_rad
        )

    def apply(self, point_um: tuple[float, float]) -> tuple[float, float]:
        """Take one point.

        Examples
        --------
        >>> turn = Rigid(offset_um=(5.0, 0.0), rotation_rad=math.pi / 2)
        >>> x, y = turn.apply((2.0, 0.0))
        >>> round(x, 6), round(y, 6)
        (5.0, 2.0)
        """
        cos, sin = math.cos(self.rotation_rad), math.sin(self.rotation_rad)
        x, y = point_um
        return (
            self.offset_um[0] + cos * x - sin * y,
            self.offset_um[1] + sin * x + cos * y,
        )

    def apply_to_all(self, points_um: NDArray[np.float64]) -> NDArray[np.float64]:
        """Take points, one a row.

        Examples
        --------
        >>> turn = Rigid(offset_um=(5.0, 0.0), rotation_rad=math.pi / 2)
        >>> turn.apply_to_all(np.array([[2.0, 0.0], [0.0, 3.0]])).round(6).tolist()
        [[5.0, 2.0], [2.0, 0.0]]
        """
        cos, sin = math.cos(self.rotation_rad), math.sin(self.rotation_rad)
        x, y = points_um.T
        return np.column_stack(
            [
                self.offset_um[0] + cos * x - sin * y,
                self.offset_um[1] + sin * x + cos * y,
            ]
        )

    def after(self, first: "Rigid") -> "Rigid":
        """Compose: what `first` gives is taken on by this one."""
        return Rigid(
            offset_um=self.apply(first.offset_um),
            rotation_rad=self.rotation_rad + first.rotation_rad,
        )

    def inverse(self) -> "Rigid":
        """Give the way back.

        Examples
        --------
        >>> there = Rigid(offset_um=(3.0, 4.0), rotation_rad=0.1)
        >>> x, y = there.after(there.inverse()).apply((7.0, 1.0))
        >>> round(x, 6), round(y, 6)
        (7.0, 1.0)
        """
        back = Rigid(rotation_rad=-self.rotation_rad)
        x, y = back.apply(self.offset_um)
        return Rigid(offset_um=(-x, -y), rotation_rad=-self.rotation_rad)
