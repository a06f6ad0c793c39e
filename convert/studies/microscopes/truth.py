"""What people said of a microscope's frames."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from hemalens.classes import CellKind, kind_of_class
from hemalens.records import Box

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueCell:
    """A stained cell that people marked.

    Parameters
    ----------
    box : Box
    class_name : str, optional
        None where nobody named it, or where the models saw its name in training.
    weight : float
        One over the number of frames that show the same cell.
    is_whole : bool
        Not cut by the frame's edge.
    """

    box: Box
    class_name: str | None = None
    weight: float = 1.0
    is_whole: bool = True

    @property
    def kind(self) -> CellKind:
        """White cell, unless it was named a platelet."""
        if self.class_name is None:
            return CellKind.WHITE_CELL
        return kind_of_class(self.class_name)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledFrame:
    """A frame and what it shows.

    Parameters
    ----------
    path : Path
    cells : tuple of TrueCell
        White cells, and platelets where a class was given to them.
    is_drawn : bool
        The boxes of `cells` were drawn; else they only say where a cell lies.
    has_all_white_cells : bool
        What is found beside the boxes is false.
    unboxed_white_cells : int
        So many white cells are known to be there that nobody boxed.
    red_cells : tuple of Box, optional
        None where nobody marked any.
    has_all_red_cells : bool
        Their number can be compared.
    whole_red_cells : int, optional
        Where those cut by the edge are not marked: how many whole ones there are, to
        be compared with the whole ones found.
    platelets : tuple of Box, optional
        None where nobody boxed them.
    """

    path: Path
    cells: tuple[TrueCell, ...] = ()
    is_drawn: bool = True
    has_all_white_cells: bool = True
    unboxed_white_cells: int = 0
    red_cells: tuple[Box, ...] | None = None
    has_all_red_cells: bool = True
    whole_red_cells: int | None = None
    platelets: tuple[Box, ...] | None = None

    @property
    def white_cells(self) -> tuple[Box, ...]:
        """Boxes of the white cells."""
        return tuple(c.box for c in self.cells if c.kind is CellKind.WHITE_CELL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slide:
    """Frames that are counted together.

    Parameters
    ----------
    name : str
    pixel_size_um : float
        The true one.
    frames : tuple of LabelledFrame
        Of different file names.
    """

    name: str
    pixel_size_um: float
    frames: tuple[LabelledFrame, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Microscope:
    """A labelled set.

    Parameters
    ----------
    name : str
        Of the set.
    slides : tuple of Slide
    training_name : str
        What a bundle that was trained on it calls it.
    truth : str
        How far the labels go.
    kinds_open : bool
        Whether a cell whose box is given may be a platelet.
    """

    name: str
    slides: tuple[Slide, ...]
    training_name: str
    truth: str
    kinds_open: bool = False

    @property
    def frames(self) -> tuple[LabelledFrame, ...]:
        """The frames of all slides."""
        return tuple(frame for slide in self.slides for frame in slide.frames)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """Which frames of a set are measured.

    Parameters
    ----------
    limit : int, optional
        At most so many, evenly spread.
    apart : bool
        Those alone that are never trained on.
    """

    limit: int | None = None
    apart: bool = False

    def of(
        self, items: Sequence[_Item], is_apart: Callable[[_Item], bool]
    ) -> tuple[_Item, ...]:
        """Choose before anything is decoded."""
        kept = tuple(one for one in items if not self.apart or is_apart(one))
        return kept if self.limit is None else evenly(kept, self.limit)


def evenly(items: Sequence[_Item], limit: int) -> tuple[_Item, ...]:
    """Take at most `limit` items, evenly spread.

    Examples
    --------
    >>> evenly((0, 1, 2, 3, 4, 5), 3)
    (0, 2, 4)
    """
    if len(items) <= limit:
        return tuple(items)
    return tuple(items[k * len(items) // limit] for k in range(limit))
