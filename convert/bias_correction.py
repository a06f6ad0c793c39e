"""Undo the shift that rounding weights gives a layer's output, in its bias.

Rounded weights make each channel's output lean one way on average. The lean is measured
on the calibration set against the float model and taken off the int32 bias, from the
first layer to the last so that each sees its inputs corrected [1]_.

References
----------
.. [1] Nagel, van Baalen, Blankevoort, Welling: Data-Free Quantization Through Weight
   Equalization and Bias Correction. ICCV 2019, arXiv 1906.04721, section 4.2 and
   appendix D (empirical bias correction).
"""

from dataclasses import dataclass

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from convert.layers import Layers, normalized

_OPTIONS = {
    schema.BuiltinOptions.Conv2DOptions: schema.Conv2DOptions,
    schema.BuiltinOptions.DepthwiseConv2DOptions: schema.DepthwiseConv2DOptions,
    schema.BuiltinOptions.FullyConnectedOptions: schema.FullyConnectedOptions,
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Bias:
    """A bias in a flatbuffer, open to change.

    Parameters
    ----------
    output : str
        Name of the output it shifts.
    codes : ndarray of shape (channels,), int32
        A view of the flatbuffer.
    scales : ndarray of shape (channels,), float32
    """

    output: str
    codes: NDArray[np.int32]
    scales: NDArray[np.float32]


def correct_biases(
    float_model: bytes, int8_model: bytes, crops: NDArray[np.uint8]
) -> bytes:
    """Return the int8 model with its biases corrected.

    Only layers without an activation of their own are corrected: behind a ReLU the
    mean output does not tell what was cut off.

    Parameters
    ----------
    float_model, int8_model : bytes
        TFLite flatbuffers `convert.quantize` made of one network.
    crops : ndarray of shape (N, S, S, 3), uint8, RGB
        The calibration set's.
    """
    content = bytearray(int8_model)
    # A linear layer that is an output itself has another name in either model: what
    # reads it is fitted to the int8 model (`convert.likeness`), and needs no mending.
    named = Layers(float_model).names
    biases = [bias for bias in _linear_biases(content) if bias.output in named]
    expected = _channel_means(
        float_model, normalized(crops), [bias.output for bias in biases]
    )
    for bias in biases:
        found = _channel_means(bytes(content), crops, [bias.output])
        lean = found[bias.output] - expected[bias.output]
        bias.codes[:] -= np.rint(lean / bias.scales).astype(np.int32)
    return bytes(content)


def _linear_biases(content: bytearray) -> list[_Bias]:
    model = schema.Model.GetRootAs(content, 0)
    graph = model.Subgraphs(0)
    biases = []
    for index in range(graph.OperatorsLength()):
        operator = graph.Operators(index)
        kind = _OPTIONS.get(operator.BuiltinOptionsType())
        if kind is None or operator.InputsLength() < 3 or operator.Inputs(2) < 0:
            continue
        options = kind()
        options.Init(operator.BuiltinOptions().Bytes, operator.BuiltinOptions().Pos)
        if options.FusedActivationFunction() != schema.ActivationFunctionType.NONE:
            continue
        bias = graph.Tensors(operator.Inputs(2))
        biases.append(
            _Bias(
                output=graph.Tensors(operator.Outputs(0)).Name().decode(),
                codes=model.Buffers(bias.Buffer()).DataAsNumpy().view(np.int32),
                scales=bias.Quantization().ScaleAsNumpy(),
            )
        )
    return biases


def _channel_means(
    model: bytes, crops: NDArray[np.uint8] | NDArray[np.float32], names: list[str]
) -> dict[str, NDArray[np.float64]]:
    """Average each named output over crops and places: one mean a channel."""
    layers = Layers(model)
    sums: dict[str, NDArray[np.float64]] = {}
    for index in range(len(crops)):
        layers.run(crops[index : index + 1])
        for name in names:
            value = layers.output(name)
            mean = value.reshape(-1, value.shape[-1]).mean(axis=0, dtype=np.float64)
            sums[name] = sums.get(name, 0.0) + mean
    return {name: total / len(crops) for name, total in sums.items()}
