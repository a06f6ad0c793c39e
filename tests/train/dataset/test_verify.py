import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from hemalens.classes import CLASS_NAMES
from hemalens.errors import DatasetError
from hemalens.image_set import read_class_folders
from tests.train.dataset.made_dataset import encoded, jpeg, make_dataset
from train.dataset.findings import FindingKind
from train.dataset.verify import verify


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_dataset(tmp_path / "pbc")


def found(folder: Path) -> set[tuple[FindingKind, str]]:
    return {(finding.kind, finding.path) for finding in verify(folder).findings}


def test_sound_folder_passes_without_findings(folder: Path) -> None:
    verification = verify(folder)
    assert verification.passed
    assert verification.findings == ()
    assert list(verification.counts) == list(CLASS_NAMES)
    assert all(c.files == c.usable == 1 for c in verification.counts.values())
    assert verification.sizes_wh == {(360, 363): 8}


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """One file put into a sound folder, and what must be said about it."""

    name: str
    path: str
    content: bytes
    kind: FindingKind
    mend: bool
    usable: int = 8


NOISE = np.random.default_rng(1).integers(0, 256, (300, 300, 3), np.uint8)

FLAWS = (
    Flaw(
        name="empty",
        path="basophil/BA_9.jpg",
        content=b"",
        kind=FindingKind.UNREADABLE,
        mend=True,
    ),
    Flaw(
        name="text named jpg",
        path="ig/IG_9.jpg",
        content=b"<html>not found</html>",
        kind=FindingKind.UNREADABLE,
        mend=True,
    ),
    Flaw(
        name="half a jpeg",
        path="ig/MY_9.jpg",
        content=jpeg(3)[:-500],
        kind=FindingKind.TRUNCATED,
        mend=True,
    ),
    Flaw(
        name="half a png",
        path="ig/MMY_9.png",
        content=encoded(NOISE, ".png")[:-5000],
        kind=FindingKind.TRUNCATED,
        mend=True,
    ),
    Flaw(
        name="too narrow",
        path="monocyte/MO_9.jpg",
        content=jpeg(3, (255, 400)),
        kind=FindingKind.TOO_SMALL,
        mend=True,
    ),
    Flaw(
        name="another class's name",
        path="monocyte/BNE_9.jpg",
        content=jpeg(3),
        kind=FindingKind.MISLABELLED,
        mend=True,
    ),
    Flaw(
        name="new contradiction",
        path="platelet/PLATELET_9.jpg",
        content=jpeg(100),  # the basophil's
        kind=FindingKind.CONTRADICTION,
        mend=True,
        usable=7,
    ),
    Flaw(
        name="foreign folder",
        path="__MACOSX/._BA_1.jpg",
        content=b"",
        kind=FindingKind.FOREIGN_FOLDER,
        mend=True,
    ),
    Flaw(
        name="duplicate",
        path="basophil/BA_9.jpg",
        content=jpeg(100),
        kind=FindingKind.DUPLICATE,
        mend=False,
    ),
    Flaw(
        name="dot-file",
        path="neutrophil/.DS_169665.jpg",
        content=b"Bud1",
        kind=FindingKind.DOT_FILE,
        mend=False,
    ),
    Flaw(
        name="text file",
        path="ig/notes.txt",
        content=b"-",
        kind=FindingKind.FOREIGN_FILE,
        mend=False,
    ),
    Flaw(
        name="folder in a class folder",
        path="ig/old/IG_9.jpg",
        content=b"-",
        kind=FindingKind.FOREIGN_FILE,
        mend=False,
    ),
    Flaw(
        name="file beside the classes",
        path="README.md",
        content=b"-",
        kind=FindingKind.FOREIGN_FILE,
        mend=False,
    ),
    Flaw(
        name="unusual size",
        path="ig/IG_9.jpg",
        content=jpeg(3, (575, 583)),
        kind=FindingKind.UNUSUAL_SIZE,
        mend=False,
        usable=9,
    ),
    Flaw(
        name="name not of PBC",
        path="ig/cell.jpg",
        content=jpeg(3),
        kind=FindingKind.UNKNOWN_NAME,
        mend=False,
        usable=9,
    ),
    Flaw(
        name="published in two classes, one copy away",
        path="eosinophil/EO_225902.jpg",
        content=jpeg(3),
        kind=FindingKind.KNOWN_CONTRADICTION,
        mend=False,
        usable=8,
    ),
)


@pytest.mark.parametrize("flaw", FLAWS, ids=lambda flaw: flaw.name)
def test_each_flaw_is_named_and_judged(folder: Path, flaw: Flaw) -> None:
    path = folder / flaw.path
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(flaw.content)
    verification = verify(folder)
    named = [f.path for f in verification.of_kind(flaw.kind)]
    assert any(flaw.path == name or flaw.path.startswith(f"{name}/") for name in named)
    assert {f.kind for f in verification.findings} == {flaw.kind}
    assert verification.passed is not flaw.mend
    assert verification.usable == flaw.usable


