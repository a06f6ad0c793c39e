"""Margins filled with the mirror image, alike on every backend.

`keras.ops.pad` repeats the edge on torch where it mirrors elsewhere, and refuses
pictures whose channels come last.
"""

from typing import Any

from keras import ops


def with_margin(crops: Any, axis: int, before: int, after: int) -> Any:
    """Lengthen one axis of a batch, mirrored about its edges.

    Parameters
    ----------
    crops : tensor of shape (N, H, W, C)
    axis : int
        1 for rows, 2 for columns.
    before, after : int
        Pixels to add at either end, none more than there are.

    Returns
    -------
    tensor of shape (N, H, W, C), the axis longer by `before` + `after`
    """
    size = crops.shape[axis]
    parts = [crops]
    if before:
        parts.insert(0, ops.flip(_between(crops, axis, 0, before), axis=axis))
    if after:
        parts.append(ops.flip(_between(crops, axis, size - after, size), axis=axis))
    return ops.concatenate(parts, axis=axis) if len(parts) > 1 else crops


def _between(crops: Any, axis: int, start: int, end: int) -> Any:
    return crops[:, start:end] if axis == 1 else crops[:, :, start:end]
