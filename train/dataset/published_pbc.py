"""What the authors of PBC published: where, how many, under which names and sizes.

References
----------
.. [1] Acevedo, Merino, Alférez, Molina, Boldú, Rodellar: A dataset of microscopic
   peripheral blood cell images for development of automatic recognition systems.
   Data in Brief 30 (2020) 105474, doi 10.1016/j.dib.2020.105474.
   Images: Mendeley Data, doi 10.17632/snkd93bnjr.1, CC BY 4.0.
"""

from typing import Final

from hemalens.classes import CellClass

PAGE: Final = "https://data.mendeley.com/datasets/snkd93bnjr/1"
"""Where a person downloads the archive."""

ARCHIVE_URL: Final = (
    "https://data.mendeley.com/public-files/datasets/snkd93bnjr/files/"
    "2fc38728-2ae7-4a62-a857-032af82334c3/file_downloaded"
)
"""The archive's address as other public projects download it. The publisher may change
it, and we have no checksum of our own to pin."""

ATTRIBUTION: Final = (
    "Acevedo et al. (2020), A dataset for microscopic peripheral blood cell images, "
    "Mendeley Data, doi 10.17632/snkd93bnjr.1, CC BY 4.0"
)

PUBLISHED_COUNTS: Final = {
    CellClass.BASOPHIL: 1218,
    CellClass.EOSINOPHIL: 3117,
    CellClass.ERYTHROBLAST: 1551,
    CellClass.IG: 2895,
    CellClass.LYMPHOCYTE: 1214,
    CellClass.MONOCYTE: 1420,
    CellClass.NEUTROPHIL: 3329,
    CellClass.PLATELET: 2348,
}
"""Images of each class [1]_."""

CROP_SIDE_PX: Final = 256
"""Side of the centred square that training cuts from a PBC image."""

NO_PATIENT_IDS: Final = (
    "PBC has no patient ids: no split can rule out that cells of one patient stand "
    "on both sides"
)
"""Said wherever a figure measured on PBC is quoted."""

_CLASS_OF_PREFIX: Final = {
    "BA": CellClass.BASOPHIL,
    "EO": CellClass.EOSINOPHIL,
    "ERB": CellClass.ERYTHROBLAST,
    "IG": CellClass.IG,
    "MMY": CellClass.IG,
    "MY": CellClass.IG,
    "PMY": CellClass.IG,
    "LY": CellClass.LYMPHOCYTE,
    "MO": CellClass.MONOCYTE,
    "BNE": CellClass.NEUTROPHIL,
    "SNE": CellClass.NEUTROPHIL,
    "NEUTROPHIL": CellClass.NEUTROPHIL,
    "PLATELET": CellClass.PLATELET,
}

_EXACT_SIZES_WH: Final = frozenset({(360, 363), (366, 369)})


def class_of_name(file_name: str) -> CellClass | None:
    """Say which class PBC's naming gives a file; None where it is not PBC's.

    Examples
    --------
    >>> class_of_name("PMY_10334.jpg").value
    'ig'
    >>> class_of_name("cell.jpg") is None
    True
    """
    prefix, underscore, _ = file_name.partition("_")
    return _CLASS_OF_PREFIX.get(prefix) if underscore else None


def is_published_size(size_wh: tuple[int, int]) -> bool:
    """Tell a size PBC was published in: 360x363, 366x369, about 360x360.

    Examples
    --------
    >>> is_published_size((361, 360)), is_published_size((363, 360))
    (True, False)
    """
    width, height = size_wh
    about_360 = abs(width - 360) <= 2 and abs(height - 360) <= 1
    return size_wh in _EXACT_SIZES_WH or about_360
