"""The finder's loss: weighted cross-entropy and soft Dice, map by map."""

from typing import Any, Final

from keras import ops

from hemalens.finder import Map

MAP_SHARES: Final = (1.0, 1.0, 1.0, 1.0, 0.7)
"""What each map counts."""
DICE_SHARE: Final = 0.5


def finder_loss(wanted: Any, maps: Any) -> Any:
    """Compare maps with targets; a map that nothing weighs in a batch counts nothing.

    Parameters
    ----------
    wanted : tensor of shape (N, H, W, 10)
        Targets, then their weights.
    maps : tensor of shape (N, H, W, 5)
    """
    targets, weights = wanted[..., : len(Map)], wanted[..., len(Map) :]
    held = ops.clip(maps, 1e-6, 1 - 1e-6)
    entropy = -(targets * ops.log(held) + (1 - targets) * ops.log(1 - held))
    axes = (0, 1, 2)
    total = ops.sum(weights, axis=axes)
    entropy = ops.sum(weights * entropy, axis=axes) / (total + 1.0)
    # Each pixel counts once at most here, or seams would draw the Dice to them.
    once = ops.minimum(weights, 1.0)
    common = ops.sum(once * targets * held, axis=axes)
    both = ops.sum(once * (targets + held), axis=axes)
    dice = 1 - (2 * common + 20.0) / (both + 20.0)
    shares = ops.convert_to_tensor(MAP_SHARES)
    return ops.sum(shares * (entropy + DICE_SHARE * dice)) / sum(MAP_SHARES)
