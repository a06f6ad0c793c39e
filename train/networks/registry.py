"""The networks that can be trained, by name."""

from functools import partial
from pathlib import Path
from typing import Final, Protocol

import keras

from hemalens.errors import ConfigError
from train.networks.backbones import BACKBONES, backbone_classifier
from train.networks.paper_cnn import cnn, paper_cnn


class Architecture(Protocol):
    """Builds a network for one input size, its weights drawn at random."""

    def __call__(self, input_size_px: int, *, width: float = 1.0) -> keras.Model:
        """Take raw pixels (N, input_size_px, input_size_px, 3), give probabilities."""
        ...


PAPER_NETWORKS: Final[dict[str, Architecture]] = {
    "cnn": cnn,
    "paper_cnn": paper_cnn,
    "paper_cnn_literal": partial(paper_cnn, pool_stride=1),
}


def build_network(
    name: str,
    input_size_px: int,
    *,
    width: float = 1.0,
    weights: str | Path | None = None,
    frozen: bool = False,
) -> keras.Model:
    """Build one of the nine networks, or a reading of the paper's own.

    Parameters
    ----------
    name : str
        ``cnn``, ``paper_cnn``, ``paper_cnn_literal`` or a key of `BACKBONES`.
    input_size_px : int
        Side of the square RGB input.
    width : float
        Multiplier of every layer's channels; of the backbones MobileNetV2 alone has
        one.
    weights : str or Path, optional
        Of a backbone without its top: ``imagenet`` or a file. Drawn at random when
        not given.
    frozen : bool
        Train the last layer of a backbone alone.

    Raises
    ------
    ConfigError
        When the network has no such size, width or weights.
    TrainingError
        When the weights cannot be had.
    """
    if name in BACKBONES:
        return backbone_classifier(
            name, input_size_px, width=width, weights=weights, frozen=frozen
        )
    if weights is not None or frozen:
        raise ConfigError(f"{name} has no ImageNet weights: use none or a .keras file")
    return PAPER_NETWORKS[name](input_size_px, width=width)
