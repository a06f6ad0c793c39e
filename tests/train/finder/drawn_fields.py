"""Drawn fields: dark discs are white cells, pale ones red cells, dots platelets."""

import cv2
import numpy as np

from train.finder.fields import Field, Kind

_LOOKS = {
    Kind.WHITE: (65, (90, 60, 140)),
    Kind.RED: (37, (220, 170, 165)),
    Kind.PLATELET: (14, (130, 90, 160)),
}


def drawn_field(
    seed: int = 0, *, source: str = "BCCD", held_out: bool = False
) -> Field:
    """Draw a field of 240 by 200 px with objects that do not overlap."""
    random = np.random.default_rng(seed)
    image = np.full((200, 240, 3), 235, np.uint8)
    objects = []
    for kind, place in zip(
        [Kind.WHITE, Kind.RED, Kind.RED, Kind.RED, Kind.PLATELET],
        [(60, 60), (150, 40), (200, 100), (120, 150), (40, 150)],
        strict=True,
    ):
        size, colour = _LOOKS[kind]
        x, y = np.array(place) + random.integers(-5, 6, 2)
        cv2.circle(image, (int(x), int(y)), size // 2, colour, -1)
        objects.append((kind, x + 0.5, y + 0.5, size, size))
    return Field(
        name=f"drawn-{seed}.png",
        source=source,
        held_out=held_out,
        image=image,
        objects=np.array(objects, np.float32),
        background=(1.0, 1.0, 1.0),
    )
