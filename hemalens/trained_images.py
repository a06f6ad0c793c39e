"""Which image files a model was trained on, known again by their content."""

from collections.abc import Iterable
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

MEMBER: Final = "trained_images.bin"
"""In a ``.keras`` file, in a run's folder and in a bundle."""

_PRINT: Final = np.dtype(">u8")
_PRINT_DIGITS: Final = 16
"""Of the 64 of a SHA-256. Of 12,000 files trained on and as many asked about, one is
mistaken once in a hundred billion times."""


class TrainedImages:
    """Files by the beginning of their SHA-256: 12,000 of them take 96 KB.

    Parameters
    ----------
    digests : iterable of str
        SHA-256 of each file, in hexadecimal.
    """

    def __init__(self, digests: Iterable[str]) -> None:
        self._prints = frozenset(digest[:_PRINT_DIGITS] for digest in digests)

    @classmethod
    def read(cls, content: bytes) -> Self:
        """Read what `content` wrote.

        Raises
        ------
        ValueError
            When it is not that.
        """
        if len(content) % _PRINT.itemsize:
            raise ValueError(f"{MEMBER} breaks off")
        prints = np.frombuffer(content, _PRINT)
        if np.any(prints[1:] <= prints[:-1]):
            raise ValueError(f"{MEMBER} is not in order")
        return cls(f"{value:0{_PRINT_DIGITS}x}" for value in prints.tolist())

    def content(self) -> bytes:
        """Write them in ascending order, eight bytes each.

        Examples
        --------
        >>> TrainedImages(["ff" * 32, "00" * 32]).content().hex()
        '0000000000000000ffffffffffffffff'
        """
        values = sorted(int(one, 16) for one in self._prints)
        return np.array(values, _PRINT).tobytes()

    def joined(self, other: "TrainedImages | None") -> "TrainedImages":
        """Add those of another model, as far as it says which they are."""
        return self if other is None else TrainedImages(self._prints | other._prints)

    def __len__(self) -> int:
        """Count them."""
        return len(self._prints)

    def __contains__(self, digest: object) -> bool:
        """Tell whether the file with this SHA-256 was trained on."""
        return isinstance(digest, str) and digest[:_PRINT_DIGITS] in self._prints

    def among(self, digests: Iterable[str]) -> NDArray[np.bool_]:
        """Tell of each file whether it was trained on."""
        return np.array([digest in self for digest in digests], bool)
