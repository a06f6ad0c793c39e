import hashlib
import json
import re
from pathlib import Path

import keras
import numpy as np
import pytest
from click.testing import CliRunner, Result

from convert.cli import convert
from convert.inspection import ModelInspection, inspect_file, inspect_model
from convert.quantize import quantize_int8
from edge.bundles import open_bundle, shipped_bundles
from hemalens.bundle import bundle_bytes
from hemalens.errors import BundleError, ConversionError
from tests.convert.made_flatbuffer import Change, changed, small_model, with_code
from train.evaluation.macs import macs
from train.networks.ends import normalize
from train.networks.registry import build_network

BUNDLES = Path(__file__).parents[2] / "edge" / "bundles"
L = keras.layers


def inspect(*arguments: str | Path, columns: int = 80) -> Result:
    return CliRunner().invoke(
        convert, ["inspect", *map(str, arguments)], env={"COLUMNS": str(columns)}
    )


@pytest.fixture(scope="module")
def network() -> keras.Model:
    keras.utils.set_random_seed(3)
    x = pixels = keras.Input((17, 17, 3))
    biased = {"bias_initializer": "ones"}  # a bias of zeros is dropped
    for layer in (
        L.Lambda(normalize, name="normalize"),
        L.Conv2D(8, 3, strides=2, padding="same", activation="relu", **biased),
        L.Conv2D(12, 3, groups=2, **biased),
        L.DepthwiseConv2D(3, depth_multiplier=2, activation="relu6", **biased),
        L.Flatten(),
        L.Dense(8, activation="softmax", **biased),
    ):
        x = layer(x)
    return keras.Model(pixels, x)


@pytest.fixture(scope="module")
def model(network: keras.Model) -> bytes:
    crops = np.random.default_rng(0).integers(0, 256, (4, 17, 17, 3))
    return quantize_int8(network, crops.astype(np.uint8))


@pytest.fixture(scope="module")
def inspection(model: bytes) -> ModelInspection:
    return inspect_model(model)


def test_costs_are_those_of_the_float_network(
    network: keras.Model, inspection: ModelInspection
) -> None:
    assert inspection.macs == macs(network)
    assert sum(kind.macs for kind in inspection.operators) == inspection.macs
    assert inspection.parameters == network.count_params()


def test_weights_are_int8_per_channel_and_biases_int32(
    inspection: ModelInspection,
) -> None:
    biases, kernels = inspection.weights
    assert (biases.dtype, kernels.dtype) == ("int32", "int8")
    assert biases.size_bytes == 4 * biases.values
    assert kernels.size_bytes == kernels.values
    assert kernels.per_channel == kernels.tensors == 4
    assert kernels.size_bytes + biases.size_bytes < inspection.size_bytes


def test_ends_are_raw_pixels_and_codes_of_any_number(
    inspection: ModelInspection,
) -> None:
    (taken,), (given,) = inspection.inputs, inspection.outputs
    assert (taken.shape, taken.shape_signature) == ((1, 17, 17, 3), (-1, 17, 17, 3))
    assert (taken.dtype, taken.scale, taken.zero_point) == ("uint8", 1 / 128, 128)
    assert (given.shape, given.dtype, given.zero_point) == ((1, 8), "uint8", 0)


def test_activations_are_those_of_the_step_that_holds_most(
    inspection: ModelInspection,
) -> None:
    pixels = 17 * 17 * 3
    assert inspection.peak_activation_bytes == pixels + pixels  # uint8 becomes int8
    assert inspect_model(small_model()).peak_activation_bytes == 16 * (2 + 3)


@pytest.mark.parametrize("name", shipped_bundles())
def test_a_shipped_bundle_is_seen_whole(name: str) -> None:
    path = BUNDLES / f"{name}.hemalens"
    seen = inspect_file(path)
    content = path.read_bytes()
    assert (seen.size_bytes, seen.sha256) == (
        len(content),
        hashlib.sha256(content).hexdigest(),
    )
    assert seen.bundle is not None
    sizes = {member.name: member.size_bytes for member in seen.bundle.members}
    assert sizes["model.tflite"] == seen.model.size_bytes
    headers = seen.size_bytes - sum(sizes.values())
    assert 0 < headers < 2_000
    manifest = seen.bundle.manifest
    assert seen.model.minimum_runtime_version == manifest.minimum_runtime_version
    assert {one.dtype for one in seen.model.weights} == {"int8", "int32"}
    assert all(all(kind.runs_on.values()) for kind in seen.model.operators)


