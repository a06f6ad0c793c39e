"""What one inference of a TFLite model costs, counted from its shapes.

Multiply-accumulates as `train.evaluation.macs` counts them: convolutions and dense
layers alone.
"""

import math
from typing import Final

from convert.flatbuffer import Graph, ModelOperator, Tensor
from hemalens.errors import ConversionError

_MULTIPLYING: Final = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"})
_BYTES: Final = {
    **dict.fromkeys(("bool", "int8", "uint8"), 1),
    **dict.fromkeys(("bfloat16", "float16", "int16", "uint16"), 2),
    **dict.fromkeys(("float32", "int32", "uint32"), 4),
    **dict.fromkeys(("float64", "int64", "uint64"), 8),
}
"""Of one value; those of other types are not counted."""


def macs(operator: ModelOperator, graph: Graph) -> int:
    """Count the multiply-accumulates of an operator.

    Raises
    ------
    ConversionError
        When a convolution or dense layer lacks its weights or output.
    """
    if operator.code.name not in _MULTIPLYING:
        return 0
    if len(operator.inputs) < 2 or not operator.outputs:
        raise ConversionError(
            f"a damaged TFLite model: {operator.code.name} without weights or output"
        )
    weights, output = (
        graph.tensors[place] for place in (operator.inputs[1], operator.outputs[0])
    )
    # The kernel is applied at each place of the output; its size has all channels.
    return math.prod(output.shape[:-1]) * weights.values


def peak_activation_bytes(graph: Graph) -> int:
    """Count the most bytes of activations that are needed at the same time.

    A runtime takes more: it adds buffers of its own and cannot pack perfectly.
    """
    last_use = {
        place: step
        for step, operator in enumerate(graph.operators)
        for place in (*operator.inputs, *operator.outputs)
    }
    last_use |= dict.fromkeys(graph.outputs, len(graph.operators))
    held: set[int] = set()
    held_bytes = peak = 0
    for step, operator in enumerate(graph.operators):
        used = {*operator.inputs, *operator.outputs}
        held_bytes += sum(_activation_bytes(graph.tensors[i]) for i in used - held)
        held |= used
        peak = max(peak, held_bytes)
        done = {place for place in used if last_use[place] == step}
        held_bytes -= sum(_activation_bytes(graph.tensors[i]) for i in done)
        held -= done
    return peak


def _activation_bytes(tensor: Tensor) -> int:
    return 0 if tensor.constant_bytes else tensor.values * _BYTES.get(tensor.dtype, 0)
