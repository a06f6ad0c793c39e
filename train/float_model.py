"""A trained float model: its ``.keras`` file, and what it gives."""

from functools import partial
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

import train.networks.fused_normalization  # noqa: F401  # registers the layer with Keras
from hemalens.errors import TrainingError


def load_float_model(path: Path) -> keras.Model:
    """Load a ``.keras`` file.

    Raises
    ------
    TrainingError
        When it is missing or no Keras model.
    """
    if not path.is_file():
        raise TrainingError(f"no model {path}: train one with 'hemalens train fit'")
    try:
        return keras.models.load_model(path, compile=False)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise TrainingError(
            f"{path} is no Keras model of HemaLens: wanted a .keras file of "
            "'hemalens train fit'"
        ) from error


def predict(
    network: keras.Model,
    crops: NDArray[np.uint8],
    batch_size: int = 256,
    *,
    compiled: bool = True,
) -> NDArray[np.float32]:
    """Give the class probabilities of crops.

    Parameters
    ----------
    network : keras.Model
    crops : ndarray of shape (N, S, S, 3), uint8, RGB
    batch_size : int
    compiled : bool
        Compile the network first. Not while it is trained: among several machines,
        Keras would gather what each of them predicts.

    Returns
    -------
    ndarray of shape (N, classes), float32
    """
    if compiled and _is_on_a_cpu_with_tensorflow():
        network.jit_compile = False
    give = network.predict_on_batch if compiled else partial(network, training=False)
    batches = [
        keras.ops.convert_to_numpy(give(crops[start : start + batch_size]))
        for start in range(0, len(crops), batch_size)
    ]
    return np.concatenate(batches).astype(np.float32)


def _is_on_a_cpu_with_tensorflow() -> bool:
    """Say whether XLA is no gain.

    It compiles for each batch size anew, which takes seven times as long as a plain
    graph and runs no faster (`cnn` at 32 px; measured 2026-11).
    """
    is_tensorflow = keras.backend.backend() == "tensorflow"
    return is_tensorflow and not keras.distribution.list_devices("gpu")
