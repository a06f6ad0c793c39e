"""Microscopes that do not exist: stain, light, scale, blur, noise and JPEG, by lot."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

MICROSCOPES: Final = 16

Codes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeMicroscope:
    """What one microscope does to every image.

    Parameters
    ----------
    mixing : ndarray of shape (3, 3), float32
        Stain and crosstalk, of optical densities.
    light_od : ndarray of shape (3,), float32
        The lamp, in optical density.
    pixel_size_factor : float
        Its pixel size, in those of the images.
    blur_um, noise_codes : float
    jpeg_quality : int
    """

    mixing: NDArray[np.float32]
    light_od: NDArray[np.float32]
    pixel_size_factor: float
    blur_um: float
    noise_codes: float
    jpeg_quality: int

    def show(self, images: Codes, pixel_size_um: float) -> Codes:
        """Show images (N, H, W, 3), uint8, RGB, as it does, at their own size."""
        return np.stack([_decoded(self.file(image, pixel_size_um)) for image in images])

    def file(self, image: Codes, pixel_size_um: float) -> bytes:
        """Show one image (H, W, 3) as the JPEG file it writes."""
        density = -np.log10((image.astype(np.float32) + 1) / 256)
        density = density @ self.mixing + self.light_od
        seen = np.asarray(256 * 10**-density - 1, np.float32)
        if self.blur_um:
            blurred = cv2.GaussianBlur(seen, (0, 0), self.blur_um / pixel_size_um)
            seen = np.asarray(blurred, np.float32)
        seen += np.random.default_rng(0).normal(0, self.noise_codes, seen.shape)
        codes = np.clip(np.rint(seen), 0, 255).astype(np.uint8)
        quality = [cv2.IMWRITE_JPEG_QUALITY, self.jpeg_quality]
        return cv2.imencode(".jpg", codes[..., ::-1], quality)[1].tobytes()


def made_microscope(number: int) -> MadeMicroscope:
    """Draw the microscope of a number.

    None is of those that training draws, but all are drawn in the same way: what they
    say is how much of that a model has learned.
    """
    random = np.random.default_rng((20_261_127, number))
    strength = np.exp(random.normal(0, 0.3, 3))
    mixing = (np.eye(3) + random.normal(0, 0.08, (3, 3))) * strength
    light = random.normal(0, 0.12) + random.normal(0, 0.06, 3)
    return MadeMicroscope(
        mixing=mixing.astype(np.float32),
        light_od=light.astype(np.float32),
        pixel_size_factor=float(random.uniform(0.85, 1.2)),
        blur_um=float(random.uniform(0.05, 0.45)),
        noise_codes=float(random.uniform(0, 7)),
        jpeg_quality=int(random.integers(40, 96)),
    )


def _decoded(content: bytes) -> Codes:
    coded = np.frombuffer(content, np.uint8)
    image = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    if image is None:
        raise ValueError("no image was encoded")
    return np.asarray(image[..., ::-1], np.uint8)
