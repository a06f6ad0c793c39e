"""Both TFLite runtimes, each in an environment and a process of its own."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.bundles import open_bundle, shipped_bundles
from hemalens.classifier import tempered
from hemalens.image_set import read_class_folders
from hemalens.manifest import Manifest
from hemalens.split import Split
from tests.drawn_crops import drawn_crops
from train.cache import cached_crops

ROOT = Path(__file__).parents[2]
PBC = ROOT.parent / "shared" / "datasets" / "PBC_dataset_normal_DIB"
TFLITE_PYTHON = ROOT / ".venvs" / "tflite" / "bin" / "python"

LARGEST_DIFFERENCE_CODES = {"cnn": 8, "cnn-broad": 16, "mobilenetv2": 32}
"""Rounding adds up in a deep network where two classes are nearly even. Measured
2026-11, ai-edge-litert 2.3 and tflite-runtime 2.14: `cnn` 5, `cnn-broad` 9 (1 beyond
8) and `mobilenetv2` 23 on 1,697 real cells (6 beyond 8); 7 and 19 on 200 drawn ones."""

PROGRAM = """
import json, sys
import numpy as np
from edge.bundles import open_bundle
from hemalens.classifier import BundleClassifier, Int8Model
from hemalens.interpreter import installed_runtimes
bundle = open_bundle(sys.argv[1])
BundleClassifier(bundle)
codes = Int8Model(bundle.model, threads=1).codes(np.load(sys.argv[2]))
print(json.dumps({"runtimes": installed_runtimes(), "codes": codes.tolist()}))
"""


def _codes(python: Path, bundle: str, crops: Path) -> tuple[list[str], np.ndarray]:
    run = subprocess.run(
        [python, "-c", PROGRAM, bundle, crops],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr
    answer = json.loads(run.stdout)
    return answer["runtimes"], np.array(answer["codes"])


def _drawn(size_px: int, folder: Path) -> NDArray[np.uint8]:
    return drawn_crops(200, size_px)


def _real(size_px: int, folder: Path) -> NDArray[np.uint8]:
    """PBC's validation images, cut as the bundles' input asks."""
    return _validation(size_px, folder, every=1)


def _some_real(size_px: int, folder: Path) -> NDArray[np.uint8]:
    return _validation(size_px, folder, every=6)


def _validation(size_px: int, folder: Path, every: int) -> NDArray[np.uint8]:
    if not PBC.is_dir():
        pytest.skip(f"PBC's images are not at {PBC}")
    images = read_class_folders(PBC).of_split(Split.VALIDATION)
    some = replace(images, images=images.images[::every])
    return cached_crops(some, size_px=size_px, folder=folder).crops


@pytest.mark.skipif(
    not TFLITE_PYTHON.exists(),
    reason="no tflite-runtime environment: it needs Python 3.11 (make test makes it)",
)
@pytest.mark.parametrize("bundle", shipped_bundles())
@pytest.mark.parametrize(
    "crops",
    [
        pytest.param(_drawn, id="drawn"),
        pytest.param(_some_real, id="some real"),
        pytest.param(_real, id="real", marks=pytest.mark.slow),
    ],
)
def test_both_runtimes_give_the_same_answers(
    bundle: str, crops: Callable[[int, Path], NDArray[np.uint8]], tmp_path: Path
) -> None:
    manifest = open_bundle(bundle).manifest
    path = tmp_path / "crops.npy"
    np.save(path, crops(manifest.input.size_px, tmp_path))
    litert, new = _codes(Path(sys.executable), bundle, path)
    tflite, old = _codes(TFLITE_PYTHON, bundle, path)
    assert (litert[0], tflite[0]) == ("ai-edge-litert", "tflite-runtime")
    difference = np.abs(new - old).max(axis=1)
    assert np.mean(difference <= manifest.golden_tolerance_codes) >= 0.95
    assert difference.max() <= LARGEST_DIFFERENCE_CODES[bundle]
    same = new.argmax(axis=1) == old.argmax(axis=1)
    if bundle == "cnn":
        assert same.all()
    answered = np.maximum(*(_answered(codes, manifest) for codes in (new, old)))
    print(f"other class: {(~same).sum()}, answered {answered.mean():.3f}")
    assert same[answered].all()
    if crops is not _drawn:
        assert answered.mean() > 0.9
        assert (~same).sum() <= 1


def _answered(codes: NDArray[np.uint8], manifest: Manifest) -> NDArray[np.bool_]:
    """Say which cells the device answers; the others go to review, whatever class."""
    real = manifest.output.scale * codes.astype(np.float32)
    given = tempered(
        real / real.sum(axis=1, keepdims=True), manifest.thresholds.temperature
    )
    return np.asarray(given.max(axis=1) >= manifest.thresholds.minimum_probability)
