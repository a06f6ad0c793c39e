"""From a drawn dataset to a count, with the commands a person types."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hemalens.bundle import read_bundle
from hemalens.interpreter import Runtime
from tests.drawn_dataset import draw_dataset


def hemalens(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hemalens.cli", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        timeout=600,
    )


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("workshop")
    draw_dataset(folder / "data", train=6, validation=2)
    return folder


FIT = ("train", "fit", "--data", "data", "--output", "run", "--batch-size", "16")


def test_a_model_goes_from_images_to_a_count(workshop: Path) -> None:
    killed = subprocess.Popen(
        [sys.executable, "-m", "hemalens.cli", *FIT, "--epochs", "3"],
        cwd=workshop,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    limit = time.monotonic() + 300
    while not (workshop / "run" / "epoch-0001.keras").exists():
        assert time.monotonic() < limit
        assert killed.poll() is None
        time.sleep(0.05)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()

    resumed = hemalens(*FIT, "--epochs", "3", cwd=workshop)
    assert resumed.returncode == 0, resumed.stderr
    assert "epoch 3/3" in resumed.stdout
    assert "epoch 1/3" not in resumed.stdout
    history = json.loads((workshop / "run" / "history.json").read_text())
    assert [record["epoch"] for record in history] == [1, 2, 3]

    chosen = hemalens(
        *("calibrate", "set", "--data", "data", "--size", "16"),
        *("--output", "set.json"),
        cwd=workshop,
    )
    assert chosen.returncode == 0, chosen.stderr
    made = hemalens(
        *("convert", "int8", "--model", "run/best.keras", "--data", "data"),
        *("--calibration-set", "set.json", "--output", "mine.hemalens"),
        cwd=workshop,
    )
    assert made.returncode == 0, made.stderr
    manifest = read_bundle(workshop / "mine.hemalens").manifest
    assert manifest.measured.n == 16
    assert manifest.input.quantization.scale == 1 / 128
    assert manifest.input.quantization.zero_point == 128
    assert manifest.training.train_images == 48

    for model in ("run/best.keras", "mine.hemalens"):
        figures = hemalens(
            *("train", "evaluate", "--model", model, "--data", "data", "--json"),
            cwd=workshop,
        )
        assert figures.returncode == 0, figures.stderr
        assert json.loads(figures.stdout)["n"] == 16

    counted = hemalens(
        *("count", "demo:frames=1", "--bundle", "mine.hemalens", "--json"),
        cwd=workshop,
    )
    assert counted.returncode == 0, counted.stderr
    assert json.loads(counted.stdout)["bundle"]["name"] == "mine"


def test_a_model_without_its_run_is_refused(workshop: Path, tmp_path: Path) -> None:
    (tmp_path / "best.keras").write_bytes(b"no model")
    run = hemalens(
        *("convert", "int8", "--model", tmp_path / "best.keras", "--data", "data"),
        *("--output", tmp_path / "a.hemalens"),
        cwd=workshop,
    )
    assert run.returncode == 1
    assert "run.json" in run.stderr
    assert not (tmp_path / "a.hemalens").exists()


def test_a_bundle_is_named_as_one(workshop: Path) -> None:
    run = hemalens(
        *("convert", "int8", "--model", "run/best.keras", "--data", "data"),
        *("--output", "model.tflite"),
        cwd=workshop,
    )
    assert run.returncode == 1
    assert ".hemalens" in run.stderr


@pytest.mark.parametrize(
    "split", ["test", "train"], ids=["no test image is here", "train"]
)
def test_only_a_split_with_images_is_measured(workshop: Path, split: str) -> None:
    run = hemalens(
        *("train", "evaluate", "--model", Path("edge/bundles/cnn.hemalens").resolve()),
        *("--data", "data", "--split", split, "--json"),
        cwd=workshop,
    )
    assert run.returncode == (1 if split == "test" else 0), run.stderr
    assert ("no image of the test split" in run.stderr) == (split == "test")


def test_the_default_runtime_is_litert() -> None:
    assert next(iter(Runtime)) is Runtime.LITERT
