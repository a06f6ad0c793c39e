"""Where every network begins and ends: raw pixels in, class probabilities out."""

from typing import Any

import keras


def normalize(pixels: Any) -> Any:
    """Map raw pixels 0 to 255 onto -1 to 127/128, inside the graph.

    The step is a power of two and zero lies on a code, so an int8 model whose input
    has the scale 1/128 and the zero point 128 takes raw pixels without rounding.
    """
    return keras.layers.Rescaling(1 / 128, offset=-1.0, name="normalize")(pixels)


def class_probabilities(features: Any, classes: int) -> Any:
    """End in probabilities (N, classes), float32 in mixed precision too."""
    return keras.layers.Dense(
        classes, activation="softmax", name="probability", dtype="float32"
    )(features)
