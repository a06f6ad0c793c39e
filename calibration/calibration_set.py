"""The calibration set: the listed images that fix an int8 model's activation ranges."""

import hashlib
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hemalens.classes import CLASS_NAMES
from hemalens.errors import CalibrationError
from hemalens.image_set import ImageSet, LabelledImage
from hemalens.split import SPLIT_RULE, Split, split_of

DEFAULT_SIZE: Final = 256

PBC_SET: Final = Path(__file__).parent / "sets" / "pbc.json"
"""The shipped set: names and hashes of PBC's training images."""


class CalibrationImage(BaseModel):
    """One image of the set, named so that anyone with the dataset can check it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    class_name: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class CalibrationSet(BaseModel):
    """Which images calibrate, and how they were chosen."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Literal["stratified"]
    seed: int
    split_rule: str
    dataset_digest: str
    images: tuple[CalibrationImage, ...] = Field(min_length=1)

    @property
    def digest(self) -> str:
        """SHA-256 over the listed contents, in order."""
        listed = "".join(f"{image.sha256}\n" for image in self.images)
        return hashlib.sha256(listed.encode()).hexdigest()


def choose_stratified(
    images: ImageSet, size: int = DEFAULT_SIZE, seed: int = 0
) -> CalibrationSet:
    """Choose images from the train split, as many of each class.

    Within a class the images with the smallest SHA-256 of seed and content are taken:
    random, and the same on every machine.

    Parameters
    ----------
    images : ImageSet
        Of any splits; only train is drawn from.
    size : int
        Number of images; a class with too few leaves its places to the others.
    seed : int

    Raises
    ------
    CalibrationError
        When a class has no training image, or there are fewer images than asked for.
    """
    train = images.of_split(Split.TRAIN)
    missing = [name for name, count in train.counts().items() if not count]
    if missing:
        raise CalibrationError(f"no training image of class {', '.join(missing)}")
    if not len(CLASS_NAMES) <= size <= len(train.images):
        raise CalibrationError(
            f"cannot choose {size} images: between {len(CLASS_NAMES)} and "
            f"{len(train.images)} (the training images there are)"
        )
    queues = {
        name: sorted(
            (image for image in train.images if image.class_name == name),
            key=lambda image: _draw(image, seed),
        )
        for name in CLASS_NAMES
    }
    chosen: list[LabelledImage] = []
    while len(chosen) < size:
        for queue in queues.values():
            if queue and len(chosen) < size:
                chosen.append(queue.pop(0))
    chosen.sort(key=lambda image: (image.class_name, image.name))
    return CalibrationSet(
        method="stratified",
        seed=seed,
        split_rule=SPLIT_RULE,
        dataset_digest=images.digest,
        images=tuple(
            CalibrationImage(name=i.name, class_name=i.class_name, sha256=i.sha256)
            for i in chosen
        ),
    )


def _draw(image: LabelledImage, seed: int) -> str:
    return hashlib.sha256(f"{seed} {image.sha256}".encode()).hexdigest()


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


def find_images(chosen: CalibrationSet, images: ImageSet) -> ImageSet:
    """Find the listed images, by content, in a dataset.

    Raises
    ------
    CalibrationError
        When one is not there.
    """
    by_content = {image.sha256: image for image in images.images}
    missing = [i.name for i in chosen.images if i.sha256 not in by_content]
    if missing:
        raise CalibrationError(
            f"{len(missing)} images of the calibration set are not in the dataset, "
            f"first {missing[0]}: choose a set with 'hemalens calibrate set'"
        )
    return ImageSet(images=tuple(by_content[i.sha256] for i in chosen.images))
