"""Images of one cell each: in class folders as PBC has them, or without a class.

Labelled images lie in ``<folder>/<class>/<name>.jpg``, others in the folder itself.
Reading lists and hashes files and decodes nothing. Files that cannot serve are set
aside with their reason, never skipped silently.
"""

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self, TypeVar

from hemalens.classes import CLASS_NAMES
from hemalens.dataset_card import CARD, DatasetCard, read_card
from hemalens.errors import DatasetError
from hemalens.split import Split, split_of

IMAGE_SUFFIXES: Final = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff"})

_NAMED: Final = 3
"""Foreign folders that an error names."""

CONTRADICTORY_TWINS: Final = frozenset({"BNE_191112.jpg", "EO_225902.jpg"})
"""One image that PBC publishes in two classes; no copy is used, not even a lone one
(found by comparing contents, 2026-11)."""

# Of identical files the copy in the best protected split is kept, so that no image
# kept back for a figure is ever trained on under another name.
_PROTECTION: Final = (Split.TEST, Split.VALIDATION, Split.TRAIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class CellImage:
    """One image file of one cell; its class is None where nobody has said it."""

    path: Path
    class_name: str | None = None
    sha256: str

    @property
    def name(self) -> str:
        """File name; the split rule reads it."""
        return self.path.name

    @property
    def place(self) -> str:
        """Where it lies in its folder: its name, below its class where it has one."""
        return f"{self.class_name}/{self.name}" if self.class_name else self.name

    @property
    def split(self) -> Split:
        """The split this image belongs to."""
        return split_of(self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledImage(CellImage):
    """One image file with the class its folder gives it."""

    class_name: str


_Image = TypeVar("_Image", bound=CellImage)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """A file of the folder that is no part of the set, and why."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CellImages:
    """Images in a fixed order, the files set aside, and what the set says of itself."""

    images: tuple[CellImage, ...]
    set_aside: tuple[SetAside, ...] = ()
    card: DatasetCard | None = None

    @property
    def digest(self) -> str:
        """SHA-256 over the class, name and content hash of every image."""
        lines = sorted(f"{image.place} {image.sha256}\n" for image in self.images)
        return hashlib.sha256(os.fsencode("".join(lines))).hexdigest()

    def of_split(self, split: Split | None) -> Self:
        """Keep one split; None keeps all."""
        if split is None:
            return self
        return replace(self, images=tuple(i for i in self.images if i.split is split))


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSet(CellImages):
    """Labelled images in a fixed order, and the files set aside."""

    images: tuple[LabelledImage, ...]

    def groups(self) -> tuple[str, ...] | None:
        """Name the slide or patient of each image; None where the card names none."""
        if self.card is None or self.card.group_pattern is None:
            return None
        return tuple(str(self.card.group_of(image.name)) for image in self.images)

    def counts(self) -> dict[str, int]:
        """Count the images of each class, in class order."""
        counts = dict.fromkeys(CLASS_NAMES, 0)
        for image in self.images:
            counts[image.class_name] += 1
        return counts


def read_class_folders(folder: Path) -> ImageSet:
    """List the labelled images below a folder.

    Dot-files and files that are no images are set aside; so are all but one of
    several identical files, and every copy of a file that stands in two classes.

    Parameters
    ----------
    folder : Path
        Holds one folder per class, named as in `hemalens.classes.CLASS_NAMES`.

    Returns
    -------
    ImageSet
        Ordered by class, then name.

    Raises
    ------
    DatasetError
        When the folder is missing, holds no class folder, a folder that is no
        class, or no image, or its card cannot be read.
    """
    paths, foreign = _image_files(_class_folders(folder))
    if not paths:
        raise DatasetError(f"no image in the class folders of {folder}")
    images, twins = without_twins(
        LabelledImage(path=path, class_name=path.parent.name, sha256=digest)
        for path, digest in zip(paths, _digests(paths), strict=True)
    )
    return ImageSet(images=images, set_aside=(*foreign, *twins), card=read_card(folder))


def read_unlabelled(folder: Path) -> CellImages:
    """List the images of a folder without class folders.

    Files are set aside as in `read_class_folders`.

    Parameters
    ----------
    folder : Path
        Holds the images themselves, such as the crops of ``hemalens count``.

    Returns
    -------
    CellImages
        Ordered by name.

    Raises
    ------
    DatasetError
        When the folder is missing or holds no image.
    """
    if not folder.is_dir():
        raise DatasetError(f"no folder {folder}: give the one that holds the images")
    paths, foreign = _image_files([folder])
    if not paths:
        raise DatasetError(
            f"no image in {folder}: wanted the images themselves, not class folders"
        )
    images, twins = without_twins(
        CellImage(path=path, sha256=digest)
        for path, digest in zip(paths, _digests(paths), strict=True)
    )
    return CellImages(
        images=images,
        set_aside=tuple(one for one in (*foreign, *twins) if one.path != folder / CARD),
        card=read_card(folder),
    )


def _class_folders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise DatasetError(f"no folder {folder}: give the one that holds the classes")
    folders = sorted(p for p in folder.iterdir() if p.is_dir() and p.name[0] != ".")
    foreign = [p.name for p in folders if p.name not in CLASS_NAMES]
    if foreign or not folders:
        found = ", ".join(foreign[:_NAMED]) or "none"
        if len(foreign) > _NAMED:
            found += f" and {len(foreign) - _NAMED} more"
        raise DatasetError(
            f"{folder} should hold one folder per class ({', '.join(CLASS_NAMES)}); "
            f"found {found}"
        )
    return folders


def _image_files(folders: Iterable[Path]) -> tuple[list[Path], list[SetAside]]:
    paths: list[Path] = []
    set_aside: list[SetAside] = []
    for folder in folders:
        for path in sorted(folder.iterdir()):
            reason = _foreign(path)
            if reason:
                set_aside.append(SetAside(path=path, reason=reason))
            else:
                paths.append(path)
    return paths, set_aside


def _foreign(path: Path) -> str | None:
    if path.name.startswith("."):
        return "dot-file"
    if not path.is_file():
        return "not a file"
    if path.suffix.lower() not in IMAGE_SUFFIXES:
        return "no image file"
    return None


def _digests(paths: Sequence[Path]) -> list[str]:
    def digest(path: Path) -> str:
        try:
            content = path.read_bytes()
        except OSError as error:
            raise DatasetError(f"cannot read {path}: {error.strerror}") from error
        return hashlib.sha256(content).hexdigest()

    with ThreadPoolExecutor() as pool:
        return list(pool.map(digest, paths))


def without_twins(
    images: Iterable[_Image],
) -> tuple[tuple[_Image, ...], list[SetAside]]:
    """Keep one of several identical images, and none whose copies' classes differ.

    Parameters
    ----------
    images : iterable of CellImage
        In any order.

    Returns
    -------
    kept : tuple of CellImage
        Ordered by class, then name.
    set_aside : list of SetAside
        The others, each with its reason.
    """
    by_content: defaultdict[str, list[_Image]] = defaultdict(list)
    for image in images:
        by_content[image.sha256].append(image)
    kept: list[_Image] = []
    set_aside: list[SetAside] = []
    for twins in by_content.values():
        if any(twin.name in CONTRADICTORY_TWINS for twin in twins):
            reason = "published in two classes"
            set_aside += [SetAside(path=t.path, reason=reason) for t in twins]
            continue
        twins.sort(key=lambda twin: (_PROTECTION.index(twin.split), twin.name))
        if len({twin.class_name for twin in twins}) > 1:
            names = " and ".join(twin.place for twin in twins)
            reason = f"identical files of different classes: {names}"
            set_aside += [SetAside(path=t.path, reason=reason) for t in twins]
            continue
        kept.append(twins[0])
        reason = f"identical to {twins[0].place}"
        set_aside += [SetAside(path=t.path, reason=reason) for t in twins[1:]]
    # The classes are in alphabetical order.
    kept.sort(key=lambda image: image.place)
    return tuple(kept), set_aside
