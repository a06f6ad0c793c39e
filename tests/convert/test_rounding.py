import keras
import numpy as np
import pytest

from convert.rounding import filter_sums_kept, rounded


@pytest.mark.parametrize("outputs", [2, 3])
def test_filters_keep_their_sums_in_whole_steps(outputs: int) -> None:
    kernel = np.random.default_rng(1).normal(0, 1, (3, 3, 8, 4)).astype(np.float32)
    found = rounded(kernel, outputs)
    others = tuple(axis for axis in range(4) if axis != outputs)
    step = np.abs(kernel).max(axis=others, keepdims=True) / 127
    codes = found / step
    assert codes == pytest.approx(np.rint(codes), abs=1e-3)
    assert np.abs(codes).max() == pytest.approx(127)
    assert np.abs(found - kernel).max() <= 1.001 * step.max()
    off = np.abs(found.sum(axis=(0, 1)) - kernel.sum(axis=(0, 1)))
    assert (off <= 0.501 * step[0, 0]).all()
    # Rounded one by one, some filter's sum is farther off than half a step.
    nearest = np.rint(kernel / step) * step
    plain = np.abs(nearest.sum(axis=(0, 1)) - kernel.sum(axis=(0, 1)))
    assert (plain > step[0, 0]).any()


def test_a_filter_of_nothing_stays_so() -> None:
    assert not rounded(np.zeros((3, 3, 2, 1), np.float32), 2).any()


def test_a_model_has_its_own_weights_again() -> None:
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            keras.layers.Conv2D(4, 3),
            # A backbone is a network within.
            keras.Sequential([keras.layers.DepthwiseConv2D(3)]),
            keras.layers.Conv2D(2, 1),
        ]
    )
    before = model.get_weights()
    with filter_sums_kept(model):
        within = model.get_weights()
    changed = [not (a == b).all() for a, b in zip(before, within, strict=True)]
    # Kernels and biases in turn; a pointwise kernel has no taps to share an error.
    assert changed == [True, False, True, False, False, False]
    after = model.get_weights()
    assert all((a == b).all() for a, b in zip(before, after, strict=True))
