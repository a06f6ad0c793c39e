"""The finder as an int8 model in a bundle: calibrated, measured, proved by vectors."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import keras
import numpy as np
from numpy.typing import NDArray

from convert.flatbuffer import input_and_output, minimum_runtime_version, read_graph
from convert.inference_cost import macs
from convert.quantize import quantize_int8
from edge.capture.demo_slide import DemoSlide
from edge.segment.finder import Finder
from hemalens.errors import ConversionError
from hemalens.files import sha256_of
from hemalens.finder import at_finder_scale, standardise
from hemalens.finder_bundle import finder_bundle_bytes
from hemalens.finder_manifest import (
    FinderManifest,
    FinderOrigin,
    FinderView,
    MeasuredKind,
    MeasuredMicroscope,
)
from hemalens.golden_vectors import GoldenVectors
from train.finder.batches import FinderBatches
from train.finder.credits import training_sets
from train.finder.fields import Field, Kind
from train.finder.measure import Found, measure
from train.finder.network import finder_network
from train.finder.record import finder_record_in
from train.float_model import load_float_model

CONVERTED_SIDE_PX: Final = 160
"""Of the input the file is written with; interpreters resize it."""
LARGEST_BYTES: Final = 500_000
CALIBRATION_CROPS: Final = 64
GOLDEN_SIDE_PX: Final = 96
GOLDEN_TOLERANCE_CODES: Final = 32
FRAME_WH: Final = (640, 368)
"""A 1080p frame at 0.1 µm per pixel, as the finder sees it."""
LICENCE: Final = "Apache-2.0 (weights); training images as named under training"
HELD_OUT: Final = (
    "PBC: the project's validation split; BCCD, chula_rbc12, phone_eyepiece: every "
    "fifth number; chula_wbc: slides B-56, B-57, E-12, E-13, L-9 and every fifth cell "
    "of M-8 and N-3B"
)
CAVEAT: Final = (
    "Held-out fields are of microscopes that were trained on, except where seen is "
    "false; boxes are incomplete on BCCD, chula_wbc and chula_rbc12, so that "
    "precision is a lower bound there."
)
_KINDS: Final = {
    Kind.WHITE: "white_cell",
    Kind.RED: "red_cell",
    Kind.PLATELET: "platelet",
}


def quantize_finder(float_model: keras.Model, codes: NDArray[np.uint8]) -> bytes:
    """Quantize a finder.

    Parameters
    ----------
    float_model : keras.Model
        Of `train.finder`.
    codes : ndarray of shape (N, 160, 160, 3), uint8
        Standardised crops that fix the activations' ranges.

    Returns
    -------
    bytes
        A TFLite flatbuffer, uint8 in and out; height and width can be resized to any
        multiples of 16.

    Raises
    ------
    ConversionError
        When the model is no finder, cannot be quantized, or is too large.
    """
    sized = finder_network(CONVERTED_SIDE_PX)
    try:
        sized.set_weights(float_model.get_weights())
    except ValueError as error:
        raise ConversionError(
            "the model is no finder: train one with 'hemalens train finder'"
        ) from error
    # Three linear layers alone could be corrected, at the price of minutes.
    model = quantize_int8(sized, codes, corrected=False)
    if len(model) > LARGEST_BYTES:
        raise ConversionError(
            f"the finder takes {len(model)} B, wanted at most {LARGEST_BYTES}"
        )
    return model


def make_finder_bundle(
    float_model: Path, fields: Sequence[Field], *, name: str, version: str
) -> bytes:
    """Quantize a finder, measure it on fields held out, pack it.

    Parameters
    ----------
    float_model : Path
        The ``.keras`` file of a run.
    fields : sequence of Field
        Those not held out calibrate, the others measure.
    name, version : str
        Of the bundle.

    Raises
    ------
    TrainingError
        When the model cannot be read, or does not say how it was trained.
    DatasetError
        When no field is there to calibrate on.
    ConversionError
        When the model cannot be made int8.
    """
    record = finder_record_in(float_model)
    known = [one for one in fields if not one.held_out and one.source in record.fields]
    model = quantize_finder(load_float_model(float_model), calibration_codes(known))
    sets = training_sets(record.fields)
    taken, returned = input_and_output(model)
    manifest = FinderManifest(
        kind="finder",
        name=name,
        version=version,
        view=FinderView(),
        input=taken,
        output=returned,
        minimum_runtime_version=minimum_runtime_version(model),
        golden_tolerance_codes=GOLDEN_TOLERANCE_CODES,
        multiply_accumulates=frame_macs(model),
        training=FinderOrigin(
            architecture=(
                f"U-Net, {record.steps} steps of {record.batch_size} crops, begun from "
                f"{record.initial_weights[:12]}"
            ),
            float_model_sha256=sha256_of(float_model),
            sets=sets,
            held_out=HELD_OUT,
            caveat=CAVEAT,
        ),
        measured=measured_microscopes(
            model,
            [one for one in fields if one.held_out],
            {one.name for one in sets},
        ),
        licence=LICENCE,
        attribution="Trained on: " + "; ".join(one.attribution for one in sets),
    )
    return finder_bundle_bytes(manifest, model, golden_vectors(model))


def calibration_codes(fields: Sequence[Field]) -> NDArray[np.uint8]:
    """Draw the crops that fix the activations' ranges: training's own."""
    batches = FinderBatches(fields, 1, CALIBRATION_CROPS, CONVERTED_SIDE_PX, seed=1)
    return batches[0][0]


def measured_microscopes(
    model: bytes, fields: Iterable[Field], trained_on: set[str]
) -> tuple[MeasuredMicroscope, ...]:
    """Measure the int8 model, source by source."""
    fields = list(fields)
    finder = Finder(model)
    found = measure(
        lambda codes: np.asarray(finder.maps(codes) / 255, np.float32), fields
    )
    return tuple(
        MeasuredMicroscope(
            name=source,
            seen=source in trained_on,
            fields=sum(one.source == source for one in fields),
            kinds=tuple(_measured(kind, count) for kind, count in kinds.items()),
        )
        for source, kinds in found.items()
        if kinds
    )


def _measured(kind: Kind, count: Found) -> MeasuredKind:
    return MeasuredKind.model_validate(
        {
            "kind": _KINDS[kind],
            "labelled": count.labelled,
            "found": count.found,
            "recall": count.recall,
            "precision": count.precision,
            "recall_by_overlap": count.recall_by_overlap,
            "precision_by_overlap": count.precision_by_overlap,
            "mean_field_error": count.mean_field_error,
        }
    )


def golden_vectors(model: bytes) -> GoldenVectors:
    """Show the model drawn cells, so that no dataset's image is in a bundle."""
    side = GOLDEN_SIDE_PX
    with DemoSlide(seed=3, frames=2, mix="uniform") as slide:
        frames = [
            at_finder_scale(frame.image, slide.pixel_size_um)[:side, :side]
            for frame in slide
        ]
    inputs = np.stack([standardise(np.ascontiguousarray(one)) for one in frames])
    finder = Finder(model)
    outputs = np.stack([finder.maps(one).ravel() for one in inputs])
    return GoldenVectors(inputs=inputs, outputs=outputs)


def frame_macs(model: bytes) -> int:
    """Count the multiply-accumulates of a frame of `FRAME_WH`."""
    graph = read_graph(model)
    counted = sum(macs(operator, graph) for operator in graph.operators)
    width, height = FRAME_WH
    return round(counted * width * height / CONVERTED_SIDE_PX**2)
