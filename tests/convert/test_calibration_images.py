"""Where the calibration set's images lie, for ``hemalens convert int8``."""

from pathlib import Path

import cv2
import keras
import numpy as np
import pytest
from click.testing import CliRunner, Result
from numpy.typing import NDArray

from calibration.calibration_set import CalibrationSet, find_images, read_images_for
from calibration.choose import Chooser
from convert.cli import int8
from convert.quantize import quantize_int8
from hemalens.bundle import read_bundle
from hemalens.errors import HemaLensError
from hemalens.image_set import read_class_folders, read_unlabelled
from tests.convert.untrained_model import write_untrained_model
from train.cache import cached_pixels


@pytest.fixture(scope="module")
def model(drawn_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "best.keras"
    return write_untrained_model(path, read_class_folders(drawn_dataset))


class OneConversion:
    """Converts for the first crops, and keeps which it was given."""

    def __init__(self) -> None:
        self.heard: list[NDArray[np.uint8]] = []
        self._model = b""

    def __call__(self, network: keras.Model, crops: NDArray[np.uint8]) -> bytes:
        self.heard.append(crops)
        self._model = self._model or quantize_int8(network, crops)
        return self._model


@pytest.fixture(scope="module")
def conversion() -> OneConversion:
    return OneConversion()


@pytest.fixture(params=["class folders", "no classes"])
def device_images(
    drawn_dataset: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> Path:
    """Give the images of a dimmer microscope."""
    folder = tmp_path / "device"
    for path in drawn_dataset.glob("*/*.jpg"):
        labelled = request.param == "class folders"
        parent = folder / path.parent.name if labelled else folder
        parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(parent / path.name), cv2.imread(str(path)) // 2)
    return folder


@pytest.fixture
def device_set(device_images: Path) -> CalibrationSet:
    labelled = (device_images / "ig").is_dir()
    read = read_class_folders if labelled else read_unlabelled
    return Chooser(read(device_images)).choose("k-centre", size=9)


def convert(model: Path, data: Path, folder: Path, *options: object) -> Result:
    arguments = [
        *("--model", model, "--data", data, "--cache", folder / "cache"),
        *("--calibration-set", folder / "set.json"),
        *("--output", folder / "mine.hemalens", *options),
    ]
    return CliRunner().invoke(int8, list(map(str, arguments)), catch_exceptions=False)


def test_a_model_is_calibrated_with_the_devices_own_images(
    model: Path,
    drawn_dataset: Path,
    device_images: Path,
    device_set: CalibrationSet,
    conversion: OneConversion,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("convert.make_bundle.quantize_int8", conversion)
    (tmp_path / "set.json").write_text(device_set.model_dump_json())
    ran = convert(model, drawn_dataset, tmp_path, "--calibration-images", device_images)
    assert ran.exit_code == 3
    assert "NOT fit for a device: accuracy" in ran.output
    assert "is no more than chance" in ran.output
    assert "whose images it was trained on is not stated" in ran.output
    bundle = read_bundle(tmp_path / "mine.hemalens")
    assert "PBC" not in bundle.manifest.training.dataset
    assert bundle.manifest.calibration_set_digest == device_set.digest
    crops = conversion.heard[-1]
    listed = find_images(device_set, read_images_for(device_set, device_images))
    wanted = cached_pixels(listed, size_px=32, folder=tmp_path / "another cache")
    assert np.array_equal(crops, wanted)
    assert crops.max() < 150  # half the light, and what JPEG adds


def test_without_their_folder_the_images_are_missed(
    model: Path, drawn_dataset: Path, device_set: CalibrationSet, tmp_path: Path
) -> None:
    (tmp_path / "set.json").write_text(device_set.model_dump_json())
    with pytest.raises(HemaLensError, match="9 images of the calibration set"):
        convert(model, drawn_dataset, tmp_path)
    assert not (tmp_path / "mine.hemalens").exists()
