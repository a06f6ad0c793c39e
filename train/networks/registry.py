"""The networks that can be trained, by name."""

from collections.abc import Callable
from functools import partial
from typing import Final

import keras

from train.networks.backbones import BACKBONES, backbone_classifier
from train.networks.paper_cnn import cnn, paper_cnn

ARCHITECTURES: Final[dict[str, Callable[..., keras.Model]]] = {
    "cnn": cnn,
    "paper_cnn": paper_cnn,
    "paper_cnn_literal": partial(paper_cnn, pool_stride=1),
    **{name: partial(backbone_classifier, name) for name in BACKBONES},
}
