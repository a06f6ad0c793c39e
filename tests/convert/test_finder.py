"""A finder becomes an int8 model of any size, in a bundle of its own."""

from pathlib import Path

import keras
import numpy as np
import pytest

from convert.finder import (
    GOLDEN_TOLERANCE_CODES,
    frame_macs,
    make_finder_bundle,
    quantize_finder,
)
from edge.segment.finder import Finder
from hemalens.errors import ConversionError
from hemalens.finder_bundle import parse_finder_bundle
from tests.train.finder.drawn_fields import drawn_field
from train.finder.network import finder_network
from train.finder.training import FinderRecipe, fit_finder


@pytest.fixture(scope="module")
def network() -> keras.Model:
    keras.utils.set_random_seed(0)
    return finder_network()


@pytest.fixture(scope="module")
def model(network: keras.Model) -> bytes:
    random = np.random.default_rng(0)
    return quantize_finder(
        network, random.integers(0, 256, (2, 160, 160, 3)).astype(np.uint8)
    )


@pytest.mark.parametrize("size_hw", [(160, 160), (48, 112), (96, 32)])
def test_int8_and_float_maps_agree_at_any_size(
    network: keras.Model, model: bytes, size_hw: tuple[int, int]
) -> None:
    codes = np.random.default_rng(1).integers(0, 256, (*size_hw, 3)).astype(np.uint8)
    wanted = 255 * np.asarray(network(codes[np.newaxis]))[0]
    found = Finder(model).maps(codes)
    assert found.shape == wanted.shape
    assert np.abs(found - wanted).mean() < 6


def test_the_cost_of_a_frame_is_counted(model: bytes) -> None:
    assert 0.3e9 < frame_macs(model) < 1.5e9


def test_a_classifier_is_no_finder() -> None:
    other = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    with pytest.raises(ConversionError, match="no finder"):
        quantize_finder(other, np.zeros((1, 160, 160, 3), np.uint8))


def test_the_whole_way_from_fields_to_a_bundle(tmp_path: Path) -> None:
    fields = [drawn_field(seed) for seed in range(2)]
    recipe = FinderRecipe(steps=1, steps_a_round=1, batch_size=2, side_px=64)
    path = fit_finder(recipe, fields, tmp_path)
    held_out = drawn_field(9, held_out=True)
    unseen = drawn_field(10, held_out=True, source="elsewhere")
    content = make_finder_bundle(
        path, [*fields, held_out, unseen], name="finder", version="1.0.0"
    )
    bundle = parse_finder_bundle(content)
    seen = {one.name: one.seen for one in bundle.manifest.measured}
    assert seen == {"BCCD": True, "elsewhere": False}
    assert [one.name for one in bundle.manifest.training.sets] == ["BCCD"]
    found = Finder(bundle.model).maps(bundle.golden.inputs[0]).ravel().astype(int)
    assert np.abs(found - bundle.golden.outputs[0]).max() <= GOLDEN_TOLERANCE_CODES
