"""The learned finder at work: from codes to maps, strip by strip, from any thread."""

from threading import local
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hemalens.errors import BundleError
from hemalens.finder import OUTPUT_STRIDE, SIZE_MULTIPLE, Map
from hemalens.interpreter import Interpreter, open_interpreter

MOST_PIXELS: Final = 1_500_000
"""Codes looked at in one go; a larger frame goes through in strips, so that memory
does not grow with it."""

OVERLAP: Final = 6 * SIZE_MULTIPLE
"""Rows that two strips share; of each half is used. Farther away nothing counts."""


class Finder:
    """A finder's model; each thread that uses it has an interpreter of its own.

    Parameters
    ----------
    model : bytes
        A TFLite flatbuffer as `hemalens.finder` describes it.
    """

    def __init__(self, model: bytes) -> None:
        self._model = model
        self._of_thread = local()

    def maps(self, codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Look at a frame.

        Parameters
        ----------
        codes : ndarray of shape (H, W, 3), uint8
            As `hemalens.finder.padded` returns them.

        Returns
        -------
        ndarray of shape (H / 2, W / 2, 5), uint8
            Probabilities, 255 for 1.

        Raises
        ------
        BundleError
            When the model is none.
        """
        height, width = codes.shape[:2]
        if height * width <= MOST_PIXELS:
            return self._look(codes)
        step = max(OVERLAP, MOST_PIXELS // width - OVERLAP)
        step -= step % SIZE_MULTIPLE
        strips = [
            self._strip(codes, top, min(height, top + step))
            for top in range(0, height, step)
        ]
        return np.concatenate(strips)

    def _strip(
        self, codes: NDArray[np.uint8], top: int, bottom: int
    ) -> NDArray[np.uint8]:
        start = max(0, top - OVERLAP // 2)
        stop = min(len(codes), bottom + OVERLAP // 2)
        seen = self._look(codes[start:stop])
        first = (top - start) // OUTPUT_STRIDE
        return seen[first : first + (bottom - top) // OUTPUT_STRIDE]

    def _look(self, codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
        interpreter = self._interpreter(codes.shape[:2])
        interpreter.set_tensor(self._input(interpreter), codes[np.newaxis])
        interpreter.invoke()
        (output,) = interpreter.get_output_details()
        seen = interpreter.get_tensor(output["index"])[0]
        scale, zero_point = output["quantization"]
        return _as_255ths(seen, scale, zero_point)

    def _interpreter(self, size_hw: tuple[int, int]) -> Interpreter:
        """Open one in each thread, and fit it to the size only when that changes."""
        kept: Interpreter | None = getattr(self._of_thread, "interpreter", None)
        if kept is None:
            kept = open_interpreter(self._model, threads=1)
            _check(kept)
            self._of_thread.interpreter = kept
            self._of_thread.size_hw = None
        if self._of_thread.size_hw != size_hw:
            kept.resize_tensor_input(self._input(kept), [1, *size_hw, 3])
            kept.allocate_tensors()
            self._of_thread.size_hw = size_hw
        return kept

    @staticmethod
    def _input(interpreter: Interpreter) -> int:
        return int(interpreter.get_input_details()[0]["index"])


def _check(interpreter: Interpreter) -> None:
    for wanted, details in (
        (3, interpreter.get_input_details()),
        (len(Map), interpreter.get_output_details()),
    ):
        channels = int(details[0]["shape"][-1])
        if len(details) != 1 or channels != wanted or details[0]["dtype"] != np.uint8:
            raise BundleError(
                f"a finder takes 3 and returns {len(Map)} channels of uint8, this model"
                f" has {channels} of {np.dtype(details[0]['dtype'])}"
            )


def _as_255ths(
    seen: NDArray[np.uint8], scale: float, zero_point: int
) -> NDArray[np.uint8]:
    if zero_point == 0 and abs(scale * 256 - 1) < 0.01:
        # A sigmoid's own: 255 stands for all but 1.
        return seen
    table = np.clip((np.arange(256) - zero_point) * scale, 0, 1) * 255
    return np.asarray(np.rint(table).astype(np.uint8)[seen], np.uint8)
