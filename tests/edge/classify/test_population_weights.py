"""Priors of the population counted: stated, bounded, none by default."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.classify.population_weights import (
    MOST_CHANGE,
    PBC_PER_MATURE_LEUKOCYTE,
    PER_MATURE_LEUKOCYTE,
    Population,
    class_weights,
)
from edge.classify.posterior import apply_class_weights
from hemalens.classes import CLASS_NAMES, CellClass

properties = settings(deadline=None, max_examples=60)

RARE = {CellClass.IG, CellClass.ERYTHROBLAST}


def test_unrestricted_changes_nothing() -> None:
    assert class_weights(Population.UNRESTRICTED, CLASS_NAMES) == (1.0,) * 8


@pytest.mark.parametrize("population", Population)
def test_mature_leukocytes_and_platelets_are_never_weighed(
    population: Population,
) -> None:
    weights = dict(
        zip(CLASS_NAMES, class_weights(population, CLASS_NAMES), strict=True)
    )
    assert {weights[name] for name in CLASS_NAMES if name not in RARE} == {1.0}


def test_rare_cells_are_rarer_in_adults_than_in_newborns_than_in_pbc() -> None:
    for name in RARE:
        adult, newborn = (
            class_weights(population, (name,))[0]
            for population in (Population.NORMAL_ADULT, Population.NEWBORN)
        )
        assert 0 < adult < newborn < 1


def test_weights_follow_bayes_rule_where_no_bound_is_reached() -> None:
    """Of 1,000 ambiguous cells the posterior must be as the population has them."""
    name = CellClass.ERYTHROBLAST
    trained = PBC_PER_MATURE_LEUKOCYTE[name]
    ambiguous = np.array([[trained, 1]], np.float32) / (1 + trained)
    weights = class_weights(Population.NEWBORN, (name, "neutrophil"))
    odds = np.divide(*apply_class_weights(ambiguous, weights)[0])
    assert odds == pytest.approx(PER_MATURE_LEUKOCYTE[Population.NEWBORN][name])


def test_training_shares_can_be_another_dataset_s() -> None:
    there = PER_MATURE_LEUKOCYTE[Population.NEWBORN]
    assert class_weights(Population.NEWBORN, CLASS_NAMES, training=there) == (1.0,) * 8


@properties
@given(st.sampled_from(Population), st.permutations(CLASS_NAMES))
def test_weights_follow_the_order_of_the_classes(
    population: Population, names: list[str]
) -> None:
    weights = class_weights(population, CLASS_NAMES)
    by_name = dict(zip(CLASS_NAMES, weights, strict=True))
    assert class_weights(population, names) == tuple(by_name[name] for name in names)


@properties
@given(st.floats(0.953, 1), st.sampled_from(sorted(RARE)))
def test_strong_evidence_of_a_rare_cell_is_still_called(
    probability: float, name: CellClass
) -> None:
    row = np.zeros((1, len(CLASS_NAMES)), np.float32)
    row[0, CLASS_NAMES.index(name)] = probability
    row[0, CLASS_NAMES.index("neutrophil")] = 1 - probability
    weights = class_weights(Population.NORMAL_ADULT, CLASS_NAMES)
    assert CLASS_NAMES[apply_class_weights(row, weights)[0].argmax()] == name


def test_weak_evidence_of_a_rare_cell_is_not() -> None:
    row = np.zeros((1, len(CLASS_NAMES)), np.float32)
    row[0, CLASS_NAMES.index("ig")] = 0.9
    row[0, CLASS_NAMES.index("neutrophil")] = 0.1
    weights = class_weights(Population.NORMAL_ADULT, CLASS_NAMES)
    weighed = apply_class_weights(row, weights)[0]
    assert CLASS_NAMES[weighed.argmax()] == "neutrophil"
    assert weighed.max() == pytest.approx(0.1 / (0.1 + 0.9 / MOST_CHANGE))


def test_a_class_of_another_model_is_not_weighed() -> None:
    assert class_weights(Population.NORMAL_ADULT, ("blast", "ig"))[0] == 1.0
