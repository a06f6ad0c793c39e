"""Each of the nine trains, is saved, loaded again and becomes int8."""

from pathlib import Path

import numpy as np
import pytest

from convert.quantize import quantize_int8
from hemalens.classifier import Int8Model
from train.cache import CropArray
from train.cli import MODEL_NAMES
from train.distribution import Devices
from train.fit import FitData, fit
from train.float_model import load_float_model, predict
from train.recipe import recipe_for
from train.run import EpochRecord, RunFolder, new_record

NINE = [name for name in MODEL_NAMES if not name.startswith("paper_cnn")]
SMALLEST_PX = {"inceptionv3": 75}
QUICK = {"cnn", "mobilenetv2"}
"""The others take minutes to trace and convert: 'make test-slow' runs them."""


class Listener:
    def __init__(self) -> None:
        self.epochs: list[EpochRecord] = []

    def batch(self, epoch: int, fraction: float, loss: float, rate: float) -> None:
        pass

    def epoch(self, record: EpochRecord) -> None:
        self.epochs.append(record)


def discs(count: int, side_px: int) -> CropArray:
    """Discs of eight colours, a class each."""
    y, x = np.mgrid[:side_px, :side_px]
    inside = np.hypot(y - side_px / 2, x - side_px / 2) < side_px / 4
    colours = np.random.default_rng(0).integers(0, 200, (8, 3))
    classes = np.arange(count) % 8
    crops = np.where(inside[..., None], colours[classes][:, None, None], 230)
    return CropArray(
        crops=crops.astype(np.uint8), class_indices=classes, names=("",) * count
    )


@pytest.mark.parametrize(
    "name",
    [
        name if name in QUICK else pytest.param(name, marks=pytest.mark.slow)
        for name in NINE
    ],
)
def test_a_network_goes_all_the_way(name: str, tmp_path: Path) -> None:
    size = SMALLEST_PX.get(name, 32)
    changes = {"input_size_px": size, "batch_size": 8, "epochs": 1}
    recipe = recipe_for(name).model_copy(
        update={**changes, "initial_weights": "none", "context": 1.375}
    )
    run, heard = RunFolder(tmp_path), Listener()
    run.begin(new_record(recipe, "a" * 64, 16, 8))
    data = FitData(windows=discs(16, round(size * 1.375)), validation=discs(8, size))
    fit(recipe, data, run, heard, Devices(accelerators=0))
    assert [record.epoch for record in heard.epochs] == [1]

    network = load_float_model(run.best_model)
    crops = discs(8, size).crops
    expected = predict(network, crops)
    assert expected == pytest.approx(predict(network, crops))
    int8_model = Int8Model(quantize_int8(network, crops))
    assert np.abs(int8_model.probabilities(crops) - expected).max() < 0.15
