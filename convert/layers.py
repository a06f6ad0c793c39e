"""A TFLite model opened up: every operator's output, crop by crop."""

import re
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from numpy.typing import NDArray

from hemalens.native_log import without_native_log


class Layers:
    """Runs a model and gives what its operators gave, in real numbers.

    Parameters
    ----------
    model : bytes
        A TFLite flatbuffer, float32 or int8.

    Attributes
    ----------
    names : tuple of str
        Of the operators' float32 and int8 outputs, in the order they are computed. Two
        models that `convert.quantize` made of one network share them.
    """

    def __init__(self, model: bytes) -> None:
        with without_native_log():
            # The delegate fuses operators and keeps nothing in between.
            self._interpreter = Interpreter(
                model_content=model,
                experimental_preserve_all_tensors=True,
                experimental_op_resolver_type=(
                    OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
                ),
            )
            self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        tensors = {t["index"]: t for t in self._interpreter.get_tensor_details()}
        computed = [
            tensors[index]
            for operator in self._interpreter._get_ops_details()
            for index in operator["outputs"]
        ]
        self._tensors: dict[str, dict[str, Any]] = {
            tensor["name"]: tensor
            for tensor in computed
            if tensor["dtype"] in (np.float32, np.int8)
        }
        self.names = tuple(self._tensors)

    def run(self, crop: NDArray[Any]) -> None:
        """Run the model on one crop (1, S, S, 3), of the type it takes."""
        self._interpreter.set_tensor(self._input, crop)
        self._interpreter.invoke()

    def output(self, name: str) -> NDArray[np.float32]:
        """Read one operator's output of the last run, codes made real."""
        tensor = self._tensors[name]
        value = self._interpreter.get_tensor(tensor["index"])
        if value.dtype != np.int8:
            return np.asarray(value, np.float32)
        scale, zero_point = tensor["quantization"]
        return np.asarray(scale * (value.astype(np.float32) - zero_point), np.float32)

    def scale(self, name: str) -> float:
        """Return the step of an int8 output."""
        return float(self._tensors[name]["quantization"][0])

    def range(self, name: str) -> tuple[float, float]:
        """Return the least and the largest number an int8 output can stand for."""
        scale, zero_point = self._tensors[name]["quantization"]
        return float(scale * (-128 - zero_point)), float(scale * (127 - zero_point))


def normalized(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Normalize raw pixels as the layer ``normalize`` does."""
    return (crops.astype(np.float32) - np.float32(128)) / np.float32(128)


def layer_of(name: str) -> str:
    """Name the network's layer that an output belongs to.

    Examples
    --------
    >>> layer_of("network_1/block_1_expand_relu_1/Relu6;network_1/block_1_expand")
    'block_1_expand_relu'
    >>> layer_of("network_1/mobilenetv2_1/Conv1_BN_1/batchnorm/add_1")
    'Conv1_BN'
    """
    scopes = [
        part for part in name.split(";")[0].split("/")[:-1] if part != "batchnorm"
    ]
    return re.sub(r"_\d+$", "", scopes[-1] if scopes else name)
