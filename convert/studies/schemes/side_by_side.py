"""Converted models on the same crops, side by side: what they say, how long it takes.

They take turns block by block, so that what else the machine does meanwhile slows all
of them alike.
"""

import time
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from convert.layers import normalized
from hemalens.interpreter import open_interpreter
from hemalens.progress import Progress

_BLOCK: Final = 16
"""Crops a model runs before the next one's turn: few, that all meet the same load;
enough, that most runs find the model's weights in the processor's cache."""
_WARM_UP: Final = 5
"""Inferences before any is timed."""


class Runner:
    """A converted model, run on one thread and one crop at a time.

    Parameters
    ----------
    model : bytes
        The flatbuffer `convert.quantize` made.

    Attributes
    ----------
    classes : list of int
        The class index of each crop run so far.
    seconds : list of float
        How long each of them took.
    """

    def __init__(self, model: bytes) -> None:
        self.model = model
        self.classes: list[int] = []
        self.seconds: list[float] = []
        self._interpreter = open_interpreter(model, threads=1)
        (taken,) = self._interpreter.get_input_details()
        (given,) = self._interpreter.get_output_details()
        self._taken, self._given = int(taken["index"]), int(given["index"])
        self._takes_pixels = taken["dtype"] == np.uint8

    def warm_up(self, crop: NDArray[np.uint8]) -> None:
        """Run a crop (1, S, S, 3) a few times and remember nothing."""
        for _ in range(_WARM_UP):
            self._invoke(crop)

    def run(self, crops: NDArray[np.uint8]) -> None:
        """Run crops (N, S, S, 3), one at a time."""
        for index in range(len(crops)):
            self.seconds.append(self._invoke(crops[index : index + 1]))
            # The likeliest class has the largest code: it need not be made real.
            output = self._interpreter.get_tensor(self._given)
            self.classes.append(int(output.argmax()))

    def _invoke(self, crop: NDArray[np.uint8]) -> float:
        value: NDArray[Any] = crop if self._takes_pixels else normalized(crop)
        self._interpreter.set_tensor(self._taken, value)
        began = time.perf_counter()
        self._interpreter.invoke()
        return time.perf_counter() - began


def take_turns(
    runners: Sequence[Runner], crops: NDArray[np.uint8], progress: Progress
) -> None:
    """Run every model on every crop, block by block in turn."""
    for runner in runners:
        runner.warm_up(crops[:1])
    for start in range(0, len(crops), _BLOCK):
        block = np.array(crops[start : start + _BLOCK])
        for runner in runners:
            runner.run(block)
        progress(start + len(block), len(crops))
