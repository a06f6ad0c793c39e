"""Two processes on one machine train one model, as two machines would."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hemalens.errors import ConfigError
from train.distribution import find_devices
from train.run import RunFolder

WORKER = """
import dataclasses, sys
from pathlib import Path
from train.keras_backend import load_keras
load_keras("Training", "train")
import keras, numpy as np
from train.cache import CropArray
from train.distribution import find_devices
from train.fit import FitData, fit
from train.recipe import Recipe
from train.run import RunFolder, new_record

folder = Path(sys.argv[1])
devices = find_devices()
random = np.random.default_rng(0)
classes = np.arange(32) % 8
crops = CropArray(
    crops=(random.integers(0, 40, (32, 44, 44, 3)) + 25 * classes[:, None, None, None])
    .astype(np.uint8), class_indices=classes, names=("",) * 32)
validation = CropArray(
    crops=crops.crops[:8, 6:38, 6:38], class_indices=classes[:8], names=("",) * 8)

class Silent:
    def batch(self, *heard): pass
    def epoch(self, record): pass

recipe = Recipe(model="cnn", input_size_px=32, width=0.25, epochs=2, batch_size=8)
run = RunFolder(folder)
run.begin(new_record(recipe, "a" * 64, 32, 8))
print("writes", devices.writes)
# Both write here, each its own folder, so that the two can be compared.
devices = dataclasses.replace(devices, writes=True)
fit(recipe, FitData(windows=crops, validation=validation), run, Silent(), devices)
"""


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def test_two_processes_train_one_model(tmp_path: Path) -> None:
    addresses = [f"127.0.0.1:{port}" for port in free_ports(2)]
    script = tmp_path / "worker.py"
    script.write_text(WORKER)
    workers = []
    for index in range(2):
        place = {
            "cluster": {"worker": addresses},
            "task": {"type": "worker", "index": index},
        }
        workers.append(
            subprocess.Popen(
                [sys.executable, str(script), str(tmp_path / str(index))],
                env={**os.environ, "TF_CONFIG": json.dumps(place)},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
    for index, worker in enumerate(workers):
        printed, _ = worker.communicate(timeout=300)
        assert worker.returncode == 0, printed[-3000:]
        assert f"writes {index == 0}" in printed

    first, second = (RunFolder(tmp_path / str(index)) for index in range(2))
    assert [record.epoch for record in first.history()] == [1, 2]
    # Gradients are shared at every step, or the kernels would drift apart; the batch
    # statistics, vectors, are each machine's own.
    pairs = zip(first.values(), second.values(), strict=True)
    kernels = [(one, other) for one, other in pairs if one.ndim > 1]
    assert len(kernels) > 20
    for one, other in kernels:
        assert np.allclose(one, other, atol=1e-6)


def test_a_cluster_that_cannot_be_read_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TF_CONFIG", "{no json")
    with pytest.raises(ConfigError, match="TF_CONFIG cannot be used"):
        find_devices()


def test_one_machine_without_gpus_writes_its_run() -> None:
    devices = find_devices()
    assert devices.writes
    assert devices.accelerators == 0
