"""A conversion gone wrong does not pass the gate; the same one done right does."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from calibration.calibration_set import find_images
from convert.evidence.report import ValidationReport
from convert.evidence.validate import Validation
from convert.quantize import quantize_int8
from hemalens.bundle import Bundle, GoldenVectors
from hemalens.classes import CLASS_NAMES
from hemalens.classifier import Int8Model
from tests.convert.evidence.conftest import SIZE_PX, Workshop
from train.cache import CropArray, cached_crops
from train.float_model import load_float_model


def with_model(bundle: Bundle, model: bytes) -> Bundle:
    """Pack another model as its maker would: with its own golden vectors."""
    opened = Int8Model(model)
    golden = GoldenVectors(
        inputs=bundle.golden.inputs, outputs=opened.codes(bundle.golden.inputs)
    )
    likeness = bundle.manifest.likeness if opened.dimensions else None
    manifest = bundle.manifest.model_copy(
        update={"output": opened.output, "likeness": likeness}
    )
    return replace(bundle, model=model, golden=golden, manifest=manifest)


def with_a_wrong_scale(model: bytes) -> bytes:
    """Double the scales of one convolution's weights."""
    content = bytearray(model)
    graph = schema.Model.GetRootAs(content, 0).Subgraphs(0)
    convolution = next(
        graph.Operators(index)
        for index in range(2, graph.OperatorsLength())
        if graph.Operators(index).BuiltinOptionsType()
        == schema.BuiltinOptions.Conv2DOptions
    )
    scales = graph.Tensors(convolution.Inputs(1)).Quantization().ScaleAsNumpy()
    scales *= 2
    return bytes(content)


def calibration_crops(workshop: Workshop) -> CropArray:
    chosen = find_images(workshop.calibration_set, workshop.images)
    return cached_crops(chosen, size_px=SIZE_PX, folder=workshop.cache)


def wrong_colour_order(crops: CropArray) -> NDArray[np.uint8]:
    return np.ascontiguousarray(crops.crops[..., ::-1])


def one_class_only(crops: CropArray) -> NDArray[np.uint8]:
    platelets = crops.class_indices == CLASS_NAMES.index("platelet")
    return np.asarray(crops.crops[platelets])


def failed(report: ValidationReport) -> set[str]:
    return {one.name for one in report.criteria if not one.passed}


def test_the_honest_conversion_passes(validation: Validation) -> None:
    assert failed(validation.report) == set()
    assert validation.report.passed
    assert validation.report.float_model.accuracy > 0.85


def test_a_layer_with_a_wrong_scale_fails_and_is_named(
    workshop: Workshop, good: Bundle, validation: Validation
) -> None:
    found = workshop.judge(with_model(good, with_a_wrong_scale(good.model)))
    assert not found.report.passed
    assert {"agreement", "non_inferiority"} <= failed(found.report)
    changed = next(
        before.name
        for before, after in zip(
            validation.report.layers, found.report.layers, strict=True
        )
        if after.sqnr_db < before.sqnr_db - 1
    )
    worst = max(found.report.layers, key=lambda layer: layer.added_db)
    assert worst.name == changed


@pytest.mark.parametrize("spoil", [wrong_colour_order, one_class_only])
def test_a_wrong_calibration_fails(
    workshop: Workshop,
    good: Bundle,
    spoil: Callable[[CropArray], NDArray[np.uint8]],
) -> None:
    network = load_float_model(workshop.float_model)
    model = quantize_int8(network, spoil(calibration_crops(workshop)))
    found = workshop.judge(with_model(good, model))
    assert not found.report.passed