@pytest.mark.parametrize("name", ["cnn", "mobilenetv2"])
def test_a_shipped_model_costs_what_its_network_does(name: str) -> None:
    bundle = open_bundle(name)
    network = build_network(name, bundle.manifest.input.size_px)
    likeness = bundle.manifest.likeness
    features = network.layers[-1].input.shape[-1]
    second = features * likeness.dimensions if likeness else 0
    assert inspect_model(bundle.model).macs == macs(network) + second


def test_json_is_one_object() -> None:
    run = inspect(BUNDLES / "cnn.hemalens", "--json")
    seen = json.loads(run.stdout)
    assert seen["bundle"]["manifest"]["name"] == "cnn"
    assert seen["model"]["macs"] == 94_718_464
    assert {"name": "CONV_2D", "version": 3, "custom": False}.items() <= (
        seen["model"]["operators"][0].items()
    )
    assert seen["model"]["operators"][0]["runs_on"] == {
        "ai-edge-litert 2.1": True,
        "tflite-runtime 2.14.0": True,
    }


@pytest.mark.parametrize("columns", [80, 100])
def test_the_terminal_shows_a_bundle_within_its_width(columns: int) -> None:
    shown = inspect(BUNDLES / "mobilenetv2.hemalens", columns=columns).stdout
    assert max(map(len, shown.splitlines())) <= columns
    version = open_bundle("mobilenetv2").manifest.version
    for fact in (
        f"mobilenetv2 {version}",
        "DEPTHWISE_CONV_2D ",
        "97,845,248",
        "N x 8",
        "brought 0 % of the way",
        "none: serves any",
    ):
        assert fact in shown


def test_a_bare_model_is_shown_too(model: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bare.tflite"
    path.write_bytes(model)
    shown = inspect(path).stdout
    assert "N x 17 x 17 x 3 uint8" in shown
    assert "manifest" not in shown


def test_a_manifest_cannot_command_the_terminal(tmp_path: Path) -> None:
    bundle = open_bundle("cnn")
    manifest = bundle.manifest.model_copy(
        update={"licence": "\x1b[2J[bold]all[/i]", "evidence": None}
    )
    path = tmp_path / "hostile.hemalens"
    path.write_bytes(bundle_bytes(manifest, bundle.model, bundle.golden))
    assert "?[2J[bold]all[/i]" in inspect(path).stdout


@pytest.mark.parametrize(
    ("change", "litert", "tflite"),
    [
        pytest.param(with_code(3, 8), True, False, id="newer"),
        pytest.param(with_code(3, 99), None, None, id="unknown"),
        pytest.param(with_code(32, 1, "Sharpen"), False, False, id="custom"),
    ],
)
def test_it_is_said_who_runs_an_operator(
    change: Change, litert: bool | None, tflite: bool | None
) -> None:
    (kind,) = inspect_model(changed(small_model(), change)).operators
    assert tuple(kind.runs_on.values()) == (litert, tflite)


def test_a_damaged_model_in_a_bundle_is_said_with_its_file(tmp_path: Path) -> None:
    bundle = open_bundle("cnn")
    path = tmp_path / "damaged.hemalens"
    manifest = bundle.manifest.model_copy(update={"evidence": None})
    path.write_bytes(bundle_bytes(manifest, b"no model", bundle.golden))
    with pytest.raises(ConversionError, match=r"damaged\.hemalens: no TFLite model"):
        inspect_file(path)


def test_a_shipped_bundle_goes_by_its_name() -> None:
    ran = CliRunner().invoke(convert, ["inspect", "cnn"])
    assert ran.exit_code == 0, ran.output
    assert f"cnn {open_bundle('cnn').manifest.version}" in ran.stdout


def test_an_adapted_bundle_does_not_boast_of_its_parents_figures(
    tmp_path: Path,
) -> None:
    bundle = open_bundle("cnn")
    path = tmp_path / "adapted.hemalens"
    bare = bundle.manifest.model_copy(update={"evidence": None, "measured": None})
    path.write_bytes(bundle_bytes(bare, bundle.model, bundle.golden))
    said = inspect(path).stdout
    assert "not measured since the bundle was adapted" in said
    assert re.search(r"validated +not yet", said)


def test_a_damaged_bundle_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "damaged.hemalens"
    path.write_bytes((BUNDLES / "cnn.hemalens").read_bytes()[:-1])
    with pytest.raises(BundleError, match=r"damaged\.hemalens"):
        inspect_file(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match=r"cannot read .*absent\.tflite: No such"):
        inspect_file(tmp_path / "absent.tflite")
