"""Training crops keep image and targets together."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from hemalens.finder import NEUTRAL_CODE, Map
from tests.train.finder.drawn_fields import drawn_field
from train.finder.crops import OUTSIDE_WEIGHT, cut_training_crop, draw_empty_crop
from train.finder.disturb import disturbed
from train.finder.drawn import without_cells


@pytest.mark.parametrize("seed", range(8))
def test_targets_lie_on_the_cells_they_are_of(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("train.finder.crops.disturbed", lambda crop, *_: crop)
    monkeypatch.setattr("train.finder.crops._MARKED", 0)
    monkeypatch.setattr("train.finder.crops._ROUND", 0)
    crop = cut_training_crop(drawn_field(), 128, np.random.default_rng(seed))
    seen = crop.codes[::2, ::2, 1].astype(float)
    white = crop.targets.maps[..., Map.WHITE_CORE] > 0
    bare = (crop.targets.maps.sum(axis=-1) == 0) & (
        crop.targets.weights[..., Map.RED_CORE] == 1
    )
    if white.sum() < 30 or bare.sum() < 30:
        pytest.skip("the crop shows too little")
    assert seen[white].max() < np.median(seen[bare])


def test_the_same_draw_gives_the_same_crop() -> None:
    crops = [
        cut_training_crop(drawn_field(), 96, np.random.default_rng(3)) for _ in range(2)
    ]
    assert_array_equal(crops[0].codes, crops[1].codes)
    assert_array_equal(crops[0].targets.maps, crops[1].targets.maps)


def test_outside_the_field_is_neutral_and_empty() -> None:
    crop = cut_training_crop(drawn_field(), 320, np.random.default_rng(0))
    neutral = (crop.codes[::2, ::2] == NEUTRAL_CODE).all(axis=-1)
    outside = crop.targets.weights[..., Map.WHITE_BODY] == np.float32(OUTSIDE_WEIGHT)
    assert outside.any()
    assert neutral[outside].all()
    assert not crop.targets.maps[outside].any()


def test_an_empty_crop_wants_nothing_found() -> None:
    for seed in range(12):
        crop = draw_empty_crop(64, np.random.default_rng(seed))
        assert crop.codes.shape == (64, 64, 3)
        assert not crop.targets.maps.any()
        assert (crop.targets.weights > 0).all()


def test_drawn_negatives_are_of_many_kinds() -> None:
    drawn = [without_cells(64, np.random.default_rng(seed)) for seed in range(20)]
    assert len({one.tobytes() for one in drawn}) == 20
    assert any(one.std(axis=(0, 1)).max() < 2 for one in drawn)
    assert any(one.std() > 40 for one in drawn)


def test_disturbing_changes_the_look_and_keeps_the_kind() -> None:
    crop = drawn_field().image[:, :200]
    glass = np.full(3, 235, np.float32)
    looks = [disturbed(crop, glass, np.random.default_rng(seed)) for seed in range(20)]
    assert all(one.dtype == np.uint8 and one.shape == crop.shape for one in looks)
    means = np.array([one.mean(axis=(0, 1)) for one in looks])
    assert means.std(axis=0).min() > 10
