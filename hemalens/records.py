"""Records passed from stage to stage: frame, detection, cell."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hemalens.classes import CellKind, CellStatus


class Box(NamedTuple):
    """A half-open rectangle in frame pixels: ``right`` and ``bottom`` lie outside."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def centre_xy(self) -> tuple[float, float]:
        """Centre, in pixels from the frame's upper left corner."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height, in pixels."""
        return self.right - self.left, self.bottom - self.top


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """One exposure of the camera.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8, RGB
        Made read-only.
    name : str
        File name, or the source's name and number; unique within a count.
    index : int
        Position in the source, from 0.
    pixel_size_um : float, optional
        Micrometres per pixel at the specimen, where the source knows it.
    """

    image: NDArray[np.uint8]
    name: str
    index: int
    pixel_size_um: float | None = None

    def __post_init__(self) -> None:
        if self.image.ndim != 3 or self.image.shape[2] != 3:
            raise ValueError(f"a frame is (H, W, 3), this is {self.image.shape}")
        if self.image.dtype != np.uint8:
            raise ValueError(f"a frame is uint8, this is {self.image.dtype}")
        self.image.flags.writeable = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A file, a page of one, or the rest of a video, that gave no frame.

    Parameters
    ----------
    name : str
        As the frame's would be.
    index : int
        As the frame's would be.
    problem : str
        Why, for the operator.
    """

    name: str
    index: int
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """A cell as segmentation sees it, before classification.

    Parameters
    ----------
    box : Box
        The whole cell, cytoplasm included.
    kind : CellKind
        The likeliest kind.
    possible_kinds : frozenset of CellKind
        The kinds that size and stain leave open; the classifier chooses among them.
    at_border : bool
        Cut by the frame's edge.
    """

    box: Box
    kind: CellKind
    possible_kinds: frozenset[CellKind]
    at_border: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredScale:
    """What a frame's cells say of its pixel size, and how sure that is.

    Parameters
    ----------
    pixel_size_um : float
        By which the median cell has its kind's usual diameter.
    kind : CellKind
        Of the cells measured: red ones, or white ones where red ones are too few.
        White cells vary: theirs is no more than a guess.
    cells : int
        How many were measured: whole ones.
    spread : float
        Standard deviation of their diameters, of the median; robust.
    """

    pixel_size_um: float
    kind: CellKind
    cells: int
    spread: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Segmentation:
    """What was found in one frame.

    Parameters
    ----------
    detections : tuple of Detection
        Stained objects (white cells and platelets) first, then red cells.
    pixel_size_um : float or None
        The pixel size worked with: given, or measured. None when neither is to be had.
    red_cell_diameter_px : float or None
        Median red cell of the frame, None with too few to tell.
    measured_scale : MeasuredScale, optional
        What the cells say, whether or not a pixel size was given.
    """

    detections: tuple[Detection, ...]
    pixel_size_um: float | None
    red_cell_diameter_px: float | None
    measured_scale: MeasuredScale | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where on the slide a frame lies.

    Parameters
    ----------
    place : int
        Connected piece of the slide, from 0: frames of one place share coordinates;
        how two places lie to each other is not known.
    offset_um : pair of float
        Slide coordinates (x, y) of the frame's upper left corner, in its place.
    rotation_rad : float
        Turn of the frame's axes against the place's, clockwise on the screen.
    """

    place: int
    offset_um: tuple[float, float]
    rotation_rad: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One view of a cell in one frame, as ``cells.jsonl`` tells it.

    Parameters
    ----------
    cell_id : int
        Of the view; unique within a count.
    probabilities : mapping of class name to float, or None
        The model's output; None for red cells, which are not classified.
    place, position_um : int, pair of float, or None
        Where on the slide its centre lies; None when frames are not placed.
    sharpness : float, optional
        How well focused the view is; of a cell's whole views the sharpest is counted.
    same_as : int, optional
        The `cell_id` of the view counted in its place, when this is a duplicate.
    """

    frame: str
    frame_index: int
    cell_id: int
    kind: CellKind
    box: Box
    status: CellStatus
    class_name: str | None = None
    probability: float | None = None
    probabilities: Mapping[str, float] | None = None
    place: int | None = None
    position_um: tuple[float, float] | None = None
    sharpness: float | None = None
    same_as: int | None = None

    def on_slide(
        self,
        *,
        place: int,
        position_um: tuple[float, float],
        sharpness: float | None,
        same_as: int | None,
    ) -> "Cell":
        """Give the view as tracking leaves it; `same_as` makes it a duplicate."""
        # Spelled out: `dataclasses.replace` takes three times as long, and a frame
        # has hundreds of views.
        return Cell(
            frame=self.frame,
            frame_index=self.frame_index,
            cell_id=self.cell_id,
            kind=self.kind,
            box=self.box,
            status=self.status if same_as is None else CellStatus.DUPLICATE,
            class_name=self.class_name,
            probability=self.probability,
            probabilities=self.probabilities,
            place=place,
            position_um=position_um,
            sharpness=sharpness,
            same_as=same_as,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CellChange:
    """What a later frame taught about an earlier view.

    Parameters
    ----------
    cell_id : int
        The earlier view.
    status : CellStatus
        Its new status.
    same_as : int, optional
        The view counted in its place.
    """

    cell_id: int
    status: CellStatus
    same_as: int | None = None
