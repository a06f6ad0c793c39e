"""What a TFLite flatbuffer holds, read without running it."""

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from convert.terminal_safe import terminal_safe
from hemalens.errors import ConversionError, MissingExtraError
from hemalens.manifest import QuantizedTensor

try:
    from ai_edge_litert import schema_py_generated as schema
except ImportError as error:
    raise MissingExtraError("Reading a TFLite model", "convert") from error

_Entry = TypeVar("_Entry")

_IDENTIFIER: Final = b"TFL3"
_MAXIMUM_COST: Final = 4_194_304
"""Of reading names and lists, in letters; our MobileNetV2 takes 2 % of it. A damaged
file can claim lists that lie over each other, and reading them would never end."""
_ENTRY_COST: Final = 32
_MAXIMUM_RANK: Final = 8
_LEFT_OUT: Final = -1
"""Stands for a tensor that an operator does without."""
_NOTE: Final = b"min_runtime_version"


def _names(vocabulary: type) -> dict[int, str]:
    return {v: name for name, v in vars(vocabulary).items() if isinstance(v, int)}


_DTYPES: Final = _names(schema.TensorType)
_OPERATORS: Final = _names(schema.BuiltinOperator)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """A tensor as the file describes it.

    Parameters
    ----------
    name : str
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
        """Say whether its values are floating point."""
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
    schema_version : int
    minimum_runtime_version : str, optional
        As the converter noted it.
    codes : tuple of OperatorCode
        All that a runtime must have, used or not.
    tensors : tuple of Tensor
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
        return _Reader(model).graph()
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


class _Reader:
    """Reads a model entry by entry, as far as a real one can go.

    The generated accessors check neither an index nor whether a table is there; what
    they raise on a damaged file is translated by `read_graph`.
    """

    def __init__(self, model: bytes) -> None:
        self._root = schema.Model.GetRootAs(model, 0)
        self._budget = _MAXIMUM_COST
        self._buffers = self._entries(self._root, "Buffers")

    def graph(self) -> Graph:
        """Read all of it."""
        graphs = self._entries(self._root, "Subgraphs")
        if len(graphs) != 1:
            raise ConversionError(
                f"the model has {len(graphs)} graphs, a classifier has one"
            )
        (graph,) = graphs
        codes = tuple(map(self._code, self._entries(self._root, "OperatorCodes")))
        tensors = tuple(map(self._tensor, self._entries(graph, "Tensors")))
        read = Graph(
            schema_version=self._root.Version(),
            minimum_runtime_version=self._note(),
            codes=codes,
            tensors=tensors,
            operators=tuple(
                ModelOperator(
                    code=_at(codes, operator.OpcodeIndex()),
                    inputs=self._places(operator, "Inputs", tensors),
                    outputs=self._places(operator, "Outputs", tensors),
                )
                for operator in self._entries(graph, "Operators")
            ),
            inputs=self._places(graph, "Inputs", tensors),
            outputs=self._places(graph, "Outputs", tensors),
        )
        if not (read.inputs and read.outputs):
            raise ConversionError("the model has no input or no output")
        return read

    def _code(self, code: Any) -> OperatorCode:
        # Codes beyond 127 came later: the older field says then that this one counts.
        number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        custom = number == schema.BuiltinOperator.CUSTOM
        name = (
            self._text(code.CustomCode())
            if custom
            else _OPERATORS.get(number, f"operator {number}")
        )
        return OperatorCode(name=name, version=code.Version(), custom=custom)

    def _tensor(self, tensor: Any) -> Tensor:
        shape = self._entries(tensor, "Shape")
        if len(shape) > _MAXIMUM_RANK or min(shape, default=0) < 0:
            raise ConversionError(f"a damaged TFLite model: a tensor of shape {shape}")
        codes = tensor.Quantization()
        scales = codes.ScaleLength() if codes else 0
        zero_points = codes.ZeroPointLength() if codes else 0
        return Tensor(
            name=self._text(tensor.Name()),
            shape=shape,
            shape_signature=self._entries(tensor, "ShapeSignature") or shape,
            dtype=_DTYPES[tensor.Type()].lower(),
            scales=scales,
            scale=codes.Scale(0) if scales else None,
            zero_point=codes.ZeroPoint(0) if zero_points else None,
            constant_bytes=_at(self._buffers, tensor.Buffer()).DataLength(),
        )

    def _note(self) -> str | None:
        """Read the converter's note of the oldest runtime; zeros fill it up."""
        for note in self._entries(self._root, "Metadata"):
            if note.Name() == _NOTE:
                content = self._entries(_at(self._buffers, note.Buffer()), "Data")
                return self._text(bytes(content).rstrip(b"\0")) or None
        return None

    def _places(
        self, table: Any, name: str, tensors: tuple[Tensor, ...]
    ) -> tuple[int, ...]:
        """Read places of tensors, those an operator does without left out."""
        places = [place for place in self._entries(table, name) if place != _LEFT_OUT]
        for place in places:
            _at(tensors, place)
        return tuple(places)

    def _text(self, content: bytes | None) -> str:
        """Read a name, which will be shown."""
        text = (content or b"").decode(errors="replace")
        self._spend(len(text))
        return terminal_safe(text)

    def _entries(self, table: Any, name: str) -> tuple[Any, ...]:
        """Read a vector of a table."""
        length = getattr(table, f"{name}Length")()
        self._spend(_ENTRY_COST * length)
        return tuple(map(getattr(table, name), range(length)))

    def _spend(self, cost: int) -> None:
        self._budget -= cost
        if self._budget < 0:
            raise ConversionError(
                "a damaged TFLite model claims to hold more than a classifier has"
            )


def _at(entries: Sequence[_Entry], place: int) -> _Entry:
    """Give an entry; a negative place is none."""
    if place < 0:
        raise IndexError(f"entry {place}")
    return entries[place]
