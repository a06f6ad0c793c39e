"""Run folders written by hand."""

import json
from pathlib import Path

import keras
import numpy as np

from hemalens.bundle import bundle_bytes
from hemalens.classes import CLASS_NAMES
from hemalens.golden_vectors import GoldenVectors
from hemalens.manifest import (
    DecisionThresholds,
    Manifest,
    MeasuredAccuracy,
    ModelInput,
    QuantizedTensor,
    TrainingOrigin,
)
from hemalens.split import SPLIT_RULE
from tests.train.evaluation.flat_dataset import SIZE_PX

DIGEST = "d" * 64


def write_run(
    folder: Path,
    network: keras.Model | None = None,
    *,
    model: str = "cnn",
    seed: int = 0,
    epochs: int = 3,
    done: int = 3,
    split_rule: str = SPLIT_RULE,
    dataset_digest: str = DIGEST,
) -> Path:
    """Write run.json, history.json and best.keras; 100, 200, 300 … images a second."""
    folder.mkdir(parents=True)
    recipe = {"model": model, "input_size_px": SIZE_PX, "epochs": epochs, "seed": seed}
    record = {
        "recipe": recipe,
        "dataset_digest": dataset_digest,
        "split_rule": split_rule,
        "train_images": 24,
        "validation_images": 16,
        "hemalens_version": "0.1.0",
    }
    history = [
        {
            "epoch": epoch,
            "loss": 1 / epoch,
            "validation_loss": 1.5 / epoch,
            "validation_accuracy": 1 - 0.5 / epoch,
            "images_per_second": 100 * epoch,
        }
        for epoch in range(1, done + 1)
    ]
    (folder / "run.json").write_text(json.dumps(record))
    (folder / "history.json").write_text(json.dumps(history))
    if network is not None:
        network.save(folder / "best.keras")
    return folder


def write_run_bundle(
    path: Path, *, version: str = "1.0.0", architecture: str = "cnn"
) -> None:
    """Write a bundle whose model is 2,500 bytes of nothing."""
    tensor = QuantizedTensor(scale=1 / 128, zero_point=128)
    manifest = Manifest(
        name="made",
        version=version,
        classes=CLASS_NAMES,
        input=ModelInput(size_px=SIZE_PX, crop_side_um=24.32, quantization=tensor),
        output=QuantizedTensor(scale=1 / 256, zero_point=0),
        minimum_runtime_version="1.14.0",
        golden_tolerance_codes=8,
        training=TrainingOrigin(
            architecture=architecture,
            difference_from_paper="none",
            dataset="made",
            dataset_digest=DIGEST,
            train_images=24,
            split_rule=SPLIT_RULE,
            caveat="made",
        ),
        calibration_set_digest="c" * 64,
        measured=MeasuredAccuracy(
            split="validation",
            n=16,
            accuracy=0.875,
            accuracy_ci95=(0.6, 0.98),
            float_accuracy=1,
            agreement=0.875,
        ),
        thresholds=DecisionThresholds(minimum_probability=0.6),
        licence="made",
        attribution="made",
    )
    golden = GoldenVectors(
        inputs=np.zeros((1, SIZE_PX, SIZE_PX, 3), np.uint8),
        outputs=np.zeros((1, len(CLASS_NAMES)), np.uint8),
    )
    path.write_bytes(bundle_bytes(manifest, b"0" * 2_500, golden))
