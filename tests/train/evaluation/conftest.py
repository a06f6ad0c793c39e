from pathlib import Path

import numpy as np
import pytest

from hemalens.classes import CLASS_NAMES
from tests.train.evaluation.flat_dataset import write_flat_dataset
from train.evaluation.measure import Predictions


@pytest.fixture(scope="session")
def flat_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three training and two validation images of each class, one colour each."""
    return write_flat_dataset(tmp_path_factory.mktemp("flat"))


@pytest.fixture(scope="session")
def crop_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def short_timing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("train.evaluation.speed._SECONDS", 0.001)


@pytest.fixture(scope="session")
def mixed_predictions() -> Predictions:
    """Three training images, all right; two validation images, one wrong."""
    true = np.array([0, 1, 2, 0, 1])
    probabilities = np.full((5, len(CLASS_NAMES)), 0.025, np.float32)
    for row, called in enumerate((0, 1, 2, 0, 3)):
        probabilities[row, called] = 0.825
    splits = np.array(["train"] * 3 + ["validation"] * 2)
    return Predictions(
        true=true,
        probabilities=probabilities,
        splits=splits,
        seen=splits == "train",
    )
