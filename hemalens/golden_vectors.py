"""Golden vectors: inputs with the outputs that they must give on every device."""

import io
import math
import re
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

_NPY_HEADER: Final = re.compile(
    rb"\x93NUMPY\x01\x00..\{'descr': '\|u1', 'fortran_order': False, "
    rb"'shape': \(([1-9]\d{0,8}(?:, [1-9]\d{0,8}){1,3})\), \} *\n",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GoldenVectors:
    """Inputs with the output codes they must give.

    Parameters
    ----------
    inputs : ndarray of shape (G, S, S, 3), uint8, RGB
    outputs : ndarray of shape (G, classes), uint8
    embeddings : ndarray of shape (G, dimensions), uint8, optional
        Codes of the second output; None where the model has none, and in bundles made
        before these were kept.
    """

    inputs: NDArray[np.uint8]
    outputs: NDArray[np.uint8]
    embeddings: NDArray[np.uint8] | None = None

    def __post_init__(self) -> None:
        arrays = [self.inputs, self.outputs]
        if self.embeddings is not None:
            arrays.append(self.embeddings)
        if any(array.dtype != np.uint8 for array in arrays):
            raise ValueError("golden vectors are uint8")
        if self.inputs.ndim != 4 or self.inputs.shape[3] != 3:
            raise ValueError(f"golden inputs are (G, S, S, 3), not {self.inputs.shape}")
        if any(one.ndim != 2 or len(one) != len(self.inputs) for one in arrays[1:]):
            raise ValueError(
                "golden outputs are (G, classes) and embeddings (G, dimensions), "
                "one row an input"
            )
        if not len(self.inputs):
            raise ValueError("there is no golden vector")
        for array in arrays:
            array.flags.writeable = False


def npy_bytes(array: NDArray[np.uint8]) -> bytes:
    """Write an array in NumPy's format 1.0."""
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.ascontiguousarray(array), allow_pickle=False)
    return buffer.getvalue()


def read_npy(content: bytes) -> NDArray[np.uint8]:
    """Read an array as `npy_bytes` writes it.

    NumPy's own reader evaluates what it finds.

    Raises
    ------
    ValueError
        When it is of another form.
    """
    header = _NPY_HEADER.match(content)
    if header is None or int.from_bytes(content[8:10], "little") != header.end() - 10:
        raise ValueError("golden vectors are uint8 in NumPy's format 1.0")
    shape = tuple(int(side) for side in header[1].split(b","))
    codes = np.frombuffer(content[header.end() :], np.uint8)
    if math.prod(shape) != codes.size:
        raise ValueError(f"golden vectors {shape} are not the {codes.size} B they hold")
    return codes.reshape(shape).copy()
