"""Several devices and several machines, through Keras's and TensorFlow's own means.

One process a machine. With TensorFlow, ``TF_CONFIG`` names the machines, as
`tf.distribute.MultiWorkerMirroredStrategy` reads it; with JAX,
``KERAS_DISTRIBUTION_JOB_ADDRESSES``, ``…_NUM_PROCESSES`` and ``…_PROCESS_ID``, as
`keras.distribution.initialize` does. All processes share the run's folder; the first
alone writes to it. The batch size counts the images of all devices together; batch
statistics are each device's own.
"""

import contextlib
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import keras

from hemalens.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Devices:
    """What a run trains on.

    Parameters
    ----------
    accelerators : int
        GPUs or TPUs of this machine.
    kinds : tuple of str
        What each of them is, as far as it is known.
    writes : bool
        This process is the one that writes the run's folder.
    model : type
        What the trained model is made of, from inputs and outputs.
    scope : callable
        Gives a context within which models that train are built and trained.
    """

    accelerators: int
    kinds: tuple[str, ...] = ()
    writes: bool = True
    model: type[keras.Model] = keras.Model
    scope: Callable[[], AbstractContextManager[object]] = contextlib.nullcontext


class ModelOfSeveralMachines(keras.Model):
    """Gives each figure of a step as a list of one.

    Keras 3.15 averages them over the machines along their first axis, which a single
    number lacks [1]_.

    References
    ----------
    .. [1] https://github.com/tensorflow/tensorflow/issues/72388
    """

    def train_step(self, *given: Any) -> Any:
        """Do Keras's own step."""
        figures = super().train_step(*given)
        return {name: keras.ops.reshape(x, (1,)) for name, x in figures.items()}


def find_devices() -> Devices:
    """Find the devices of this process, and its place among several.

    Raises
    ------
    ConfigError
        When several are there and the backend cannot share work among them.
    """
    backend = keras.backend.backend()
    if backend == "tensorflow":
        return _tensorflow_devices()
    if backend == "jax":
        return _jax_devices()
    return _torch_devices()


def _tensorflow_devices() -> Devices:
    import tensorflow as tf

    found = tf.config.list_physical_devices("GPU")
    count, kinds = len(found), tuple(_kind_of(tf, device) for device in found)
    if "TF_CONFIG" in os.environ:
        try:
            strategy = tf.distribute.MultiWorkerMirroredStrategy()
        except (ValueError, KeyError, tf.errors.OpError) as error:
            raise ConfigError(f"TF_CONFIG cannot be used: {error}") from error
        resolver = strategy.cluster_resolver
        first = resolver.task_type == "chief" or (
            resolver.task_id == 0 and "chief" not in resolver.cluster_spec().jobs
        )
        return Devices(
            accelerators=count,
            kinds=kinds,
            writes=first,
            model=ModelOfSeveralMachines,
            scope=strategy.scope,
        )
    if count > 1:
        strategy = tf.distribute.MirroredStrategy()
        return Devices(accelerators=count, kinds=kinds, scope=strategy.scope)
    return Devices(accelerators=count, kinds=kinds)


def _kind_of(tf: Any, device: Any) -> str:
    details = tf.config.experimental.get_device_details(device)
    return str(details.get("device_name", device.device_type))


def _jax_devices() -> Devices:
    import jax

    if "KERAS_DISTRIBUTION_JOB_ADDRESSES" in os.environ:
        keras.distribution.initialize()
    if jax.device_count() > 1:
        keras.distribution.set_distribution(keras.distribution.DataParallel())
    kinds = tuple(d.device_kind for d in jax.local_devices() if d.platform != "cpu")
    return Devices(
        accelerators=len(kinds), kinds=kinds, writes=jax.process_index() == 0
    )


def _torch_devices() -> Devices:
    import torch

    count = torch.cuda.device_count()
    if count > 1:
        raise ConfigError(
            f"Keras shares work among {count} GPUs with TensorFlow or JAX: set "
            "KERAS_BACKEND, or let CUDA_VISIBLE_DEVICES show one"
        )
    kinds = tuple(torch.cuda.get_device_name(index) for index in range(count))
    return Devices(accelerators=count, kinds=kinds)
