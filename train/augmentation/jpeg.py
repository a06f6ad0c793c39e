"""JPEG's loss as tensor arithmetic, so that crops meet it on the training device.

References
----------
.. [1] ITU-T T.81 (1992), Annex K: the quantization tables.
.. [2] libjpeg's quality scale: tables times 5000/q percent below 50, 200 - 2q above.
"""

from typing import Any, Final

import numpy as np
from keras import ops
from numpy.typing import NDArray

from train.augmentation.mirrored_margin import with_margin

_LUMINANCE: Final = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ],
    np.float32,
)
_CHROMINANCE: Final = np.full((8, 8), 99, np.float32)
_CHROMINANCE[:4, :4] = [
    [17, 18, 24, 47],
    [18, 21, 26, 66],
    [24, 26, 56, 99],
    [47, 66, 99, 99],
]
_TO_YCBCR: Final = np.array(
    [
        [0.299, -0.168736, 0.5],
        [0.587, -0.331264, -0.418688],
        [0.114, 0.5, -0.081312],
    ],
    np.float32,
)
"""Right-multiplies RGB rows: JFIF's BT.601 matrix."""


def _cosines() -> NDArray[np.float32]:
    frequency, place = np.arange(8)[:, np.newaxis], np.arange(8)
    matrix = np.cos(np.pi * (2 * place + 1) * frequency / 16) / 2
    matrix[0] /= np.sqrt(2)
    return matrix.astype(np.float32)


_DCT: Final = _cosines()
_TABLES: Final = np.stack([_LUMINANCE, _CHROMINANCE, _CHROMINANCE])


def recompressed(crops: Any, quality: Any) -> Any:
    """Lose what JPEG compression loses, chroma at full resolution.

    Parameters
    ----------
    crops : tensor of shape (N, H, W, 3), float32, RGB
        Codes from 0 to 255.
    quality : tensor of shape (N,), float32
        On the scale of libjpeg, 1 to 100.

    Returns
    -------
    tensor of shape (N, H, W, 3), float32, RGB
        Codes from 0 to 255.
    """
    height, width = crops.shape[1:3]
    down, right = -height % 8, -width % 8
    padded = with_margin(with_margin(crops, 1, 0, down), 2, 0, right)
    rows, columns = (height + down) // 8, (width + right) // 8
    ycbcr = ops.matmul(padded - 128.0, _TO_YCBCR)
    # (N, rows, 8, columns, 8, 3) to (N, rows, columns, 3, 8, 8)
    blocks = ops.reshape(ycbcr, (-1, rows, 8, columns, 8, 3))
    blocks = ops.transpose(blocks, (0, 1, 3, 5, 2, 4))
    coefficients = ops.matmul(ops.matmul(_DCT, blocks), _DCT.T)
    steps = _steps(quality)
    coefficients = ops.round(coefficients / steps) * steps
    blocks = ops.matmul(ops.matmul(_DCT.T, coefficients), _DCT)
    blocks = ops.transpose(blocks, (0, 1, 4, 2, 5, 3))
    ycbcr = ops.reshape(blocks, (-1, rows * 8, columns * 8, 3))
    rgb = ops.matmul(ycbcr, np.linalg.inv(_TO_YCBCR)) + 128.0
    return ops.clip(rgb[:, :height, :width], 0.0, 255.0)


def _steps(quality: Any) -> Any:
    """Quantization steps (N, 1, 1, 3, 8, 8)."""
    quality = ops.reshape(quality, (-1, 1, 1, 1, 1, 1))
    percent = ops.floor(
        ops.where(quality < 50, 5000.0 / quality, 200.0 - 2.0 * quality)
    )
    tables = ops.convert_to_tensor(_TABLES)
    return ops.clip(ops.floor((tables * percent + 50.0) / 100.0), 1.0, 255.0)
