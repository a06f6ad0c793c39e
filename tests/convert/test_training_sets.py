"""Whose images a manifest credits."""

from pathlib import Path

import pytest

from calibration.calibration_set import PBC_SET, read_calibration_set
from convert.training_sets import (
    PBC,
    attribution_of,
    card_of,
    caveat_of,
    dataset_of,
    licence_of,
)
from hemalens.dataset_card import DatasetCard
from hemalens.image_set import ImageSet, LabelledImage
from train.recipe import Recipe
from train.run import OtherSet, RunRecord, new_record

BCCD = OtherSet(name="BCCD", digest="ab" * 32, cells=227, apart=58)


def run(*others: OtherSet, stains: tuple[str, ...] = ()) -> RunRecord:
    recipe = Recipe(model="cnn", stain_sources=stains)
    return new_record(recipe, "c" * 64, 8481, 1697, others)


def test_a_model_of_pbc_alone_credits_pbc_alone() -> None:
    alone = run()
    assert dataset_of(alone, PBC) == "PBC, doi 10.17632/snkd93bnjr.1"
    assert "Acevedo" in attribution_of(alone, PBC)
    assert "shenggan" not in attribution_of(alone, PBC)
    assert "MIT" not in licence_of(alone, PBC)
    assert "One analyzer" in caveat_of(alone, PBC)


def test_every_other_set_is_named_with_its_licence_and_authors() -> None:
    chula = OtherSet(name="chula_wbc", digest="cd" * 32, cells=169, apart=73)
    both = run(BCCD, chula)
    for wanted in ("BCCD, 227 boxed cells", "abababab", "chula_wbc", "73 kept apart"):
        assert wanted in dataset_of(both, PBC)
    for wanted in ("Acevedo", "shenggan", "singgihbekti", "MIT"):
        assert wanted in attribution_of(both, PBC)
    assert "CC BY 4.0" in licence_of(both, PBC)
    assert "MIT" in licence_of(both, PBC)
    assert "One analyzer" not in caveat_of(both, PBC)


@pytest.mark.parametrize("stains", [(), ("chula_rbc12",)])
def test_stains_drawn_from_a_set_are_credited(stains: tuple[str, ...]) -> None:
    credited = attribution_of(run(stains=stains), PBC)
    assert ("Naruenatthanaset" in credited) == bool(stains)


def pbc_images(*more: LabelledImage, card: DatasetCard | None = None) -> ImageSet:
    """List images with the contents and names of some of PBC's."""
    listed = read_calibration_set(PBC_SET).images
    images = (
        LabelledImage(
            path=Path(one.class_name or "") / one.name,
            class_name=one.class_name or "",
            sha256=one.sha256,
        )
        for one in listed
    )
    return ImageSet(images=(*images, *more), card=card)


def test_pbc_is_known_by_its_contents() -> None:
    assert card_of(pbc_images()) == PBC


def test_a_folder_of_other_images_is_not_called_pbc() -> None:
    foreign = LabelledImage(path=Path("ig/mine.png"), class_name="ig", sha256="0" * 64)
    named = LabelledImage(path=Path("ig/IG_1.jpg"), class_name="ig", sha256="0" * 64)
    for images in (pbc_images(foreign), ImageSet(images=(named,))):
        card = card_of(images)
        assert "PBC" not in card.name
        assert "CC BY" not in licence_of(run(), card)
        assert "not stated" in attribution_of(run(), card)


def test_a_set_says_itself_whose_it_is() -> None:
    card = DatasetCard(name="Ward 3", licence="in house", attribution="A. Lee, 2026.")
    found = card_of(pbc_images(card=card))
    assert found == card
    assert dataset_of(run(BCCD), found).startswith("Ward 3; BCCD")
    assert licence_of(run(), found).endswith("training images in house")
    assert attribution_of(run(), found) == "Trained on: A. Lee, 2026."
