"""The float model an int8 model was made of, found by its digest."""

from pathlib import Path
from typing import Final

from hemalens.bundle import Bundle
from hemalens.errors import ConversionError
from hemalens.files import sha256_of

SHIPPED: Final = Path(__file__).parents[2] / "train" / "models"
"""Float models of the shipped bundles; in the repository, on no device."""


def find_float_twin(bundle: Bundle, path: Path, given: Path | None = None) -> Path:
    """Find the ``.keras`` file a bundle was made of.

    Parameters
    ----------
    path : Path
        Where the bundle lies; the model may lie beside it under the same name.
    given : Path, optional
        Where to look alone.

    Raises
    ------
    ConversionError
        When it is not there, is another file, or the bundle does not name it.
    """
    wanted = bundle.manifest.training.float_model_sha256
    if wanted is None:
        raise ConversionError(
            "the bundle does not name the float model it was made of: convert it anew"
        )
    if given is not None:
        found = sha256_of(given)
        if found != wanted:
            raise ConversionError(
                f"{given} is not the model this bundle was made of: its SHA-256 begins "
                f"{found[:12]}, the manifest says {wanted[:12]}"
            )
        return given
    for candidate in (path.with_suffix(".keras"), *sorted(SHIPPED.glob("*.keras"))):
        if candidate.is_file() and sha256_of(candidate) == wanted:
            return candidate
    raise ConversionError(
        f"the float model this bundle was made of (SHA-256 {wanted[:12]}…) is neither "
        "beside it nor shipped: give it with --float-model"
    )