@pytest.mark.parametrize("size_wh", [(360, 363), (366, 369), (360, 360), (359, 360)])
def test_published_sizes_are_not_remarked(
    folder: Path, size_wh: tuple[int, int]
) -> None:
    (folder / "ig" / "IG_9.jpg").write_bytes(jpeg(3, size_wh))
    assert verify(folder).findings == ()


def test_smallest_size_that_holds_the_crop_is_only_remarked(folder: Path) -> None:
    (folder / "ig" / "IG_9.jpg").write_bytes(jpeg(3, (256, 256)))
    assert found(folder) == {(FindingKind.UNUSUAL_SIZE, "ig/IG_9.jpg")}


def test_published_contradiction_is_handled_by_the_reader(folder: Path) -> None:
    (folder / "eosinophil" / "EO_225902.jpg").write_bytes(jpeg(3))
    (folder / "neutrophil" / "BNE_191112.jpg").write_bytes(jpeg(3))
    verification = verify(folder)
    assert verification.passed
    assert [f.path for f in verification.of_kind(FindingKind.KNOWN_CONTRADICTION)] == [
        "eosinophil/EO_225902.jpg",
        "neutrophil/BNE_191112.jpg",
    ]
    assert verification.usable == 8


@pytest.mark.parametrize("removed", ["image", "folder"])
def test_class_without_images_must_be_mended(folder: Path, removed: str) -> None:
    (folder / "basophil" / "BA_1.jpg").unlink()
    if removed == "folder":
        (folder / "basophil").rmdir()
    verification = verify(folder)
    assert not verification.passed
    assert found(folder) == {(FindingKind.MISSING_CLASS, "basophil")}
    assert verification.counts["basophil"].files == 0


def test_link_to_nothing_is_named(folder: Path) -> None:
    (folder / "ig" / "IG_9.jpg").symlink_to("gone.jpg")
    (finding,) = verify(folder).findings
    assert (finding.path, finding.detail) == ("ig/IG_9.jpg", "a link to nothing")


def test_mislabelled_finding_says_where_the_image_belongs(folder: Path) -> None:
    (folder / "ig" / "LY_9.jpg").write_bytes(jpeg(3))
    (finding,) = verify(folder).findings
    assert "lymphocyte" in finding.detail


def test_broken_copies_are_broken_not_duplicates(folder: Path) -> None:
    for path in ("ig/IG_9.jpg", "ig/IG_8.jpg", "monocyte/MO_9.jpg"):
        (folder / path).write_bytes(b"")
    assert {kind for kind, _ in found(folder)} == {FindingKind.UNREADABLE}


def test_what_must_be_mended_comes_first(folder: Path) -> None:
    (folder / "ig" / "cell.jpg").write_bytes(b"")
    kinds = [finding.kind for finding in verify(folder).findings]
    assert kinds == [FindingKind.UNREADABLE, FindingKind.UNKNOWN_NAME]


def test_passed_folder_is_usable_as_the_reader_reads_it(folder: Path) -> None:
    for path, content in {
        "basophil/BA_9.jpg": jpeg(100),
        "basophil/.BA_9.jpg": b"",
        "ig/notes.txt": b"",
        "eosinophil/EO_225902.jpg": jpeg(3),
        "neutrophil/BNE_191112.jpg": jpeg(3),
        "monocyte/MO_20.jpg": jpeg(4, (500, 500)),
    }.items():
        (folder / path).write_bytes(content)
    verification, image_set = verify(folder), read_class_folders(folder)
    assert verification.passed
    usable = {name: count.usable for name, count in verification.counts.items()}
    assert usable == image_set.counts()
    kinds_used = {FindingKind.UNUSUAL_SIZE}
    handled = {f.path for f in verification.findings if f.kind not in kinds_used}
    aside = {a.path.relative_to(folder).as_posix() for a in image_set.set_aside}
    assert handled == aside


def test_names_that_are_no_utf8_do_not_stop_the_check(folder: Path) -> None:
    try:
        (folder / "ig" / os.fsdecode(b"IG_\xff.jpg")).write_bytes(jpeg(3))
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    assert verify(folder).usable == 9


def test_progress_counts_every_file(folder: Path) -> None:
    seen: list[tuple[int, int]] = []
    verify(folder, lambda done, total: seen.append((done, total)))
    assert seen == [(done, 8) for done in range(1, 9)]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoDataset:
    """A path that cannot be checked, and what the message must hold."""

    name: str
    path: Callable[[Path], Path]
    says: str


NO_DATASETS = (
    NoDataset(name="missing", path=lambda f: f / "gone", says="No such file"),
    NoDataset(
        name="a file", path=lambda f: f / "ig" / "PMY_4.jpg", says="Not a directory"
    ),
    NoDataset(name="a class folder", path=lambda f: f / "ig", says="no class folder"),
    NoDataset(name="its parent", path=lambda f: f.parent, says="did you mean"),
)


@pytest.mark.parametrize("case", NO_DATASETS, ids=lambda case: case.name)
def test_no_dataset_is_refused(folder: Path, case: NoDataset) -> None:
    with pytest.raises(DatasetError, match=case.says):
        verify(case.path(folder))
