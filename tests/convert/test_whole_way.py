"""From a drawn dataset to a count, with the commands a person types."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from hemalens.bundle import read_bundle
from hemalens.interpreter import Runtime
from tests.command_line import Command, in_this_process
from train.run import EpochRecord, RunFolder

ROOT = Path(__file__).parents[2]


@pytest.fixture
def hemalens(capfd: pytest.CaptureFixture[str]) -> Command:
    return partial(in_this_process, capfd)


@pytest.fixture(scope="module")
def workshop(drawn_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("workshop")
    (folder / "data").symlink_to(drawn_dataset)
    return folder


@pytest.fixture(autouse=True)
def _in_the_workshop(workshop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workshop)


FIT = ("train", "fit", "--data", "data", "--output", "run", "--batch-size", "16")


def killed_at_some_moment(workshop: Path, random: random.Random) -> None:
    """Begin a run and end it as a power cut would, after its first epoch."""
    running = subprocess.Popen(
        [sys.executable, "-m", "hemalens.cli", *FIT, "--epochs", "4"],
        cwd=workshop,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    limit = time.monotonic() + 300
    while not (workshop / "run" / "epoch-0001.npz").exists():
        assert time.monotonic() < limit
        assert running.poll() is None
        time.sleep(0.02)
    time.sleep(random.uniform(0, 1.5))
    os.kill(running.pid, signal.SIGKILL)
    running.wait()


def unbroken(workshop: Path) -> tuple[EpochRecord, ...]:
    """Run what the killed run was asked in one go, in a process like its own.

    In this one TensorFlow may have been opened otherwise, and rounds otherwise.
    """
    asked = ["unbroken" if part == "run" else part for part in FIT]
    subprocess.run(
        [sys.executable, "-m", "hemalens.cli", *asked, "--epochs", "4"],
        cwd=workshop,
        check=True,
        capture_output=True,
    )
    return RunFolder(workshop / "unbroken").history()


def test_a_model_goes_from_images_to_a_count(hemalens: Command, workshop: Path) -> None:
    seed = time.time_ns() % 10_000
    print(f"the moment of the kill is drawn with seed {seed}")
    killed_at_some_moment(workshop, random.Random(seed))
    resumed = hemalens(*FIT, "--epochs", "4")
    assert resumed.returncode == 0, resumed.stderr
    assert "epoch 4/4" in resumed.stdout
    assert "epoch 1/4" not in resumed.stdout
    pairs = zip(
        unbroken(workshop),
        RunFolder(workshop / "run").history(),
        strict=True,
    )
    for expected, found in pairs:
        assert found.epoch == expected.epoch
        assert found.loss == pytest.approx(expected.loss, rel=1e-2)
        assert found.validation_loss == pytest.approx(
            expected.validation_loss, rel=1e-2
        )

    chosen = hemalens(
        *("calibrate", "set", "--data", "data", "--size", "16"),
        *("--output", "set.json"),
    )
    assert chosen.returncode == 0, chosen.stderr
    made = hemalens(
        *("convert", "int8", "--model", "run/best.keras", "--data", "data"),
        *("--calibration-set", "set.json", "--output", "mine.hemalens"),
    )
    # Four epochs on 48 images may be of no use, and then it says so.
    assert made.returncode == (3 if "NOT fit" in made.stderr else 0), made.stderr
    bundle = read_bundle(workshop / "mine.hemalens")
    manifest = bundle.manifest
    assert bundle.golden.embeddings is not None
    assert manifest.measured is not None
    assert manifest.measured.n == 16
    assert manifest.input.quantization.scale == 1 / 128
    assert manifest.input.quantization.zero_point == 128
    assert manifest.training.train_images == 48
    assert bundle.trained_images is not None
    assert len(bundle.trained_images) == 48
    for one in (*manifest.training.sessions, manifest.converted):
        assert one is not None
        assert one.finished_at is not None
        assert one.keras_backend == f"tensorflow {one.tensorflow}"
    assert manifest.converted is not None
    assert "converter" in str(manifest.converted.converter)

    for model in ("run/best.keras", "mine.hemalens"):
        figures = hemalens(
            *("train", "evaluate", "--model", model, "--data", "data", "--json"),
        )
        assert figures.returncode == 0, figures.stderr
        assert json.loads(figures.stdout)["n"] == 16

    counted = hemalens(
        *("count", "demo:frames=1", "--bundle", "mine.hemalens", "--json"),
    )
    assert counted.returncode == 0, counted.stderr
    assert json.loads(counted.stdout)["bundle"]["name"] == "mine"


def test_a_model_without_its_run_is_refused(hemalens: Command, tmp_path: Path) -> None:
    (tmp_path / "best.keras").write_bytes(b"no model")
    run = hemalens(
        *("convert", "int8", "--model", tmp_path / "best.keras", "--data", "data"),
        *("--output", tmp_path / "a.hemalens"),
    )
    assert run.returncode == 1
    assert "how it was trained" in run.stderr
    assert not (tmp_path / "a.hemalens").exists()


def test_a_bundle_is_named_as_one(hemalens: Command) -> None:
    run = hemalens(
        *("convert", "int8", "--model", "run/best.keras", "--data", "data"),
        *("--output", "model.tflite"),
    )
    assert run.returncode == 1
    assert ".hemalens" in run.stderr


@pytest.mark.parametrize(
    "split", ["test", "train"], ids=["no test image is here", "train"]
)
def test_only_a_split_with_images_is_measured(hemalens: Command, split: str) -> None:
    run = hemalens(
        *("train", "evaluate", "--model", ROOT / "edge/bundles/cnn.hemalens"),
        *("--data", "data", "--split", split, "--json"),
    )
    assert run.returncode == (1 if split == "test" else 0), run.stderr
    assert ("no image of the test split" in run.stderr) == (split == "test")


def test_the_default_runtime_is_litert() -> None:
    assert next(iter(Runtime)) is Runtime.LITERT
