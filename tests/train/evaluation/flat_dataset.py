"""Images of one colour a class, and networks whose figures on them are known."""

from pathlib import Path

import cv2
import keras
import numpy as np

from hemalens.classes import CLASS_NAMES
from hemalens.split import Split
from tests.drawn_dataset import name_in

SIZE_PX = 32
TRAIN, VALIDATION = 3, 2
"""Images of each class in a split."""

COLOURS = np.array(
    [[200 * (code >> bit & 1) + 20 for bit in range(3)] for code in range(8)], np.uint8
)
"""RGB, by class: the corners of a cube."""


def write_flat_dataset(folder: Path) -> Path:
    """Write three training and two validation images of each class."""
    wanted = [Split.TRAIN] * TRAIN + [Split.VALIDATION] * VALIDATION
    for name, colour in zip(CLASS_NAMES, COLOURS, strict=True):
        (folder / name).mkdir(parents=True)
        for number, split in enumerate(wanted):
            image = np.full((363, 360, 3), colour, np.uint8)
            # Identical files would be set aside as twins.
            image[0, number] = 0
            file = folder / name / name_in(split, name, number)
            assert cv2.imwrite(str(file.with_suffix(".jpg")), image[..., ::-1])
    return folder


def knowing_network() -> keras.Model:
    """Name the nearest colour: right for every image."""
    centres = COLOURS.astype(np.float32)
    kernel = 2 * centres.T / 1000
    bias = -(centres**2).sum(axis=1) / 1000
    return _network(kernel, bias)


def constant_network() -> keras.Model:
    """Call everything the first class."""
    bias = np.zeros(len(CLASS_NAMES))
    bias[0] = 5
    return _network(np.zeros((3, len(CLASS_NAMES))), bias)


def _network(kernel: np.ndarray, bias: np.ndarray) -> keras.Model:
    pixels = keras.Input((SIZE_PX, SIZE_PX, 3))
    mean = keras.layers.GlobalAveragePooling2D()(pixels)
    layer = keras.layers.Dense(len(CLASS_NAMES), activation="softmax")
    network = keras.Model(pixels, layer(mean))
    layer.set_weights([kernel, bias])
    return network
