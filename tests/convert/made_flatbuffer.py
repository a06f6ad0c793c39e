"""Flatbuffers made by hand, or changed after the converter made them."""

from collections.abc import Callable

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

Change = Callable[[schema.ModelT], None]


def small_model() -> bytes:
    """Make one convolution of 2 channels to 3 on 4 x 4 px; no runtime has run it."""
    model = schema.ModelT()
    model.version = 3
    model.buffers = [
        _buffer(b""),
        _buffer(bytes(6)),
        _buffer(bytes(12)),
        _buffer(b"1.14.0".ljust(16, b"\0")),
    ]
    model.operatorCodes = [code(schema.BuiltinOperator.CONV_2D, 3)]
    model.metadata = [schema.MetadataT()]
    model.metadata[0].name, model.metadata[0].buffer = "min_runtime_version", 3
    graph = schema.SubGraphT()
    graph.tensors = [
        _tensor("pixels", [1, 4, 4, 2], schema.TensorType.UINT8, scales=1),
        _tensor("kernel", [3, 1, 1, 2], schema.TensorType.INT8, scales=3, buffer=1),
        _tensor("bias", [3], schema.TensorType.INT32, scales=3, buffer=2),
        _tensor("codes", [1, 4, 4, 3], schema.TensorType.UINT8, scales=1),
    ]
    step = schema.OperatorT()
    step.opcodeIndex, step.inputs, step.outputs = 0, [0, 1, 2], [3]
    graph.operators, graph.inputs, graph.outputs = [step], [0], [3]
    model.subgraphs = [graph]
    return packed(model)


def code(builtin: int, version: int = 1, custom: str | None = None):
    """Make an operator code."""
    made = schema.OperatorCodeT()
    made.builtinCode, made.deprecatedBuiltinCode = builtin, min(builtin, 127)
    made.version, made.customCode = version, custom
    return made


def with_code(builtin: int, version: int = 1, custom: str | None = None) -> Change:
    """Make a change that leaves one operator code."""

    def change(model: schema.ModelT) -> None:
        model.operatorCodes = [code(builtin, version, custom)]

    return change


def packed(model: schema.ModelT) -> bytes:
    """Write a model as a file."""
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def changed(model: bytes, change: Change) -> bytes:
    """Change a model and write it again."""
    opened = schema.ModelT.InitFromPackedBuf(model)
    change(opened)
    return packed(opened)


def _tensor(name: str, shape: list[int], dtype: int, *, scales: int, buffer: int = 0):
    tensor = schema.TensorT()
    tensor.name, tensor.shape, tensor.type, tensor.buffer = name, shape, dtype, buffer
    tensor.quantization = schema.QuantizationParametersT()
    tensor.quantization.scale = [0.5] * scales
    tensor.quantization.zeroPoint = [0] * scales
    return tensor


def _buffer(content: bytes):
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(content, np.uint8) if content else None
    return buffer
