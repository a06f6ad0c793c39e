"""What a model said of cells whose class is known."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hemalens.classes import CLASS_NAMES


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCell:
    """A cell that was found, and what it is.

    Parameters
    ----------
    image : str
        Name of its image.
    class_name : str
        True class.
    is_whole : bool
        Not cut by the image's edge; a count leaves the others out.
    """

    image: str
    class_name: str
    is_whole: bool = True


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answers:
    """Answers of one model on one set.

    Parameters
    ----------
    images : mapping of str to str
        True class of each image, those included in which no cell was found.
    cells : tuple of KnownCell
        The cells found.
    probabilities : ndarray of shape (N, classes), float32
        Of each cell, in PBC's class order.
    certainty : ndarray of shape (N,), float64
        The lower, the sooner a cell goes to review.
    minimum_certainty : float
        Below it a cell is uncertain, as the model ships.
    is_unlike : ndarray of shape (N,), bool, optional
        Cells that are uncertain however sure the model is: unlike any it knows.

    Raises
    ------
    ValueError
        When their lengths differ or there is no cell.
    """

    images: Mapping[str, str]
    cells: tuple[KnownCell, ...]
    probabilities: NDArray[np.float32]
    certainty: NDArray[np.float64]
    minimum_certainty: float = 0.0
    is_unlike: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        wanted = (len(self.cells), len(CLASS_NAMES))
        if not self.cells or self.probabilities.shape != wanted:
            raise ValueError(
                f"wanted one row of {wanted[1]} probabilities for each of {wanted[0]} "
                f"cells, at least one; got {self.probabilities.shape}"
            )
        if self.certainty.shape != wanted[:1]:
            raise ValueError(f"{wanted[0]} cells, certainty {self.certainty.shape}")

    @property
    def true(self) -> NDArray[np.int64]:
        """Class index of each cell."""
        indices = [CLASS_NAMES.index(cell.class_name) for cell in self.cells]
        return np.array(indices, np.int64)

    @property
    def is_answered(self) -> NDArray[np.bool_]:
        """Whether the model answers a cell as it ships."""
        sure = self.certainty >= self.minimum_certainty
        return np.asarray(sure if self.is_unlike is None else sure & ~self.is_unlike)

    @property
    def is_right(self) -> NDArray[np.bool_]:
        """Whether the likeliest class is the true one."""
        return np.asarray(self.probabilities.argmax(axis=1) == self.true)

    def whole(self) -> "Answers":
        """Keep the cells that the edge does not cut, which are those a count answers.

        Where it cuts all of them, all are kept.
        """
        kept = np.array([cell.is_whole for cell in self.cells])
        if not kept.any():
            return self
        return Answers(
            images=self.images,
            cells=tuple(cell for cell in self.cells if cell.is_whole),
            probabilities=self.probabilities[kept],
            certainty=self.certainty[kept],
            minimum_certainty=self.minimum_certainty,
            is_unlike=None if self.is_unlike is None else self.is_unlike[kept],
        )


def top_probability(probabilities: NDArray[np.float32]) -> NDArray[np.float64]:
    """Take the likeliest class's probability as the certainty.

    Rounded, so that cells with the same codes stay equally certain however their
    probabilities were added up.
    """
    return np.asarray(probabilities.max(axis=1).round(6), np.float64)
