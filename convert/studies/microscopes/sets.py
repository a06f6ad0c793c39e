"""The sets by name, and who reads them; no reader is loaded before its set is asked."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from convert.studies.microscopes.truth import Microscope, Pick

READERS: Final = {
    "pbc": "pbc:read_pbc",
    "bccd": "bccd:read_bccd",
    "chula_wbc": "chula_wbc:read_chula_wbc",
    "yellow_glass": "segmentation_wbc:read_yellow_glass",
    "cellavision_blog": "segmentation_wbc:read_cellavision_blog",
    "chula_rbc12": "chula_rbc12:read_chula_rbc12",
    "phone_eyepiece": "phone_eyepiece:read_phone_eyepiece",
    "made": "made:read_made",
}
FIELD_CASES: Final = "field_cases"
"""Single pictures, judged by `cases`."""
NAMES: Final = (*READERS, FIELD_CASES)


def read_microscope(
    name: str, datasets: Path, work: Path, pick: "Pick"
) -> "Microscope":
    """Read one set.

    Parameters
    ----------
    name : str
        A key of `READERS`.
    datasets : Path
        Holds the sets' folders.
    work : Path
        For files that are made.
    pick : Pick
        Which of its frames.

    Raises
    ------
    DatasetError
        When it is not there, or damaged.
    """
    module, function = READERS[name].split(":")
    readers = import_module(f"convert.studies.microscopes.readers.{module}")
    read: Callable[[Path, Path, Pick], Microscope] = getattr(readers, function)
    return read(datasets, work, pick)
