"""The ways of choosing a calibration set."""

from typing import Final, Literal, get_args

Method = Literal["stratified", "k-centre"]
"""Both take as many images of each class. ``stratified`` draws them at random;
``k-centre`` takes those that lie farthest apart in stain, light and size."""

METHODS: Final[tuple[Method, ...]] = get_args(Method)

DEFAULT_SIZE: Final = 256
