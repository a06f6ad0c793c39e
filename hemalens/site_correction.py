"""What a site's own labelled cells taught: a correction of the model's probabilities.

Each class's evidence, the logarithm of its probability, becomes a weighted sum of all
classes' evidence and an offset, fitted at the site [1]_. Model, golden vectors and
validation report stay as they are, and a device needs one product of matrices more.

References
----------
.. [1] Guo, Pleiss, Sun, Weinberger: On Calibration of Modern Neural Networks. ICML
   2017, arXiv 1706.04599, section 4.2, matrix scaling; here of logarithms of
   probabilities, a bundle's model giving no logits.
"""

from typing import Annotated, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

LEAST_PROBABILITY: Final = 1 / 512
"""Half a step of the output codes: what a probability of code 0 may have been."""

SIGNIFICANCE: Final = 0.05
"""Two-sided, so that a correction that gains nothing passes once in 40 times."""

Fraction = Annotated[float, Field(ge=0, le=1)]
Difference = Annotated[float, Field(ge=-1, le=1)]
Coefficient = Annotated[float, Field(ge=-1000, le=1000)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class SiteProof(_Record):
    """What the correction gains on labelled cells that were held back from its fit."""

    n: int = Field(gt=0)
    population: str
    """Whose blood the answers were weighed for, as a count's setting names it."""
    accuracy_before: Fraction
    accuracy_before_ci95: tuple[Fraction, Fraction]
    """Exact, as the other one."""
    accuracy_after: Fraction
    accuracy_after_ci95: tuple[Fraction, Fraction]
    balanced_before: Fraction
    """Mean over the labelled classes of the share of their cells that is right."""
    balanced_after: Fraction
    gained: Count
    """Cells right with the correction alone."""
    lost: Count
    """Cells right without it alone."""
    gain_ci95: tuple[Difference, Difference]
    """Of the accuracy after less that before; frames drawn with replacement."""
    mcnemar_p: Fraction
    """Exact, two-sided."""
    answered_before: Count
    """Cells not sent to review."""
    wrong_before: Count
    """Of these."""
    answered_after: Count
    wrong_after: Count

    @property
    def gain(self) -> float:
        """Accuracy after less accuracy before."""
        return self.accuracy_after - self.accuracy_before

    @property
    def passed(self) -> bool:
        """The rule: surely a gain, and none that the rarer classes pay for.

        The bootstrap is too bold where few answers differ, McNemar's test where many
        cells are of one frame: both have to agree.
        """
        is_sure = self.gain_ci95[0] > 0 and self.mcnemar_p < SIGNIFICANCE
        return is_sure and self.balanced_after >= self.balanced_before


class HomeCost(_Record):
    """What the correction costs on images like those the model was trained on."""

    dataset_digest: Sha256
    n: int = Field(gt=0)
    accuracy_before: Fraction
    accuracy_after: Fraction
    worst_class: str
    """That loses most of its cells."""
    worst_recall_before: Fraction
    worst_recall_after: Fraction


class SiteCorrection(_Record):
    """A correction, where it comes from and what it was proved with."""

    matrix: tuple[tuple[Coefficient, ...], ...]
    """Row: evidence of which class; column: for which class. Identity: no change."""
    offsets: tuple[Coefficient, ...]
    parent_version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    parent_sha256: Sha256
    """Of the bundle whose model this is."""
    cells: dict[str, Count]
    """Labelled cells by class."""
    labels_digest: Sha256
    """Over the class, name and content of each."""
    fitted_at: AwareDatetime
    proof: SiteProof
    home: HomeCost | None = None
    """None where it was not measured."""

    @model_validator(mode="after")
    def _square(self) -> "SiteCorrection":
        if {len(self.matrix), *map(len, self.matrix)} != {len(self.offsets)}:
            raise ValueError("the matrix should be square, a row and column a class")
        return self


def evidence(probabilities: NDArray[np.float32]) -> NDArray[np.float64]:
    """Give the logarithm of probabilities over the least; 0 where the model is silent.

    Parameters
    ----------
    probabilities : ndarray of shape (N, classes), float32

    Examples
    --------
    >>> evidence(np.array([[1.0, 0.0]], np.float32)).round(2)
    array([[6.24, 0.  ]])
    """
    lifted = np.maximum(probabilities.astype(np.float64), LEAST_PROBABILITY)
    return np.asarray(np.log(lifted / LEAST_PROBABILITY), np.float64)


def site_corrected(
    probabilities: NDArray[np.float32], correction: SiteCorrection
) -> NDArray[np.float32]:
    """Correct probabilities for a site.

    Parameters
    ----------
    probabilities : ndarray of shape (N, classes), float32
        After the temperature.
    correction : SiteCorrection

    Returns
    -------
    ndarray of shape (N, classes), float32
        Rows adding up to 1.
    """
    return corrected(
        probabilities, np.array(correction.matrix), np.array(correction.offsets)
    )


def corrected(
    probabilities: NDArray[np.float32],
    matrix: NDArray[np.float64],
    offsets: NDArray[np.float64],
) -> NDArray[np.float32]:
    """Correct probabilities by a matrix (classes, classes) and offsets (classes,)."""
    logits = evidence(probabilities) @ matrix + offsets
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)
