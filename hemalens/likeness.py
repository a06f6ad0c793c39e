"""How like the training images a cell is, told by what the network sees in it.

A softmax shares its whole 1 among the classes, whatever it is shown: of stain deposit
it can be as sure as of a cell. What its last layer works on lies elsewhere for what was
never trained on. The distance to the nearest class there, in standard deviations of
the training images about their class, says so [1]_.

References
----------
.. [1] Lee, Lee, Lee, Shin: A Simple Unified Framework for Detecting Out-of-Distribution
   Samples and Adversarial Attacks. NeurIPS 2018, arXiv 1807.03888.
"""

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

Coordinate = Annotated[float, Field(ge=-10_000, le=10_000)]


class Likeness(BaseModel):
    """Where the training images lie, and how far from them a cell may be."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    centres: tuple[tuple[Coordinate, ...], ...] = Field(min_length=1, max_length=256)
    """Mean of each class's training images, in the model's second output."""
    farthest: float = Field(gt=0)
    """Distance to the nearest centre above which a cell is unlike all of them."""
    split: str
    """Of the images `farthest` was fitted on."""
    n: int = Field(gt=0)
    """Of these, the cells that are answered by their probability."""
    unlike: int = Field(ge=0)
    """Of those, the cells beyond `farthest`."""

    @model_validator(mode="after")
    def _of_one_length(self) -> "Likeness":
        if len({len(centre) for centre in self.centres}) != 1:
            raise ValueError("the centres should have one number of coordinates")
        return self

    @property
    def dimensions(self) -> int:
        """Coordinates of a cell."""
        return len(self.centres[0])

    def is_in_distribution(self, embedding: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Say which cells (N, dimensions) are like the training images."""
        return np.asarray(
            distances(embedding, np.array(self.centres)) <= self.farthest, np.bool_
        )


def distances(
    embedding: NDArray[np.float32], centres: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give each row's distance to the nearest centre.

    Examples
    --------
    >>> centres = np.array([[0.0, 0.0], [10.0, 0.0]])
    >>> distances(np.array([[3, 4], [10, 1]], np.float32), centres).tolist()
    [5.0, 1.0]
    """
    apart = embedding[:, np.newaxis].astype(np.float64) - centres
    return np.asarray(np.linalg.norm(apart, axis=2).min(axis=1), np.float64)
