"""Both TFLite runtimes, each in an environment and a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edge.bundles import shipped_bundles
from tests.drawn_crops import drawn_crops

ROOT = Path(__file__).parents[2]
TFLITE_PYTHON = ROOT / ".venvs" / "tflite" / "bin" / "python"

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


@pytest.mark.skipif(
    not TFLITE_PYTHON.exists(),
    reason="no tflite-runtime environment: it needs Python 3.11 (make .venvs/tflite)",
)
@pytest.mark.parametrize("bundle", shipped_bundles())
def test_both_runtimes_give_the_same_classes(bundle: str, tmp_path: Path) -> None:
    crops = tmp_path / "crops.npy"
    np.save(crops, drawn_crops(120))
    litert, new = _codes(Path(sys.executable), bundle, crops)
    tflite, old = _codes(TFLITE_PYTHON, bundle, crops)
    assert (litert[0], tflite[0]) == ("ai-edge-litert", "tflite-runtime")
    assert np.abs(new - old).max() <= 2
    assert np.array_equal(new.argmax(axis=1), old.argmax(axis=1))
