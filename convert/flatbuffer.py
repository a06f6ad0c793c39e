"""What a TFLite flatbuffer holds, read without running it."""

import math
import struct
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from convert.terminal_safe import terminal_safe
from hemalens.errors import ConversionError, MissingExtraError
from hemalens.manifest import QuantizedTensor

try:
    from ai_edge_litert.schema_py_generated import BuiltinOperator
    from ai_edge_litert.tools import flatbuffer_utils
except ImportError as error:
    raise MissingExtraError("Reading a TFLite model", "convert") from error

_IDENTIFIER: Final = b"TFL3"
_MAXIMUM_RANK: Final = 8
_LEFT_OUT: Final = -1
"""Stands for a tensor that an operator does without."""
_NOTE: Final = b"min_runtime_version"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """A tensor as the file describes it.

    Parameters
    ----------
    shape, shape_signature : tuple of int
        The signature has -1 where a side can be resized.
    dtype : str
        In TFLite's spelling, in small letters.
    scales : int
        How many there are: 0 not quantized, 1 per tensor, more per channel.
    scale, zero_point : float, int
        The first ones; None when not quantized.
    constant_bytes : int
        What the file holds of it; 0 for an activation.
    """

    name: str
    shape: tuple[int, ...]
    shape_signature: tuple[int, ...]
    dtype: str
    scales: int
    scale: float | None
    zero_point: int | None
    constant_bytes: int

    @property
    def is_float(self) -> bool:
        """Return whether its values are floating point."""
        return "float" in self.dtype

    @property
    def values(self) -> int:
        """Count its values."""
        return math.prod(self.shape)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class OperatorCode:
    """A kind of operator; a custom one is no part of a runtime."""

    name: str
    version: int
    custom: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelOperator:
    """A step of the graph; what it takes and gives are places in `Graph.tensors`."""

    code: OperatorCode
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """A model, which has one graph.

    Parameters
    ----------
    minimum_runtime_version : str, optional
        As the converter noted it.
    codes : tuple of OperatorCode
        All that a runtime must have, used or not.
    operators : tuple of ModelOperator
        In the order of execution.
    inputs, outputs : tuple of int
        Places in ``tensors``.
    """

    schema_version: int
    minimum_runtime_version: str | None
    codes: tuple[OperatorCode, ...]
    tensors: tuple[Tensor, ...]
    operators: tuple[ModelOperator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def read_graph(model: bytes) -> Graph:
    """Read a flatbuffer whose origin is not known.

    Raises
    ------
    ConversionError
        When it is no TFLite model, or damaged.
    """
    if model[4:8] != _IDENTIFIER:
        raise ConversionError("no TFLite model: it does not begin as a .tflite file")
    try:
        return _graph(flatbuffer_utils.read_model_from_bytearray(model))
    except (
        struct.error,  # beyond the end
        AttributeError,  # a table that is not there
        LookupError,
        TypeError,
        ValueError,
    ) as error:
        raise ConversionError("a damaged TFLite model: convert it again") from error


def float_tensors(model: bytes) -> tuple[str, ...]:
    """Name the tensors that are still floating point; none in an int8 model."""
    return tuple(one.name for one in read_graph(model).tensors if one.is_float)


def input_and_output(model: bytes) -> tuple[QuantizedTensor, QuantizedTensor]:
    """Read how the first input and output are quantized.

    Raises
    ------
    ConversionError
        When one is not quantized to uint8.
    """
    graph = read_graph(model)
    first, last = (
        _quantized(graph.tensors[ends[0]]) for ends in (graph.inputs, graph.outputs)
    )
    return first, last


def minimum_runtime_version(model: bytes) -> str:
    """Read the oldest runtime that has every operator, as the converter noted it.

    Raises
    ------
    ConversionError
        When the note is missing.
    """
    noted = read_graph(model).minimum_runtime_version
    if noted is None:
        raise ConversionError("the model does not say which runtime it needs")
    return noted


def _quantized(tensor: Tensor) -> QuantizedTensor:
    codes = {"scale": tensor.scale, "zero_point": tensor.zero_point}
    try:
        return QuantizedTensor.model_validate(codes)
    except ValidationError as error:
        raise ConversionError(
            "input and output should be quantized to uint8, "
            f"{tensor.name} is {tensor.dtype}, {codes}"
        ) from error


def _graph(model: Any) -> Graph:
    """Read what is needed here of a model, looking at each place it names."""
    if len(model.subgraphs) != 1:
        raise ConversionError(
            f"the model has {len(model.subgraphs)} graphs, a classifier has one"
        )
    (graph,) = model.subgraphs
    codes = tuple(_code(model, place) for place in range(len(model.operatorCodes)))
    tensors = tuple(_tensor(tensor, model.buffers) for tensor in graph.tensors)
    read = Graph(
        schema_version=model.version,
        minimum_runtime_version=_note(model),
        codes=codes,
        tensors=tensors,
        operators=tuple(
            ModelOperator(
                code=codes[operator.opcodeIndex],
                inputs=_places(operator.inputs, len(tensors)),
                outputs=_places(operator.outputs, len(tensors)),
            )
            for operator in graph.operators
        ),
        inputs=_places(graph.inputs, len(tensors)),
        outputs=_places(graph.outputs, len(tensors)),
    )
    if not (read.inputs and read.outputs):
        raise ConversionError("the model has no input or no output")
    return read


def _code(model: Any, place: int) -> OperatorCode:
    code = model.operatorCodes[place]
    number = flatbuffer_utils.get_builtin_code_from_operator_code(code)
    custom = number == BuiltinOperator.CUSTOM
    known = flatbuffer_utils.opcode_to_name(model, place)
    name = _text(code.customCode) if custom else known or f"operator {number}"
    return OperatorCode(name=name, version=code.version, custom=custom)


def _tensor(tensor: Any, buffers: Any) -> Tensor:
    shape = tuple(tensor.shape or ())
    if len(shape) > _MAXIMUM_RANK or min(shape, default=0) < 0:
        raise ConversionError(f"a damaged TFLite model: a tensor of shape {shape}")
    scales, zero_points = _quantization(tensor.quantization)
    content = buffers[tensor.buffer].data
    return Tensor(
        name=_text(tensor.name),
        shape=shape,
        shape_signature=tuple(tensor.shapeSignature or ()) or shape,
        dtype=flatbuffer_utils.type_to_name(tensor.type).lower(),
        scales=len(scales),
        scale=scales[0] if scales else None,
        zero_point=zero_points[0] if zero_points else None,
        constant_bytes=0 if content is None else len(content),
    )


def _quantization(codes: Any) -> tuple[list[float], list[int]]:
    """Return the scales and zero points, of which a tensor may have none."""
    if codes is None:
        return [], []
    scales, zero_points = (
        [] if values is None else [value.item() for value in values]
        for values in (codes.scale, codes.zeroPoint)
    )
    return scales, zero_points


def _note(model: Any) -> str | None:
    """Read the converter's note of the oldest runtime; zeros fill it up."""
    for note in model.metadata or ():
        if note.name == _NOTE:
            content = model.buffers[note.buffer].data
            return _text(bytes(content).rstrip(b"\0")) or None
    return None


def _places(places: Any, tensors: int) -> tuple[int, ...]:
    """Return the places of tensors, those an operator does without left out."""
    found = tuple(place for place in places or () if place != _LEFT_OUT)
    if any(not 0 <= place < tensors for place in found):
        raise IndexError(f"places {found} of {tensors} tensors")
    return found


def _text(content: bytes | None) -> str:
    """Return a name, which will be shown."""
    return terminal_safe((content or b"").decode(errors="replace"))
