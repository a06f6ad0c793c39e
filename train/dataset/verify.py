"""Check labelled images in class folders against what PBC published.

Every file is read and decoded once. A finding is either handled by the reader, which
sets such files aside, or must be mended before the folder is fit for training.
"""

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hemalens.classes import CLASS_NAMES
from hemalens.dataset_card import CARD
from hemalens.errors import CaptureError, DatasetError
from hemalens.image_files import decode_image
from hemalens.image_set import (
    CONTRADICTORY_TWINS,
    IMAGE_SUFFIXES,
    LabelledImage,
    without_twins,
)
from hemalens.picture_header import is_truncated
from train.dataset.findings import ClassCount, DatasetFinding, FindingKind, Verification
from train.dataset.published_pbc import (
    CROP_SIDE_PX,
    class_of_name,
    is_published_size,
)

Progress = Callable[[int, int], None]
"""Told how many files were read, of how many."""


_ORDER: Final = tuple(FindingKind)

_STILL_USABLE: Final = frozenset(
    {
        FindingKind.UNUSUAL_SIZE,
        FindingKind.UNKNOWN_NAME,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """One image file after reading; without a size it could not be decoded."""

    image: LabelledImage
    size_wh: tuple[int, int] | None
    findings: tuple[DatasetFinding, ...]


def verify(
    folder: Path, progress: Progress = lambda _done, _total: None
) -> Verification:
    """Read every file of a dataset and say what is there.

    Parameters
    ----------
    folder : Path
        Holds one folder per class.
    progress : callable
        Called after each file.

    Returns
    -------
    Verification
        Fit for training when it passed: other findings are notes about files that
        the reader sets aside, or that need no mending.

    Raises
    ------
    DatasetError
        When the folder cannot be read or holds no class folder.
    """
    candidates: list[Path] = []
    findings: list[DatasetFinding] = []
    for path in _entries(folder):
        found = _foreign(path, folder)
        if found:
            findings.append(found)
        elif path.parent != folder:
            candidates.append(path)
    reads = _read_all(candidates, folder, progress)
    findings += [finding for read in reads for finding in read.findings]
    findings += _twins(reads, folder)
    findings += _missing(reads)
    return Verification(
        folder=folder,
        counts=_counts(reads, findings, folder),
        sizes_wh=dict(Counter(r.size_wh for r in reads if r.size_wh).most_common()),
        findings=tuple(sorted(findings, key=lambda f: (_ORDER.index(f.kind), f.path))),
    )


def _entries(folder: Path) -> list[Path]:
    """List the folder's own entries and those of its class folders."""
    top = _listed(folder)
    class_folders = [p for p in top if _is_class(p)]
    if not class_folders:
        below = [p for p in top if p.is_dir() and any(map(_is_class, _listed(p)))]
        advice = f": did you mean {below[0]}?" if below else ""
        raise DatasetError(
            f"{folder} holds no class folder ({', '.join(CLASS_NAMES)}){advice}"
        )
    return top + [entry for inner in class_folders for entry in _listed(inner)]


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise DatasetError(
            f"cannot list {folder}: {error.strerror}; give the folder of the classes"
        ) from error


def _is_class(path: Path) -> bool:
    return path.name in CLASS_NAMES and path.is_dir()


def _foreign(path: Path, folder: Path) -> DatasetFinding | None:
    """Find what is no image, exactly what the reader sets aside or refuses."""

    def finding(kind: FindingKind, detail: str) -> DatasetFinding:
        return DatasetFinding(kind=kind, path=_relative(path, folder), detail=detail)

    if path.name.startswith("."):
        return finding(FindingKind.DOT_FILE, "no part of the dataset")
    if path.parent == folder:
        if _is_class(path) or path.name == CARD:
            return None
        if path.is_dir():
            return finding(FindingKind.FOREIGN_FOLDER, "no class: take it away")
        return finding(FindingKind.FOREIGN_FILE, "outside the class folders")
    if not path.is_file():
        detail = "a link to nothing" if path.is_symlink() else "not a file"
        return finding(FindingKind.FOREIGN_FILE, detail)
    if path.suffix.lower() not in IMAGE_SUFFIXES:
        return finding(FindingKind.FOREIGN_FILE, "no image file")
    return None


def _relative(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


def _read_all(
    paths: Sequence[Path], folder: Path, progress: Progress
) -> tuple[_Read, ...]:
    reads: list[_Read] = []
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        for read in pool.map(lambda path: _read(path, folder), paths):
            reads.append(read)
            progress(len(reads), len(paths))
    return tuple(reads)


def _read(path: Path, folder: Path) -> _Read:
    findings: list[DatasetFinding] = []

    def find(kind: FindingKind, detail: str) -> None:
        relative = _relative(path, folder)
        findings.append(DatasetFinding(kind=kind, path=relative, detail=detail))

    _check_name(path, find)
    content, size_wh = b"", None
    try:
        content = path.read_bytes()
        height, width, _ = decode_image(content, path.name).shape
        size_wh = (width, height)
        _check_size(width, height, find)
    except OSError as error:
        find(FindingKind.UNREADABLE, f"{error.strerror}: copy it again")
    except CaptureError as error:
        truncated = is_truncated(content)
        find(
            FindingKind.TRUNCATED if truncated else FindingKind.UNREADABLE,
            str(error).removeprefix(f"{path.name} "),
        )
    digest = hashlib.sha256(content).hexdigest()
    image = LabelledImage(path=path, class_name=path.parent.name, sha256=digest)
    return _Read(image=image, size_wh=size_wh, findings=tuple(findings))


def _check_name(path: Path, find: Callable[[FindingKind, str], None]) -> None:
    named = class_of_name(path.name)
    if named is None:
        find(FindingKind.UNKNOWN_NAME, "not named as PBC does: class not checked")
    elif named != path.parent.name:
        find(FindingKind.MISLABELLED, f"its name says {named}: move it there")


def _check_size(
    width: int, height: int, find: Callable[[FindingKind, str], None]
) -> None:
    if min(width, height) < CROP_SIDE_PX:
        wanted = f"the crop needs {CROP_SIDE_PX} px a side"
        find(FindingKind.TOO_SMALL, f"{width}x{height}: {wanted}")
    elif not is_published_size((width, height)):
        find(FindingKind.UNUSUAL_SIZE, f"{width}x{height}: not as PBC published it")


def _twins(reads: Iterable[_Read], folder: Path) -> list[DatasetFinding]:
    decoded = [read.image for read in reads if read.size_wh]
    kept, set_aside = without_twins(decoded)
    kept_contents = {image.sha256 for image in kept}
    content_of = {image.path: image.sha256 for image in decoded}
    findings = []
    for aside in set_aside:
        content = content_of[aside.path]
        copies = {i.name for i in decoded if i.sha256 == content}
        if content in kept_contents:
            kind = FindingKind.DUPLICATE
        elif copies & CONTRADICTORY_TWINS:
            kind = FindingKind.KNOWN_CONTRADICTION
        else:
            kind = FindingKind.CONTRADICTION
        path = _relative(aside.path, folder)
        findings.append(DatasetFinding(kind=kind, path=path, detail=aside.reason))
    return findings


def _missing(reads: Iterable[_Read]) -> list[DatasetFinding]:
    present = {read.image.class_name for read in reads}
    return [
        DatasetFinding(
            kind=FindingKind.MISSING_CLASS, path=name, detail="no image of it"
        )
        for name in CLASS_NAMES
        if name not in present
    ]


def _counts(
    reads: Iterable[_Read], findings: Iterable[DatasetFinding], folder: Path
) -> dict[str, ClassCount]:
    unfit = {f.path for f in findings if f.kind not in _STILL_USABLE}
    files: Counter[str] = Counter()
    usable: Counter[str] = Counter()
    for read in reads:
        files[read.image.class_name] += 1
        usable[read.image.class_name] += _relative(read.image.path, folder) not in unfit
    return {
        name: ClassCount(files=files[name], usable=usable[name]) for name in CLASS_NAMES
    }
