"""Whose images a model was trained on: licences, authors and what follows from them."""

from typing import Final

from train.run import OtherSet, RunRecord

PBC: Final = "PBC, doi 10.17632/snkd93bnjr.1"

LICENCE: Final = "Apache-2.0 (weights); training images CC BY 4.0"
_AND_OTHERS: Final = ", those of other microscopes MIT"

_PBC_CREDIT: Final = (
    "Trained on: A. Acevedo, A. Merino, S. Alférez, Á. Molina, L. Boldú, J. Rodellar: "
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

_NO_PATIENTS: Final = (
    "No patient identifiers exist in PBC: the same patient's cells may stand on both "
    "sides of the split."
)
_ONE_ANALYZER: Final = " One analyzer and stain: expect less on other microscopes."
_FEW_OTHERS: Final = (
    " Few cells of other microscopes were trained on, and none of erythroblasts, "
    "immature granulocytes and platelets: expect less on microscopes that were not."
)


def dataset_of(run: RunRecord) -> str:
    """Name the datasets, with what of the smaller ones was used."""
    return "; ".join([PBC, *map(_named, run.others)])


def licence_of(run: RunRecord) -> str:
    """State the licences of weights and images."""
    return LICENCE + (_AND_OTHERS if run.others else "")


def attribution_of(run: RunRecord) -> str:
    """Credit everyone whose images or stains were learned from."""
    images = [_CREDITS.get(one.name, f"{one.name}.") for one in run.others]
    stains = [
        _STAIN_CREDITS[name]
        for name in run.recipe.stain_sources
        if name in _STAIN_CREDITS
    ]
    return " ".join([_PBC_CREDIT, *images, *stains])


def caveat_of(run: RunRecord) -> str:
    """Warn of what the training images cannot show."""
    return _NO_PATIENTS + (_FEW_OTHERS if run.others else _ONE_ANALYZER)


def _named(other: OtherSet) -> str:
    return (
        f"{other.name}, {other.cells} boxed cells (SHA-256 {other.digest[:16]}), "
        f"{other.apart} kept apart"
    )
