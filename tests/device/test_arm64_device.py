"""The device on arm64, emulated: minutes each, a network and root needed.

``TMPDIR`` needs 2 GB. What runs is `tests.device.arm64_device`.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.device.arm64_device import Verdict, missing_tools, stained

LOCKS = Path(__file__).parents[2] / "requirements"


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="makes a root file system: needs root")
@pytest.mark.skipif(missing_tools() is not None, reason=str(missing_tools()))
@pytest.mark.parametrize(
    ("release", "lock"),
    [("bookworm", "tflite"), ("bookworm", "edge"), ("trixie", "edge")],
)
def test_arm64_device_counts_as_this_machine(
    tmp_path: Path, release: str, lock: str
) -> None:
    command = [sys.executable, "-m", "tests.device.arm64_device"]
    options = ["--release", release, "--lock", str(LOCKS / f"{lock}.txt")]
    done = subprocess.run(
        [*command, *options, "--folder", str(tmp_path)],
        cwd=LOCKS.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_cells_called_otherwise_are_told_apart() -> None:
    one = {"frame": "a", "kind": "white_cell", "status": "counted"}
    here = stained([{**one, "class_name": "monocyte", "box_xyxy": [0, 0, 9, 9]}])
    there = stained([{**one, "class_name": "basophil", "box_xyxy": [0, 0, 9, 9]}])
    red = {**one, "class_name": None, "box_xyxy": [0, 0, 9, 9]}
    assert len(here ^ there) == 2
    assert stained([red]) == set()


@pytest.mark.parametrize(
    ("verdict", "passed"),
    [
        (Verdict(wrong=("memory limits",), cells=3, differing=0), True),
        (Verdict(wrong=(), cells=3, differing=1), False),
        (Verdict(wrong=(), cells=0, differing=0), False),
        (Verdict(wrong=("runtime tflite-runtime",), cells=3, differing=0), False),
    ],
)
def test_device_passes_only_when_all_is_the_same(
    verdict: Verdict, passed: bool
) -> None:
    assert verdict.passed is passed
