"""The calibration set: the listed images that fix an int8 model's activation ranges."""

import hashlib
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from calibration.methods import Method
from hemalens.errors import CalibrationError
from hemalens.image_set import CellImages, read_class_folders, read_unlabelled
from hemalens.split import Split, split_of

PBC_SET: Final = Path(__file__).parent / "sets" / "pbc.json"
"""The shipped set: names and hashes of PBC's training images."""


class CalibrationImage(BaseModel):
    """One image of the set, named so that anyone with the dataset can check it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    class_name: str | None
    """None where it was chosen from images without a class."""
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class CalibrationSet(BaseModel):
    """Which images calibrate, and how they were chosen."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Method
    seed: int
    split_rule: str
    dataset_digest: str
    images: tuple[CalibrationImage, ...] = Field(min_length=1)

    @property
    def digest(self) -> str:
        """SHA-256 over the listed contents, in order."""
        listed = "".join(f"{image.sha256}\n" for image in self.images)
        return hashlib.sha256(listed.encode()).hexdigest()


def read_calibration_set(path: Path) -> CalibrationSet:
    """Read a calibration manifest.

    Raises
    ------
    CalibrationError
        When the file cannot be read, is no calibration manifest, or lists an image
        that is not of the train split.
    """
    try:
        chosen = CalibrationSet.model_validate_json(path.read_bytes())
    except OSError as error:
        raise CalibrationError(f"cannot read {path}: {error.strerror}") from error
    except ValidationError as error:
        raise CalibrationError(f"{path} is no calibration manifest") from error
    for image in chosen.images:
        if split_of(image.name) is not Split.TRAIN:
            raise CalibrationError(
                f"{path} lists {image.name}, which is not of the train split"
            )
    return chosen


def read_images_for(chosen: CalibrationSet, folder: Path) -> CellImages:
    """Read a folder that is laid out as the one the set was chosen from.

    Raises
    ------
    DatasetError
        When it holds no images, or class folders where the set has no classes.
    """
    unlabelled = any(image.class_name is None for image in chosen.images)
    return read_unlabelled(folder) if unlabelled else read_class_folders(folder)


def find_images(chosen: CalibrationSet, images: CellImages) -> CellImages:
    """Find the listed images, by content, among those of a folder.

    Raises
    ------
    CalibrationError
        When one is not there.
    """
    by_content = {image.sha256: image for image in images.images}
    missing = [i.name for i in chosen.images if i.sha256 not in by_content]
    if missing:
        raise CalibrationError(
            f"{len(missing)} images of the calibration set are not in the folder, "
            f"first {missing[0]}: name the one that holds them with "
            "--calibration-images, or choose a set with 'hemalens calibrate set'"
        )
    return CellImages(
        images=tuple(by_content[i.sha256] for i in chosen.images), card=images.card
    )
