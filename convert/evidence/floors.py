"""Whether a model is good at all, whatever its float model is."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from convert.evidence.gate import Criterion, GateLimits, judged
from convert.evidence.grouped import share_limits
from hemalens.classes import CLASS_NAMES, LEUKOCYTES, CellClass

_MATURE = tuple(name for name in LEUKOCYTES if name is not CellClass.IG)


class Floors:
    """The int8 model's answers, held against limits that know no float model.

    Parameters
    ----------
    true, called : ndarray of shape (N,), int64
        Class indices.
    groups : sequence of str, optional
        The slide or patient of each image, where the data names them.
    limits : GateLimits
    """

    def __init__(
        self,
        true: NDArray[np.int64],
        called: NDArray[np.int64],
        groups: Sequence[str] | None,
        limits: GateLimits,
    ) -> None:
        self._true, self._called = true, called
        self._groups = None if groups is None else np.array(groups)
        self._limits = limits

    def criteria(self) -> Iterator[Criterion]:
        """Judge accuracy, each class, and the mistakes that matter most."""
        yield self._accuracy()
        yield self._worst_class(
            "recall",
            "Of which class does it find fewest? (recall, lower 95 % limit)",
            self._true,
            self._limits.least_recall,
        )
        yield self._worst_class(
            "precision",
            "Which class's name means least? (precision, lower 95 % limit)",
            self._called,
            self._limits.least_precision,
        )
        for name in (CellClass.ERYTHROBLAST, CellClass.IG):
            yield self._mistaken(
                f"{name}_called_mature",
                f"How many of class {name} are called a mature leukocyte? "
                "(upper 95 % limit)",
                (name,),
                _MATURE,
                self._limits.most_called_mature,
            )
        yield self._mistaken(
            "leukocyte_called_platelet",
            "How many leukocytes are called platelet? (upper 95 % limit)",
            LEUKOCYTES,
            (CellClass.PLATELET,),
            self._limits.most_called_platelet,
        )

    def _accuracy(self) -> Criterion:
        low, _ = self._limits_of(self._true == self._called, np.full(self._n, True))
        groups = 0 if self._groups is None else len(set(self._groups.tolist()))
        return judged(
            "accuracy",
            "How often is it right, at least? (lower 95 % limit)",
            100 * low,
            "at least",
            100 * self._limits.least_accuracy,
            "%",
            f"images of {groups:,} slides or patients" if groups else "",
        )

    @property
    def _n(self) -> int:
        return len(self._true)

    def _worst_class(
        self, name: str, asks: str, which: NDArray[np.int64], limit: float
    ) -> Criterion:
        """Judge the worst class; one with too few images is not shown."""
        right = self._true == self._called
        found: dict[str, float] = {}
        few: list[str] = []
        for index, class_name in enumerate(CLASS_NAMES):
            chosen = which == index
            if (self._true == index).sum() < self._limits.smallest_class_images:
                few.append(class_name)
            else:
                found[class_name] = self._limits_of(right, chosen)[0]
        worst = min(found, key=lambda one: found[one], default=None)
        return judged(
            name,
            asks,
            None if worst is None else 100 * found[worst],
            "at least",
            100 * limit,
            "%",
            "; ".join(
                (*((worst,) if worst else ()), *(f"too few of {one}" for one in few))
            ),
            shown=not few,
        )

    def _mistaken(
        self,
        name: str,
        asks: str,
        of: Sequence[CellClass],
        called: Sequence[CellClass],
        limit: float,
    ) -> Criterion:
        chosen = np.isin(self._true, [CLASS_NAMES.index(one) for one in of])
        wrong = np.isin(self._called, [CLASS_NAMES.index(one) for one in called])
        n = int(chosen.sum())
        return judged(
            name,
            asks,
            100 * self._limits_of(wrong, chosen)[1] if n else None,
            "at most",
            100 * limit,
            "%",
            f"{int((wrong & chosen).sum())} of {n:,}",
            shown=n >= self._limits.smallest_class_images,
        )

    def _limits_of(
        self, hits: NDArray[np.bool_], chosen: NDArray[np.bool_]
    ) -> tuple[float, float]:
        groups = None if self._groups is None else self._groups[chosen].tolist()
        return share_limits(hits[chosen], groups)
