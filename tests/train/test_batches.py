import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from train.augmentation.restain import PBC, Restaining
from train.batches import EpochBatches, OtherWindows
from train.cache import CropArray


def windows(count: int) -> CropArray:
    """Windows that hold their own number."""
    numbers = np.arange(count, dtype=np.uint8)
    return CropArray(
        crops=np.broadcast_to(numbers[:, None, None, None], (count, 2, 2, 3)),
        class_indices=np.arange(count) % 8,
        names=tuple(f"{number}.jpg" for number in range(count)),
    )


def seen(batches: EpochBatches) -> list[int]:
    return [
        int(n) for i in range(len(batches)) for n in batches[i][0][:, 0, 0, 0].tolist()
    ]


@given(st.integers(1, 40), st.integers(1, 50), st.integers(1, 9))
def test_no_window_comes_twice_in_an_epoch(
    count: int, batch_size: int, epoch: int
) -> None:
    batches = EpochBatches(windows(count), batch_size, seed=1)
    batches.begin_epoch(epoch)
    numbers = seen(batches)
    assert len(set(numbers)) == len(numbers) == batches.images
    assert count - len(numbers) < min(batch_size, count)


def test_each_window_comes_with_its_class() -> None:
    batches = EpochBatches(windows(20), 5, seed=0)
    for index in range(len(batches)):
        crops, targets = batches[index]
        assert (crops[:, 0, 0, 0] % 8 == targets.argmax(axis=1)).all()
        assert targets.sum(axis=1) == pytest.approx(1)


def test_the_order_depends_on_seed_and_epoch_alone() -> None:
    one, other = (EpochBatches(windows(40), 8, seed=3) for _ in range(2))
    one.begin_epoch(2)
    other.begin_epoch(7)
    assert seen(one) != seen(other)
    other.begin_epoch(2)
    assert seen(one) == seen(other)
    third = EpochBatches(windows(40), 8, seed=4)
    third.begin_epoch(2)
    assert seen(third) != seen(one)


def other(count: int, weights: list[float], name: str = "BCCD") -> OtherWindows:
    return OtherWindows(
        name=name,
        windows=CropArray(
            crops=np.full((count, 2, 2, 3), 200, np.uint8)
            + np.arange(count, dtype=np.uint8)[:, None, None, None],
            class_indices=np.arange(count) % 8,
            names=("a.jpg",) * count,
        ),
        weights=np.array(weights),
    )


def test_other_microscopes_have_their_share_of_each_batch() -> None:
    others = (other(2, [0.5, 0.5]), other(1, [1.0]))
    batches = EpochBatches(windows(110), 32, seed=0, others=others)
    assert len(batches) == 5
    for index in range(len(batches)):
        crops, targets = batches[index]
        numbers = crops[:, 0, 0, 0]
        assert len(crops) == len(targets) == 32
        assert (numbers >= 200).sum() == 10
    pbc = [number for number in seen(batches) if number < 200]
    assert len(set(pbc)) == len(pbc) == 110


def test_others_are_drawn_by_weight() -> None:
    batches = EpochBatches(windows(110), 32, seed=0, others=(other(2, [0.9, 0.1]),))
    drawn = [number for number in seen(batches) if number >= 200]
    assert 0.7 < np.mean([number == 200 for number in drawn]) < 1


def test_stains_depend_on_seed_and_epoch_alone() -> None:
    def batches(seed: int) -> EpochBatches:
        return EpochBatches(
            windows(60),
            16,
            seed,
            others=(other(2, [0.5, 0.5]),),
            restaining=Restaining([PBC, "BCCD"], 1.0),
        )

    one, same, third = batches(1), batches(1), batches(2)
    assert (one[2][0] == same[2][0]).all()
    assert (one[2][0] != third[2][0]).any()
    one.begin_epoch(2)
    assert (one[2][0] != same[2][0]).any()
