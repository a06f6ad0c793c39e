import json
import struct
from contextlib import suppress

import pytest
from ai_edge_litert import schema_py_generated as schema
from hypothesis import given, settings
from hypothesis import strategies as st

from convert.flatbuffer import input_and_output, read_graph
from convert.inspection import inspect_model
from convert.operators import require_supported
from hemalens.errors import ConversionError
from hemalens.manifest import SUPPORTED_RUNTIMES
from tests.convert.made_flatbuffer import changed, small_model

MODEL = small_model()

unhurried = settings(deadline=None)


def is_read_or_refused(model: bytes) -> None:
    with suppress(ConversionError):
        shown = json.loads(inspect_model(model).model_dump_json())
        assert shown["size_bytes"] == len(model)
    with suppress(ConversionError):
        require_supported(model, SUPPORTED_RUNTIMES)
    with suppress(ConversionError):
        input_and_output(model)


@unhurried
@given(
    st.lists(st.tuples(st.integers(0, len(MODEL) - 1), st.integers(0, 255)), max_size=8)
)
def test_a_damaged_model_is_read_or_refused(flips: list[tuple[int, int]]) -> None:
    damaged = bytearray(MODEL)
    for place, byte in flips:
        damaged[place] = byte
    is_read_or_refused(bytes(damaged))


@unhurried
@given(
    st.integers(0, len(MODEL) // 4 - 1),
    st.sampled_from([-(2**31), -4, -1, 1, 2**16, 2**28, 2**31 - 1]),
)
def test_a_false_offset_or_length_is_read_or_refused(word: int, value: int) -> None:
    damaged = bytearray(MODEL)
    struct.pack_into("<i", damaged, 4 * word, value)
    is_read_or_refused(bytes(damaged))


def test_a_truncated_model_is_read_or_refused() -> None:
    for length in range(len(MODEL)):
        is_read_or_refused(MODEL[:length])


@unhurried
@given(st.binary(max_size=400))
def test_garbage_that_begins_as_a_model_is_read_or_refused(garbage: bytes) -> None:
    is_read_or_refused(b"\x10\0\0\0TFL3" + garbage)


@pytest.mark.parametrize("content", [b"", b"TFL3", b"PK\3\4" * 20, b"no model" * 9])
def test_what_is_no_model_is_said_to_be_none(content: bytes) -> None:
    with pytest.raises(ConversionError, match="no TFLite model"):
        read_graph(content)


def test_a_list_that_claims_to_be_endless_is_refused() -> None:
    tensors = schema.Model.GetRootAs(MODEL, 0).Subgraphs(0)._tab
    start = tensors.Vector(tensors.Offset(4)) - 4
    endless = bytearray(MODEL)
    assert struct.unpack_from("<I", endless, start) == (4,)
    struct.pack_into("<I", endless, start, 2**30)
    with pytest.raises(ConversionError, match="damaged"):
        read_graph(bytes(endless))


@pytest.mark.parametrize("place", [4, -2, 2**31 - 1])
def test_an_index_of_no_tensor_is_refused(place: int) -> None:
    def point_to_nothing(model: schema.ModelT) -> None:
        model.subgraphs[0].operators[0].inputs = [0, 1, place]

    with pytest.raises(ConversionError, match="damaged"):
        read_graph(changed(MODEL, point_to_nothing))


def test_two_graphs_are_no_classifier() -> None:
    def double(model: schema.ModelT) -> None:
        model.subgraphs *= 2

    with pytest.raises(ConversionError, match="2 graphs"):
        read_graph(changed(MODEL, double))


def test_a_name_cannot_command_the_terminal() -> None:
    def rename(model: schema.ModelT) -> None:
        model.subgraphs[0].tensors[0].name = "\x1b[2Jpixels"

    assert read_graph(changed(MODEL, rename)).tensors[0].name == "?[2Jpixels"


def test_a_tensor_of_no_shape_is_refused() -> None:
    def shrink(model: schema.ModelT) -> None:
        model.subgraphs[0].tensors[0].shape = [1, -4, 4, 2]

    with pytest.raises(ConversionError, match="shape"):
        read_graph(changed(MODEL, shrink))


def test_a_convolution_without_weights_is_refused() -> None:
    def disarm(model: schema.ModelT) -> None:
        model.subgraphs[0].operators[0].inputs = [0]

    with pytest.raises(ConversionError, match="CONV_2D without weights"):
        inspect_model(changed(MODEL, disarm))


def test_a_float_input_is_named() -> None:
    def unquantize(model: schema.ModelT) -> None:
        tensor = model.subgraphs[0].tensors[0]
        tensor.type, tensor.quantization = schema.TensorType.FLOAT32, None

    with pytest.raises(ConversionError, match="pixels is float32"):
        input_and_output(changed(MODEL, unquantize))
