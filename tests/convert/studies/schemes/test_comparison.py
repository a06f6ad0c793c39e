import json
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

import keras
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from click.testing import CliRunner, Result
from numpy.typing import NDArray
from pydantic import ValidationError

from calibration.calibration_set import CalibrationSet, find_images
from calibration.choose import Chooser
from convert.layers import normalized
from convert.quantize import Scheme, quantize, quantize_int8
from convert.studies.cli import study
from convert.studies.schemes.cli import scheme_table
from convert.studies.schemes.comparison import (
    SHIPPED,
    VARIANTS,
    SchemeComparison,
    SchemeRow,
    Variant,
    device_obstacle,
)
from hemalens.classifier import Int8Model
from hemalens.errors import BundleError, HemaLensError
from hemalens.files import sha256_of
from hemalens.image_set import ImageSet, read_class_folders
from hemalens.split import Split
from hemalens.statistics import clopper_pearson
from train.cache import CropArray, cached_crops, cached_pixels
from train.float_model import load_float_model, predict
from train.networks.ends import class_probabilities, normalize
from train.recipe import Recipe
from train.run import RECORD, new_record


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """A dataset, a calibration set, and a model that was made for them."""

    folder: Path
    data: Path
    images: ImageSet
    calibration_set: CalibrationSet

    def compare(self, output: Path, **instead: Path) -> Result:
        paths = {
            "model": self.folder / "best.keras",
            "data": self.data,
            "calibration-set": self.folder / "set.json",
            "cache": self.folder / "cache",
            "output": output,
            **instead,
        }
        arguments = ["schemes"]
        for name, path in paths.items():
            arguments += [f"--{name}", str(path)]
        return CliRunner(env={"COLUMNS": "100"}).invoke(
            study, arguments, catch_exceptions=False
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Finished:
    """A comparison, and the models it should be about."""

    comparison: SchemeComparison
    written: str
    shown: Result
    models: dict[Variant, bytes]
    calibration_crops: list[NDArray[np.uint8]]
    crops: NDArray[np.uint8]
    true: NDArray[np.int64]
    of_float: NDArray[np.intp]

    def row(self, variant: Variant) -> SchemeRow:
        (found,) = (row for row in self.comparison.rows if row.variant == variant)
        return found


class Conversions:
    """Converts as `convert.quantize` does and keeps what was made."""

    def __init__(self) -> None:
        self.models: dict[Variant, bytes] = {}
        self.crops: list[NDArray[np.uint8]] = []

    def quantize(
        self, network: keras.Model, crops: NDArray[np.uint8], scheme: Scheme
    ) -> bytes:
        return self._keep(Variant(scheme), crops, quantize(network, crops, scheme))

    def quantize_int8(self, network: keras.Model, crops: NDArray[np.uint8]) -> bytes:
        return self._keep(SHIPPED, crops, quantize_int8(network, crops))

    def _keep(self, variant: Variant, crops: NDArray[np.uint8], model: bytes) -> bytes:
        self.crops.append(crops)
        self.models[variant] = model
        return model


@pytest.fixture(scope="module")
def workshop(drawn_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    folder = tmp_path_factory.mktemp("schemes")
    images = read_class_folders(drawn_dataset)
    write_small_model(folder / "best.keras", images)
    chosen = Chooser(images).choose("stratified", size=8)
    (folder / "set.json").write_text(chosen.model_dump_json())
    return Workshop(
        folder=folder, data=drawn_dataset, images=images, calibration_set=chosen
    )


def write_small_model(path: Path, images: ImageSet) -> None:
    """Write a network of few layers, for speed, that tells the drawn cells apart."""
    keras.utils.set_random_seed(1)
    pixels = keras.Input((32, 32, 3))
    x = keras.layers.Conv2D(16, 3, strides=2, activation="relu")(normalize(pixels))
    x = keras.layers.Conv2D(32, 3, strides=2, activation="relu")(x)
    x = keras.layers.Flatten()(x)
    network = keras.Model(pixels, class_probabilities(x, 8))
    train = cached_crops(
        images.of_split(Split.TRAIN), size_px=32, folder=path.parent / "cache"
    )
    fit_last_layer(network, train)
    network.save(path)
    record = new_record(
        Recipe(model="cnn", input_size_px=32), images.digest, len(train.names), 16
    )
    with ZipFile(path, "a") as archive:
        archive.writestr(RECORD, record.model_dump_json())


def fit_last_layer(network: keras.Model, train: CropArray) -> None:
    """Fit logits by least squares; random ones call all cells the same."""
    last = network.layers[-1]
    features = predict(keras.Model(network.input, last.input), train.crops)
    mean = features.mean(axis=0)
    wanted = 8 * np.eye(8, dtype=np.float32)[train.class_indices]
    kernel = np.linalg.lstsq(features - mean, wanted, rcond=0.05)[0]
    last.set_weights([kernel, -mean @ kernel])


@pytest.fixture(scope="module")
def finished(workshop: Workshop) -> Finished:
    output, conversions = workshop.folder / "finished", Conversions()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("quantize", "quantize_int8"):
            kept = getattr(conversions, name)
            patch.setattr(f"convert.studies.schemes.comparison.{name}", kept)
        shown = workshop.compare(output)
    written = (output / "schemes.json").read_text()
    validation = cached_crops(
        workshop.images.of_split(Split.VALIDATION),
        size_px=32,
        folder=workshop.folder / "cache",
    )
    network = load_float_model(workshop.folder / "best.keras")
    return Finished(
        comparison=SchemeComparison.model_validate_json(written),
        written=written,
        shown=shown,
        models=conversions.models,
        calibration_crops=conversions.crops,
        crops=np.array(validation.crops),
        true=validation.class_indices,
        of_float=predict(network, validation.crops).argmax(axis=1),
    )


def classes_of(model: bytes, crops: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Run a model in another way than the comparison does: all crops at once."""
    interpreter = Interpreter(model_content=model)
    taken = interpreter.get_input_details()[0]
    interpreter.resize_tensor_input(taken["index"], crops.shape)
    interpreter.allocate_tensors()
    pixels = crops if taken["dtype"] == np.uint8 else normalized(crops)
    interpreter.set_tensor(taken["index"], pixels)
    interpreter.invoke()
    output = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    return np.asarray(output.argmax(axis=1), np.intp)


def test_every_scheme_is_compared_and_int8_both_ways(finished: Finished) -> None:
    variants = [row.variant for row in finished.comparison.rows]
    assert variants == list(VARIANTS)
    assert {variant.scheme for variant in variants} == set(Scheme)
    assert [variant.label for variant in variants[:2]] == [
        "int8 as shipped",
        "int8 plain",
    ]


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.label)
def test_figures_are_those_of_the_converted_model(
    finished: Finished, variant: Variant
) -> None:
    row, model = finished.row(variant), finished.models[variant]
    classes = classes_of(model, finished.crops)
    right = int((classes == finished.true).sum())
    assert row.model_bytes == len(model)
    assert row.accuracy == right / 16
    assert row.accuracy_ci95 == clopper_pearson(right, 16)
    assert row.agreement == np.mean(classes == finished.of_float)
    assert row.latency_ms > 0


def test_the_drawn_cells_are_told_apart(finished: Finished) -> None:
    # Were all of one class, the figures of different models could not differ.
    assert len(set(finished.of_float.tolist())) > 3


def test_every_scheme_gets_the_calibration_set(
    finished: Finished, workshop: Workshop
) -> None:
    chosen = find_images(workshop.calibration_set, workshop.images)
    wanted = cached_pixels(chosen, size_px=32, folder=workshop.folder / "cache")
    assert len(finished.calibration_crops) == len(VARIANTS)
    assert all(np.array_equal(c, wanted) for c in finished.calibration_crops)


def test_the_header_says_what_was_compared(
    finished: Finished, workshop: Workshop
) -> None:
    comparison = finished.comparison
    assert (comparison.split, comparison.n) == (Split.VALIDATION, 16)
    assert comparison.float_accuracy == np.mean(finished.of_float == finished.true)
    assert comparison.model_sha256 == sha256_of(workshop.folder / "best.keras")
    assert comparison.dataset_digest == workshop.images.digest
    assert comparison.calibration_set_digest == workshop.calibration_set.digest
    assert "only int8 may ship" in comparison.purpose


def test_float32_is_the_float_model(finished: Finished) -> None:
    row = finished.row(Variant(Scheme.FLOAT32))
    assert row.agreement == 1
    assert row.accuracy == finished.comparison.float_accuracy
    assert row.accuracy_ci95 == finished.comparison.float_accuracy_ci95


def test_files_shrink_with_the_width_of_their_weights(finished: Finished) -> None:
    size = {row.variant: row.model_bytes for row in finished.comparison.rows}
    plain = size[Variant(Scheme.INT8)]
    float16, float32 = size[Variant(Scheme.FLOAT16)], size[Variant(Scheme.FLOAT32)]
    assert size[SHIPPED] == plain
    assert plain < size[Variant(Scheme.INT16_ACTIVATIONS)] < float16 < float32
    assert size[Variant(Scheme.DYNAMIC_RANGE)] < float16


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.label)
def test_what_the_device_refuses_is_said_to_be_refused(
    finished: Finished, variant: Variant
) -> None:
    obstacle, model = finished.row(variant).device_obstacle, finished.models[variant]
    assert (obstacle is None) == (variant.scheme is Scheme.INT8)
    if obstacle is None:
        assert len(Int8Model(model).codes(finished.crops)) == 16
        return
    with pytest.raises(BundleError, match="uint8"):
        Int8Model(model)
    assert "takes and gives float32, not uint8" in obstacle


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    scheme: Scheme
    words: str

    @property
    def name(self) -> str:
        return f"{self.scheme}: {self.words}"


REASONS = (
    Reason(scheme=Scheme.INT16_ACTIVATIONS, words="its activations are int16"),
    Reason(scheme=Scheme.FLOAT16, words="its activations are float32"),
    Reason(scheme=Scheme.DYNAMIC_RANGE, words="its activations are float32"),
    Reason(scheme=Scheme.DYNAMIC_RANGE, words="FULLY_CONNECTED version 12"),
    Reason(scheme=Scheme.FLOAT32, words="its activations are float32"),
)


@pytest.mark.parametrize("reason", REASONS, ids=lambda reason: reason.name)
def test_the_reason_is_what_is_in_the_file(finished: Finished, reason: Reason) -> None:
    assert reason.words in str(finished.row(Variant(reason.scheme)).device_obstacle)


def test_an_operator_no_device_has_is_an_obstacle(
    finished: Finished, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = finished.models[SHIPPED]
    assert device_obstacle(model) is None
    monkeypatch.setattr("convert.operators.OPERATOR_RELEASES", {})
    assert "CONV_2D version 3 is not known" in str(device_obstacle(model))


def test_the_oldest_runtime_is_the_converters_note(finished: Finished) -> None:
    noted = {
        row.variant: row.minimum_runtime_version for row in finished.comparison.rows
    }
    assert str(noted[SHIPPED]).startswith("1.14")
    assert noted[SHIPPED] == noted[Variant(Scheme.INT8)]
    assert str(noted[Variant(Scheme.DYNAMIC_RANGE)]).startswith("2.17")


def test_the_table_fits_a_terminal_and_says_what_may_ship(finished: Finished) -> None:
    shown = finished.shown.stdout
    table = [line for line in shown.splitlines() if line[:1] in "┏┃┡│└"]
    assert max(map(len, table)) <= 100
    for variant in VARIANTS:
        assert sum(line.startswith(f"│ {variant.label} ") for line in table) == 1
    assert "For comparison only: only int8 may ship" in shown
    assert "No device runs float16: takes and gives float32" in shown
    assert "schemes.json" in shown
    assert finished.shown.stderr.splitlines() == [
        f"converting: {variant.label}" for variant in VARIANTS
    ]


def test_times_are_told_against_the_model_that_ships(finished: Finished) -> None:
    first, second, *others = finished.comparison.rows
    slower = second.model_copy(update={"latency_ms": 2.5 * first.latency_ms})
    rows = scheme_table(
        finished.comparison.model_copy(update={"rows": (first, slower, *others)})
    ).rows
    assert [row[5] for row in rows[:2]] == ["1.00", "2.50"]
    assert [row[7] for row in rows] == ["yes", "yes", "no", "no", "no", "no"]


def test_json_goes_through_its_model(finished: Finished) -> None:
    raw = json.loads(finished.written)
    assert SchemeComparison.model_validate(raw).model_dump(mode="json") == raw
    raw["rows"][0]["latency"] = raw["rows"][0].pop("latency_ms")
    with pytest.raises(ValidationError, match="latency_ms"):
        SchemeComparison.model_validate(raw)


@pytest.mark.parametrize(
    "missing", ["model", "data", "calibration-set", "calibration-images"]
)
def test_a_file_that_is_not_there_is_named(
    workshop: Workshop, tmp_path: Path, missing: str
) -> None:
    with pytest.raises(HemaLensError, match="gone") as refused:
        workshop.compare(tmp_path / "out", **{missing: tmp_path / "gone"})
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "out" / "schemes.json").exists()


def test_a_calibration_set_of_other_images_is_refused(
    workshop: Workshop, tmp_path: Path
) -> None:
    raw = json.loads(workshop.calibration_set.model_dump_json())
    raw["images"][0]["sha256"] = "0" * 64
    (tmp_path / "set.json").write_text(json.dumps(raw))
    with pytest.raises(HemaLensError, match="1 images of the calibration set are not"):
        workshop.compare(tmp_path / "out", **{"calibration-set": tmp_path / "set.json"})


def test_data_without_validation_images_are_refused(
    workshop: Workshop, tmp_path: Path
) -> None:
    for image in workshop.images.of_split(Split.TRAIN).images:
        copy = tmp_path / "data" / image.class_name / image.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.symlink_to(image.path)
    with pytest.raises(HemaLensError, match="is this split empty"):
        workshop.compare(tmp_path / "out", data=tmp_path / "data")


def test_an_output_that_cannot_be_written_is_told_before_converting(
    workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr("convert.studies.schemes.comparison.quantize_int8", None)
    with pytest.raises(HemaLensError, match="cannot make the folder"):
        workshop.compare(tmp_path / "file" / "out")
