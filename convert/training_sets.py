"""Whose images a model was trained on: licences, authors and what follows from them."""

from typing import Final

from calibration.calibration_set import PBC_SET, read_calibration_set
from hemalens.dataset_card import DatasetCard
from hemalens.image_set import ImageSet
from hemalens.manifest import Manifest
from train.dataset.published_pbc import class_of_name
from train.run import OtherSet, RunRecord

_AND_OTHERS: Final = ", those of other microscopes MIT"

_PBC_CREDIT: Final = (
    "A. Acevedo, A. Merino, S. Alférez, Á. Molina, L. Boldú, J. Rodellar: "
    "A dataset for microscopic peripheral blood cell images for development of "
    "automatic recognition systems, Mendeley Data V1 (2020), "
    "doi 10.17632/snkd93bnjr.1, CC BY 4.0."
)
_CREDITS: Final = {
    "BCCD": "BCCD Dataset, copyright 2017 shenggan, MIT licence.",
    "chula_wbc": "WBC_Dataset (Chulalongkorn University), copyright 2022 "
    "singgihbekti, MIT licence.",
}
_STAIN_CREDITS: Final = {
    "chula_rbc12": "Stain densities, no images, of Chula-RBC-12 (K. Naruenatthanaset, "
    "T. H. Chalidabhongse, D. Palasuwan, N. Anantrasirichai, A. Palasuwan: Red Blood "
    "Cell Segmentation with Overlapping Cell Separation and Classification on "
    "Imbalanced Dataset, arXiv 2012.01321), MIT licence.",
}

_PBC_CAVEAT: Final = (
    "No patient identifiers exist in PBC: the same patient's cells may stand on both "
    "sides of the split."
)
_ONE_ANALYZER: Final = " One analyzer and stain: expect less on other microscopes."

PBC: Final = DatasetCard(
    name="PBC, doi 10.17632/snkd93bnjr.1",
    licence="CC BY 4.0",
    attribution=_PBC_CREDIT,
    caveat=_PBC_CAVEAT,
)
"""As its authors published it; the archive holds no card."""
_UNNAMED: Final = DatasetCard(
    name="images that nothing is said of",
    licence="of no stated licence",
    attribution="Whose images the model was trained on is not stated.",
    caveat="Nothing is known of the training images.",
)
_FEW_OTHERS: Final = (
    " Few cells of other microscopes were trained on, and none of erythroblasts, "
    "immature granulocytes and platelets: expect less on microscopes that were not."
)


def card_of(images: ImageSet) -> DatasetCard:
    """Say whose images a set holds: by its own card, or as PBC by names and contents.

    Images of neither are said to be of nobody known; `is_unnamed` tells.
    """
    if images.card is not None:
        return images.card
    known = {one.sha256 for one in read_calibration_set(PBC_SET).images}
    contents = {one.sha256 for one in images.images}
    named = all(class_of_name(one.name) == one.class_name for one in images.images)
    return PBC if named and known <= contents else _UNNAMED


def is_unnamed(manifest: Manifest) -> bool:
    """Say whether a manifest cannot credit anyone."""
    return _UNNAMED.attribution in manifest.attribution


def dataset_of(run: RunRecord, card: DatasetCard) -> str:
    """Name the datasets, with what of the smaller ones was used."""
    return "; ".join([card.name, *map(_named, run.others)])


def licence_of(run: RunRecord, card: DatasetCard) -> str:
    """State the licences of weights and images."""
    images = f"Apache-2.0 (weights); training images {card.licence}"
    return images + (_AND_OTHERS if run.others else "")


def attribution_of(run: RunRecord, card: DatasetCard) -> str:
    """Credit everyone whose images or stains were learned from."""
    images = [_CREDITS.get(one.name, f"{one.name}.") for one in run.others]
    stains = [
        _STAIN_CREDITS[name]
        for name in run.recipe.stain_sources
        if name in _STAIN_CREDITS
    ]
    return " ".join([f"Trained on: {card.attribution}", *images, *stains])


def caveat_of(run: RunRecord, card: DatasetCard) -> str:
    """Warn of what the training images cannot show."""
    return card.caveat + (_FEW_OTHERS if run.others else _ONE_ANALYZER)


def _named(other: OtherSet) -> str:
    return (
        f"{other.name}, {other.cells} boxed cells (SHA-256 {other.digest[:16]}), "
        f"{other.apart} kept apart"
    )
