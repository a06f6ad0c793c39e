"""Giving crops other slides' stains."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hemalens.errors import ConfigError
from train.augmentation.restain import (
    PBC,
    SINGULAR_VALUES,
    Restaining,
    Standards,
    density_matrix,
    partly_restained,
    recoloured,
    stain_sources,
    standards_of,
)
from train.dataset.glass import PBC_GLASS

PAIRS = st.builds(
    lambda seed: Restaining([PBC, "BCCD", "chula_rbc12"], 1).draw(
        np.random.default_rng(seed)
    ),
    st.integers(0, 10_000),
)


def standards(red_cell: list[float], nucleus: list[float]) -> Standards:
    return Standards(red_cell=np.array(red_cell), nucleus=np.array(nucleus))


def test_red_cells_and_nuclei_become_the_drawn_ones() -> None:
    own = standards([0.2, 0.3, 0.2], [1.1, 1.8, 0.4])
    wanted = standards([0.3, 0.4, 0.3], [0.9, 2.2, 0.5])
    matrix = density_matrix(own, wanted)
    assert own.red_cell @ matrix == pytest.approx(wanted.red_cell)
    assert own.nucleus @ matrix == pytest.approx(wanted.nucleus)


def test_the_third_direction_has_the_nuclei_s_gain() -> None:
    own = standards([0.3, 0, 0], [0, 1, 0])
    wanted = standards([0.3, 0, 0], [0, 1.5, 0])
    assert np.array([0, 0, 1]) @ density_matrix(own, wanted) == pytest.approx(
        [0, 0, 1.5]
    )


@settings(deadline=None)
@given(PAIRS, PAIRS)
def test_no_colour_is_changed_beyond_the_limits(own: Standards, to: Standards) -> None:
    gains = np.linalg.svd(density_matrix(own, to), compute_uv=False)
    assert gains.min() >= SINGULAR_VALUES[0] - 1e-9
    assert gains.max() <= SINGULAR_VALUES[1] + 1e-9


@settings(deadline=None)
@given(PAIRS, PAIRS)
def test_glass_stays_glass(own: Standards, wanted: Standards) -> None:
    glass = np.rint(PBC_GLASS).astype(np.uint8)
    crop = np.broadcast_to(glass, (3, 3, 3)).copy()
    stained = recoloured(crop, density_matrix(own, wanted))
    assert stained == pytest.approx(crop, abs=1)


def test_the_same_stain_changes_nothing() -> None:
    crop = np.random.default_rng(0).integers(0, 256, (9, 9, 3)).astype(np.uint8)
    own = standards_of(PBC)
    assert recoloured(crop, density_matrix(own, own)) == pytest.approx(crop, abs=1)


def test_the_same_seed_gives_the_same_stains() -> None:
    windows = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3)).astype(np.uint8)
    restaining, own = Restaining([PBC, "phone_eyepiece"], 0.9), [standards_of(PBC)] * 4
    first, again, other = (
        restaining(windows, own, np.random.default_rng(seed)) for seed in (5, 5, 6)
    )
    assert (first == again).all()
    assert (first != other).any()


def test_a_share_of_the_crops_is_left_as_it_is() -> None:
    windows = np.full((400, 2, 2, 3), 120, np.uint8)
    own = [standards_of(PBC)] * 400
    stained = Restaining([PBC], 0.75)(windows, own, np.random.default_rng(1))
    assert 60 < (stained == 120).all(axis=(1, 2, 3)).sum() < 140
    assert (windows == 120).all()


def test_stains_of_sources_not_named_are_not_drawn() -> None:
    random = np.random.default_rng(2)
    drawn = [Restaining(["BCCD"], 1).draw(random) for _ in range(200)]
    greens = np.log([pair.nucleus[1] for pair in drawn])
    own = np.log(np.median(stain_sources()["BCCD"].nuclei, axis=0)[1])
    assert abs(np.median(greens) - own) < 0.15


@pytest.mark.parametrize("names", [[], ["nowhere"], ["chula_rbc12"]])
def test_sources_that_give_no_stain_are_refused(names: list[str]) -> None:
    with pytest.raises(ConfigError, match=r"sources|densities"):
        Restaining(names, 0.5)


def test_a_dataset_without_measured_nuclei_has_no_standards() -> None:
    with pytest.raises(ConfigError, match="chula_rbc12"):
        standards_of("chula_rbc12")


def test_every_second_crop_is_restained_the_same_at_every_call() -> None:
    crops = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3)).astype(np.uint8)
    mixed = partly_restained(crops, ["BCCD", "phone_eyepiece"])
    assert (mixed[::2] == crops[::2]).all()
    assert all((mixed[k] != crops[k]).any() for k in (1, 3, 5))
    assert (partly_restained(crops, ["BCCD", "phone_eyepiece"]) == mixed).all()


def test_crops_of_a_model_without_other_stains_are_left_as_they_are() -> None:
    crops = np.zeros((2, 4, 4, 3), np.uint8)
    assert partly_restained(crops, []) is crops
