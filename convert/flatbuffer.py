"""What a TFLite flatbuffer says of itself, read without running it."""

from typing import Any, Final

from ai_edge_litert import schema_py_generated as schema

from hemalens.errors import ConversionError
from hemalens.manifest import QuantizedTensor

_FLOAT_TYPES: Final = frozenset(
    {schema.TensorType.FLOAT16, schema.TensorType.FLOAT32, schema.TensorType.FLOAT64}
)


def float_tensors(model: bytes) -> tuple[str, ...]:
    """Name the tensors that are still floating point; none in an int8 model."""
    graph = _graph(model)
    return tuple(
        graph.Tensors(i).Name().decode()
        for i in range(graph.TensorsLength())
        if graph.Tensors(i).Type() in _FLOAT_TYPES
    )


def input_and_output(model: bytes) -> tuple[QuantizedTensor, QuantizedTensor]:
    """Read how the first input and output are quantized."""
    graph = _graph(model)
    ends = (graph.Tensors(graph.Inputs(0)), graph.Tensors(graph.Outputs(0)))
    first, last = (
        QuantizedTensor(
            scale=float(end.Quantization().Scale(0)),
            zero_point=int(end.Quantization().ZeroPoint(0)),
        )
        for end in ends
    )
    return first, last


def minimum_runtime_version(model: bytes) -> str:
    """Read the oldest runtime that has every operator, as the converter noted it.

    Raises
    ------
    ConversionError
        When the note is missing.
    """
    root = schema.Model.GetRootAs(model, 0)
    for i in range(root.MetadataLength()):
        note = root.Metadata(i)
        if note.Name() == b"min_runtime_version":
            content = root.Buffers(note.Buffer()).DataAsNumpy().tobytes()
            return str(content.rstrip(b"\0").decode())
    raise ConversionError("the model does not say which runtime it needs")


def _graph(model: bytes) -> Any:
    return schema.Model.GetRootAs(model, 0).Subgraphs(0)
