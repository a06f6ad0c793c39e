"""Keras and its backend, loaded without their chatter or refused in one line."""

import importlib
import os
from importlib.util import find_spec
from typing import Final

from hemalens.errors import ConfigError, MissingExtraError
from hemalens.made_with import package_version
from hemalens.native_log import without_native_log

BACKENDS: Final = ("tensorflow", "jax", "torch")


def load_keras(wanted: str, extra: str) -> None:
    """Import Keras and its backend, so that later imports find them.

    The environment's ``KERAS_BACKEND`` chooses among `BACKENDS`; TensorFlow else.

    Parameters
    ----------
    wanted : str
        What needs it, as the error begins.
    extra : str
        The extra to install.

    Raises
    ------
    MissingExtraError
        When TensorFlow is wanted and not installed.
    ConfigError
        When another backend is asked for that is not there.
    """
    backend = os.environ.get("KERAS_BACKEND", BACKENDS[0])
    if backend not in BACKENDS:
        raise ConfigError(
            f"KERAS_BACKEND is {backend}: wanted one of {', '.join(BACKENDS)}"
        )
    if find_spec(backend) is None:
        if backend == BACKENDS[0]:
            raise MissingExtraError(wanted, extra)
        raise ConfigError(f"KERAS_BACKEND is {backend}, which is not installed")
    # Off by default without AVX-512; 1.5 to 2 times the training speed (2026-11).
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    with without_native_log():
        module = importlib.import_module(backend)
        if backend == BACKENDS[0]:
            # Looking for a GPU is what reports that there is none.
            module.config.list_physical_devices()
        importlib.import_module("keras")


def keras_backend() -> str:
    """Name the backend at work and its version; Keras is loaded before."""
    import keras

    name: str = keras.backend.backend()
    return f"{name} {package_version(name) or ''}".rstrip()
