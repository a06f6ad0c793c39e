"""The finder's network and loss."""

from collections import Counter
from pathlib import Path

import keras
import numpy as np
import pytest

from hemalens.errors import DatasetError, TrainingError
from tests.train.finder.drawn_fields import drawn_field
from train.finder.batches import FinderBatches
from train.finder.loss import finder_loss
from train.finder.network import DepthToSpace, finder_network
from train.finder.record import finder_record_in
from train.finder.training import FinderRecipe, Round, fit_finder
from train.float_model import load_float_model


@pytest.fixture(scope="module")
def network() -> keras.Model:
    keras.utils.set_random_seed(0)
    return finder_network()


@pytest.mark.parametrize("size_hw", [(16, 16), (48, 112), (64, 32)])
def test_any_multiple_of_sixteen_gives_maps_of_half_the_size(
    network: keras.Model, size_hw: tuple[int, int]
) -> None:
    codes = np.zeros((2, *size_hw, 3), np.uint8)
    maps = np.asarray(network(codes))
    assert maps.shape == (2, size_hw[0] // 2, size_hw[1] // 2, 5)
    assert ((maps > 0) & (maps < 1)).all()


def test_the_network_is_small(network: keras.Model) -> None:
    assert 180_000 < network.count_params() < 350_000


def test_depth_becomes_space_row_by_row() -> None:
    spread = np.asarray(
        DepthToSpace()(np.arange(4, dtype=np.float32)[None, None, None])
    )
    assert spread[0, ..., 0].tolist() == [[0, 1], [2, 3]]


def test_what_weighs_nothing_costs_nothing() -> None:
    maps = np.full((1, 4, 4, 5), 0.9, np.float32)
    right = np.concatenate([np.ones_like(maps), np.ones_like(maps)], axis=-1)
    wrong = np.concatenate([np.zeros_like(maps), np.ones_like(maps)], axis=-1)
    ignored = np.concatenate([np.zeros_like(maps), np.zeros_like(maps)], axis=-1)
    costs = [float(finder_loss(one, maps)) for one in (right, wrong, ignored)]
    assert costs[2] == pytest.approx(0, abs=1e-6)
    assert costs[0] < costs[1]


def test_batches_depend_on_seed_and_epoch_alone() -> None:
    fields = [drawn_field(seed) for seed in range(3)]
    batches = FinderBatches(fields, 2, 4, 64, seed=5)
    first = batches[1]
    again = FinderBatches(fields, 2, 4, 64, seed=5)[1]
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert first[0].shape == (4, 64, 64, 3)
    assert first[1].shape == (4, 32, 32, 10)
    batches.begin_epoch(1)
    assert not np.array_equal(first[0], batches[1][0])


def test_without_fields_there_is_nothing_to_train_on() -> None:
    with pytest.raises(DatasetError, match="no field"):
        FinderBatches([], 1, 1, 64, seed=0)


def test_a_run_resumes_and_says_how_it_was_trained(tmp_path: Path) -> None:
    fields = [drawn_field(seed) for seed in range(3)]
    recipe = FinderRecipe(
        steps=4, steps_a_round=2, batch_size=2, side_px=64, learning_rate=1e-3
    )
    shown: list[Round] = []
    path = fit_finder(recipe, fields, tmp_path, shown.append)
    assert [one.number for one in shown] == [1, 2]
    # All rounds are complete: the same command trains no further.
    fit_finder(recipe, fields, tmp_path, shown.append)
    assert len(shown) == 2
    record = finder_record_in(path)
    assert record.steps == 4
    assert record.fields == Counter({"BCCD": 3})
    assert load_float_model(path).count_params() == finder_network().count_params()


def test_another_network_is_no_start(tmp_path: Path) -> None:
    other = tmp_path / "other.keras"
    keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]).save(other)
    with pytest.raises(TrainingError, match="no finder"):
        fit_finder(
            FinderRecipe(steps=1, batch_size=1, side_px=32),
            [drawn_field()],
            tmp_path / "run",
            initial=other,
        )


def test_a_file_without_a_record_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="does not say"):
        finder_record_in(tmp_path / "missing.keras")
