"""The finder's bundle is read whole and verified, or not at all."""

from pathlib import Path

import numpy as np
import pytest

from hemalens.bundle import parse_bundle
from hemalens.errors import BundleError
from hemalens.finder_bundle import (
    finder_bundle_bytes,
    parse_finder_bundle,
    read_finder_bundle,
)
from hemalens.finder_manifest import (
    FinderManifest,
    FinderOrigin,
    FinderView,
    TrainingSet,
)
from hemalens.golden_vectors import GoldenVectors
from hemalens.manifest import QuantizedTensor
from tests.hemalens.made_bundle import made_parts

GOLDEN = GoldenVectors(
    inputs=np.zeros((2, 16, 16, 3), np.uint8),
    outputs=np.zeros((2, 8 * 8 * 5), np.uint8),
)


def made_finder_manifest(view: FinderView | None = None) -> FinderManifest:
    """Make the manifest of a made finder."""
    return FinderManifest(
        kind="finder",
        name="finder",
        version="1.0.0",
        view=view or FinderView(),
        input=QuantizedTensor(scale=1 / 128, zero_point=128),
        output=QuantizedTensor(scale=1 / 256, zero_point=0),
        minimum_runtime_version="2.5.0",
        golden_tolerance_codes=8,
        multiply_accumulates=1_000,
        training=FinderOrigin(
            architecture="made",
            float_model_sha256="0" * 64,
            sets=(TrainingSet(name="made", fields=1, licence="MIT", attribution="us"),),
            held_out="nothing",
            caveat="made",
        ),
        measured=(),
        licence="Apache-2.0",
        attribution="us",
    )


def test_a_bundle_comes_back_as_it_was_packed(tmp_path: Path) -> None:
    manifest = made_finder_manifest()
    content = finder_bundle_bytes(manifest, b"model", GOLDEN)
    assert content == finder_bundle_bytes(manifest, b"model", GOLDEN)
    path = tmp_path / "finder.hemalens"
    path.write_bytes(content)
    bundle = read_finder_bundle(path)
    assert bundle.manifest == manifest
    assert bundle.model == b"model"
    assert bundle.signature is None
    np.testing.assert_array_equal(bundle.golden.outputs, GOLDEN.outputs)


def test_one_byte_changed_is_refused() -> None:
    content = bytearray(finder_bundle_bytes(made_finder_manifest(), b"model", GOLDEN))
    content[content.index(b"model.tflite") + 200] ^= 1
    with pytest.raises(BundleError):
        parse_finder_bundle(bytes(content))


def test_a_finder_of_another_view_is_refused() -> None:
    other = made_finder_manifest(FinderView(pixel_size_um=0.5))
    with pytest.raises(BundleError, match="shown otherwise"):
        finder_bundle_bytes(other, b"model", GOLDEN)


def test_golden_outputs_are_of_the_inputs_size() -> None:
    small = GoldenVectors(inputs=GOLDEN.inputs, outputs=GOLDEN.outputs[:, :-1].copy())
    with pytest.raises(BundleError, match="do not fit"):
        finder_bundle_bytes(made_finder_manifest(), b"model", small)


def test_classifier_and_finder_are_not_taken_for_each_other() -> None:
    with pytest.raises(BundleError, match="manifest"):
        parse_bundle(finder_bundle_bytes(made_finder_manifest(), b"model", GOLDEN))
    with pytest.raises(BundleError, match="manifest"):
        parse_finder_bundle(made_parts().packed())
