"""Whose images a manifest credits."""

import pytest

from convert.training_sets import (
    attribution_of,
    caveat_of,
    dataset_of,
    licence_of,
)
from train.recipe import Recipe
from train.run import OtherSet, RunRecord, new_record

BCCD = OtherSet(name="BCCD", digest="ab" * 32, cells=227, apart=58)


def run(*others: OtherSet, stains: tuple[str, ...] = ()) -> RunRecord:
    recipe = Recipe(model="cnn", stain_sources=stains)
    return new_record(recipe, "c" * 64, 8481, 1697, others)


def test_a_model_of_pbc_alone_credits_pbc_alone() -> None:
    alone = run()
    assert dataset_of(alone) == "PBC, doi 10.17632/snkd93bnjr.1"
    assert "Acevedo" in attribution_of(alone)
    assert "shenggan" not in attribution_of(alone)
    assert "MIT" not in licence_of(alone)
    assert "One analyzer" in caveat_of(alone)


def test_every_other_set_is_named_with_its_licence_and_authors() -> None:
    chula = OtherSet(name="chula_wbc", digest="cd" * 32, cells=169, apart=73)
    both = run(BCCD, chula)
    for wanted in ("BCCD, 227 boxed cells", "abababab", "chula_wbc", "73 kept apart"):
        assert wanted in dataset_of(both)
    for wanted in ("Acevedo", "shenggan", "singgihbekti", "MIT"):
        assert wanted in attribution_of(both)
    assert "CC BY 4.0" in licence_of(both)
    assert "MIT" in licence_of(both)
    assert "One analyzer" not in caveat_of(both)


@pytest.mark.parametrize("stains", [(), ("chula_rbc12",)])
def test_stains_drawn_from_a_set_are_credited(stains: tuple[str, ...]) -> None:
    credited = attribution_of(run(stains=stains))
    assert ("Naruenatthanaset" in credited) == bool(stains)
