"""Whose work the finder learned from, as every bundle says it."""

from typing import Final

from hemalens.finder_manifest import TrainingSet

_TXL: Final = "boxes: TXL-PBC (Lu Gan), MIT"
_OF: Final = {
    "PBC": (
        "CC BY 4.0; boxes MIT",
        "A. Acevedo, A. Merino, S. Alférez, Á. Molina, L. Boldú, J. Rodellar: A "
        "dataset for microscopic peripheral blood cell images for development of "
        "automatic recognition systems, Mendeley Data V1 (2020), "
        f"doi 10.17632/snkd93bnjr.1; {_TXL}",
    ),
    "BCCD": ("MIT", f"BCCD Dataset (shenggan, cosmicad, akshaylamba); {_TXL}"),
    "chula_wbc": ("MIT", "WBC_Dataset (singgihbekti), Chulalongkorn University"),
    "chula_rbc12": (
        "MIT",
        "Chula RBC-12 (Chula PIC Lab): K. Naruenatthanaset, T. H. Chalidabhongse, "
        "D. Palasuwan, N. Anantrasirichai, A. Palasuwan, arXiv 2012.01321",
    ),
    "phone_eyepiece": (
        "CC0 1.0",
        "white blood cells of a young pig, photographed through an eyepiece",
    ),
}


def training_sets(fields: dict[str, int]) -> tuple[TrainingSet, ...]:
    """Credit the sets that a run's fields came from.

    Parameters
    ----------
    fields : dict
        Number of fields by source, as in `train.finder.record.FinderRecord`.
    """
    numbers: dict[str, int] = {}
    for source, number in fields.items():
        name = source.split()[0]
        numbers[name] = numbers.get(name, 0) + number
    return tuple(
        TrainingSet(
            name=name,
            fields=number,
            licence=_OF.get(name, ("not stated", ""))[0],
            attribution=_OF.get(name, ("", "not stated"))[1],
        )
        for name, number in numbers.items()
    )
