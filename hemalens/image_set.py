"""Labelled images in class folders, PBC's own layout: ``<folder>/<class>/<name>.jpg``.

Reading lists and hashes files and decodes nothing. Files that cannot serve are set
aside with their reason, never skipped silently.
"""

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hemalens.classes import CLASS_NAMES
from hemalens.errors import DatasetError
from hemalens.split import Split, split_of

IMAGE_SUFFIXES: Final = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff"})

CONTRADICTORY_TWINS: Final = frozenset({"BNE_191112.jpg", "EO_225902.jpg"})
"""One image that PBC publishes in two classes; no copy is used, not even a lone one
(found by comparing contents, 2026-11)."""

# Of identical files the copy in the best protected split is kept, so that no image
# kept back for a figure is ever trained on under another name.
_PROTECTION: Final = (Split.TEST, Split.VALIDATION, Split.TRAIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledImage:
    """One image file with the class its folder gives it."""

    path: Path
    class_name: str
    sha256: str

    @property
    def name(self) -> str:
        """File name; the split rule reads it."""
        return self.path.name

    @property
    def split(self) -> Split:
        """The split this image belongs to."""
        return split_of(self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """A file of the folder that is no part of the set, and why."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSet:
    """Labelled images in a fixed order, and the files set aside."""

    images: tuple[LabelledImage, ...]
    set_aside: tuple[SetAside, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 over the class, name and content hash of every image."""
        lines = sorted(f"{i.class_name}/{i.name} {i.sha256}\n" for i in self.images)
        return hashlib.sha256(os.fsencode("".join(lines))).hexdigest()

    def of_split(self, split: Split | None) -> "ImageSet":
        """Keep one split; None keeps all."""
        if split is None:
            return self
        return ImageSet(
            images=tuple(i for i in self.images if i.split is split),
            set_aside=self.set_aside,
        )

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
        class, or no image.
    """
    candidates: list[tuple[Path, str]] = []
    set_aside: list[SetAside] = []
    for class_folder in _class_folders(folder):
        for path in sorted(class_folder.iterdir()):
            reason = _foreign(path)
            if reason:
                set_aside.append(SetAside(path=path, reason=reason))
            else:
                candidates.append((path, class_folder.name))
    if not candidates:
        raise DatasetError(f"no image in the class folders of {folder}")
    images, twins = without_twins(_hashed(candidates))
    return ImageSet(images=images, set_aside=(*set_aside, *twins))


def _class_folders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise DatasetError(f"no folder {folder}: give the one that holds the classes")
    folders = sorted(p for p in folder.iterdir() if p.is_dir() and p.name[0] != ".")
    foreign = [p.name for p in folders if p.name not in CLASS_NAMES]
    if foreign or not folders:
        found = ", ".join(foreign[:3]) or "none"
        raise DatasetError(
            f"{folder} should hold one folder per class ({', '.join(CLASS_NAMES)}); "
            f"found {found}"
        )
    return folders


def _foreign(path: Path) -> str | None:
    if path.name.startswith("."):
        return "dot-file"
    if not path.is_file():
        return "not a file"
    if path.suffix.lower() not in IMAGE_SUFFIXES:
        return "no image file"
    return None


def _hashed(candidates: Sequence[tuple[Path, str]]) -> list[LabelledImage]:
    def hashed(candidate: tuple[Path, str]) -> LabelledImage:
        path, class_name = candidate
        try:
            content = path.read_bytes()
        except OSError as error:
            raise DatasetError(f"cannot read {path}: {error.strerror}") from error
        digest = hashlib.sha256(content).hexdigest()
        return LabelledImage(path=path, class_name=class_name, sha256=digest)

    with ThreadPoolExecutor() as pool:
        return list(pool.map(hashed, candidates))


def without_twins(
    images: Iterable[LabelledImage],
) -> tuple[tuple[LabelledImage, ...], list[SetAside]]:
    """Keep one of several identical images, and none whose copies' classes differ.

    Parameters
    ----------
    images : iterable of LabelledImage
        In any order.

    Returns
    -------
    kept : tuple of LabelledImage
        Ordered by class, then name.
    set_aside : list of SetAside
        The others, each with its reason.
    """
    by_content: defaultdict[str, list[LabelledImage]] = defaultdict(list)
    for image in images:
        by_content[image.sha256].append(image)
    kept: list[LabelledImage] = []
    set_aside: list[SetAside] = []
    for twins in by_content.values():
        if any(twin.name in CONTRADICTORY_TWINS for twin in twins):
            reason = "published in two classes"
            set_aside += [SetAside(path=t.path, reason=reason) for t in twins]
            continue
        twins.sort(key=lambda twin: (_PROTECTION.index(twin.split), twin.name))
        if len({twin.class_name for twin in twins}) > 1:
            names = " and ".join(f"{t.class_name}/{t.name}" for t in twins)
            reason = f"identical files of different classes: {names}"
            set_aside += [SetAside(path=t.path, reason=reason) for t in twins]
            continue
        kept.append(twins[0])
        reason = f"identical to {twins[0].class_name}/{twins[0].name}"
        set_aside += [SetAside(path=t.path, reason=reason) for t in twins[1:]]
    kept.sort(key=lambda image: (CLASS_NAMES.index(image.class_name), image.name))
    return tuple(kept), set_aside
