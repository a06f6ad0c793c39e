"""Glass of one grey level all over a frame."""

import numpy as np

from hemalens.glass import Glass


def even_glass(*codes: float, share: float = 0.5) -> Glass:
    """Make glass of these codes, RGB."""
    surface = np.zeros((6, 3))
    surface[0] = np.log(np.add(codes, 1))
    return Glass(surface=surface, share=share)


EVEN_GLASS = even_glass(240, 240, 240)
