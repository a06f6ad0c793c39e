import json
import os
import shutil
from pathlib import Path

import pytest

from hemalens.classes import CLASS_NAMES
from hemalens.errors import DatasetError
from hemalens.image_set import ImageSet, read_class_folders, read_unlabelled
from hemalens.split import Split, split_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a dataset of two classes; the reader decodes nothing, so text will do."""
    for path, content in {
        "ig/IG_1.jpg": "a",
        "ig/MY_2.JPG": "b",
        "basophil/BA_1.jpg": "c",
        "basophil/BA_2.png": "d",
    }.items():
        write(tmp_path / "pbc", path, content)
    return tmp_path / "pbc"


def write(folder: Path, path: str, content: str = "-") -> None:
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_text(content)


def name_in(split: Split, prefix: str, number: int = 0) -> str:
    """Find the nth name of a split."""
    names = (f"{prefix}_{i}.jpg" for i in range(100_000))
    return [name for name in names if split_of(name) is split][number]


def kept(images: ImageSet) -> list[str]:
    return [f"{i.class_name}/{i.name}" for i in images.images]


def aside(images: ImageSet) -> dict[str, str]:
    return {f"{a.path.parent.name}/{a.path.name}": a.reason for a in images.set_aside}


def test_images_come_by_class_then_name(folder: Path) -> None:
    images = read_class_folders(folder)
    assert kept(images) == [
        "basophil/BA_1.jpg",
        "basophil/BA_2.png",
        "ig/IG_1.jpg",
        "ig/MY_2.JPG",
    ]
    assert images.set_aside == ()


def test_counts_name_every_class_in_order(folder: Path) -> None:
    counts = read_class_folders(folder).counts()
    assert list(counts) == list(CLASS_NAMES)
    assert counts == {**dict.fromkeys(CLASS_NAMES, 0), "basophil": 2, "ig": 2}


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("ig/.DS_169665.jpg", "dot-file"),
        ("ig/._IG_1.jpg", "dot-file"),
        ("ig/notes.txt", "no image file"),
        ("ig/IG_9", "no image file"),
        ("ig/inner.jpg/IG_9.jpg", "not a file"),
    ],
)
def test_foreign_file_is_set_aside_with_its_reason(
    folder: Path, path: str, reason: str
) -> None:
    write(folder, path)
    images = read_class_folders(folder)
    assert list(aside(images).values()) == [reason]
    assert len(images.images) == 4


def test_foreign_folders_are_named_and_the_rest_counted(folder: Path) -> None:
    for number in range(5):
        write(folder, f"other{number}/a.jpg")
    with pytest.raises(DatasetError, match="other0, other1, other2 and 2 more"):
        read_class_folders(folder)


def card(folder: Path, **more: object) -> None:
    said = {"name": "Ward 3", "licence": "in house", "attribution": "A. Lee", **more}
    (folder / "dataset.json").write_text(json.dumps(said))


def test_a_set_says_whose_it_is(folder: Path) -> None:
    assert read_class_folders(folder).card is None
    card(folder, pixel_size_um=0.05, group_pattern="^([A-Z]+)_")
    images = read_class_folders(folder)
    assert images.card is not None
    assert (images.card.name, images.card.pixel_size_um) == ("Ward 3", 0.05)
    groups = images.groups()
    assert groups is not None
    assert len(groups) == len(images.images)
    assert images.of_split(Split.TRAIN).card == images.card


@pytest.mark.parametrize(
    "wrong",
    [{"license": "MIT"}, {"group_pattern": "["}, {"group_pattern": "a"}, {"name": ""}],
    ids=["misspelt", "no expression", "no group", "empty"],
)
def test_a_card_that_says_nothing_is_refused(
    folder: Path, wrong: dict[str, object]
) -> None:
    card(folder, **wrong)
    with pytest.raises(DatasetError, match=r"dataset\.json"):
        read_class_folders(folder)


def test_dot_folder_beside_the_classes_is_no_class(folder: Path) -> None:
    write(folder, ".git/config")
    assert len(read_class_folders(folder).images) == 4


@pytest.mark.parametrize(
    ("protected", "other"),
    [
        (Split.TEST, Split.TRAIN),
        (Split.TEST, Split.VALIDATION),
        (Split.VALIDATION, Split.TRAIN),
    ],
)
def test_of_twins_the_one_on_the_protected_side_is_kept(
    folder: Path, protected: Split, other: Split
) -> None:
    stays, goes = name_in(protected, "LY"), name_in(other, "LY")
    write(folder, f"lymphocyte/{stays}", "twin")
    write(folder, f"lymphocyte/{goes}", "twin")
    images = read_class_folders(folder)
    assert f"lymphocyte/{stays}" in kept(images)
    assert aside(images) == {f"lymphocyte/{goes}": f"identical to lymphocyte/{stays}"}


def test_of_several_twins_in_one_split_one_is_kept(folder: Path) -> None:
    names = [name_in(Split.TRAIN, "LY", number) for number in range(3)]
    for name in names:
        write(folder, f"lymphocyte/{name}", "twin")
    images = read_class_folders(folder)
    assert images.counts()["lymphocyte"] == 1
    assert set(aside(images)) == {f"lymphocyte/{name}" for name in sorted(names)[1:]}


def test_twins_of_different_classes_are_all_set_aside(folder: Path) -> None:
    write(folder, "eosinophil/EO_1.jpg", "twin")
    write(folder, "neutrophil/BNE_2.jpg", "twin")
    write(folder, "neutrophil/SNE_3.jpg", "twin")
    images = read_class_folders(folder)
    assert images.counts()["eosinophil"] == images.counts()["neutrophil"] == 0
    assert len(aside(images)) == 3
    for reason in aside(images).values():
        assert "different classes" in reason
        assert "eosinophil/EO_1.jpg" in reason


@pytest.mark.parametrize("name", ["eosinophil/EO_225902.jpg", "ig/BNE_191112.jpg"])
def test_a_lone_copy_of_the_published_contradiction_is_set_aside(
    folder: Path, name: str
) -> None:
    write(folder, "ig/PMY_1.jpg", "sound")
    write(folder, name, "published twice")
    assert aside(read_class_folders(folder)) == {name: "published in two classes"}


def test_no_content_stands_in_two_splits(folder: Path) -> None:
    for number in range(30):
        write(folder, f"monocyte/MO_{number}.jpg", str(number % 7))
    images = read_class_folders(folder)
    contents = [image.sha256 for image in images.images]
    assert len(contents) == len(set(contents))


def test_splits_part_the_set_and_none_keeps_all(folder: Path) -> None:
    for number in range(50):
        write(folder, f"monocyte/MO_{number}.jpg", str(number))
    images = read_class_folders(folder)
    parts = [images.of_split(split) for split in Split]
    assert images.of_split(None) is images
    assert all(
        i.split is s for s, p in zip(Split, parts, strict=True) for i in p.images
    )
    assert sorted(name for part in parts for name in kept(part)) == sorted(kept(images))


def test_digest_does_not_depend_on_the_place(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "elsewhere" / "copy")
    here = read_class_folders(folder).digest
    assert read_class_folders(tmp_path / "elsewhere" / "copy").digest == here
    assert len(here) == 64


def test_digest_does_not_depend_on_what_is_set_aside(folder: Path) -> None:
    before = read_class_folders(folder).digest
    write(folder, "ig/.hidden")
    assert read_class_folders(folder).digest == before


@pytest.mark.parametrize("change", ["content", "name", "class", "more"])
def test_digest_changes_with_the_images(folder: Path, change: str) -> None:
    before = read_class_folders(folder).digest
    image = folder / "ig" / "IG_1.jpg"
    if change == "content":
        image.write_text("other")
    elif change == "name":
        image.rename(image.with_name("IG_3.jpg"))
    elif change == "class":
        image.rename(folder / "basophil" / image.name)
    else:
        write(folder, "ig/IG_4.jpg", "more")
    assert read_class_folders(folder).digest != before


def test_name_that_is_no_utf8_is_read_like_any_other(folder: Path) -> None:
    try:
        write(folder, os.fsdecode(b"ig/IG_\xff.jpg"), "other")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    images = read_class_folders(folder)
    assert len(images.images) == 5
    assert len(images.digest) == 64


def test_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no folder"):
        read_class_folders(tmp_path / "gone")


def test_file_instead_of_a_folder_is_told(folder: Path) -> None:
    with pytest.raises(DatasetError, match="no folder"):
        read_class_folders(folder / "ig" / "IG_1.jpg")


def test_empty_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="found none"):
        read_class_folders(tmp_path)


def test_class_folders_without_images_are_told(tmp_path: Path) -> None:
    write(tmp_path, "ig/notes.txt")
    with pytest.raises(DatasetError, match="no image"):
        read_class_folders(tmp_path)


def test_foreign_folder_is_named(folder: Path) -> None:
    write(folder, "blast/BL_1.jpg")
    with pytest.raises(DatasetError, match="found blast"):
        read_class_folders(folder)


def test_image_that_vanishes_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(path: Path) -> bytes:
        raise FileNotFoundError(2, "No such file or directory", str(path))

    monkeypatch.setattr(Path, "read_bytes", gone)
    with pytest.raises(DatasetError, match="No such file"):
        read_class_folders(folder)


@pytest.fixture
def crops(tmp_path: Path) -> Path:
    """Give a folder of two images without a class."""
    write(tmp_path / "crops", "demo-0001-7.png", "b")
    write(tmp_path / "crops", "demo-0000-3.png", "a")
    return tmp_path / "crops"


def test_images_without_a_class_come_by_name(crops: Path) -> None:
    images = read_unlabelled(crops)
    assert [image.name for image in images.images] == [
        "demo-0000-3.png",
        "demo-0001-7.png",
    ]
    assert {image.class_name for image in images.images} == {None}
    assert images.set_aside == ()


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        (".demo.png", "dot-file"),
        ("notes.txt", "no image file"),
        ("ig/IG_9.jpg", "not a file"),
    ],
)
def test_foreign_file_beside_images_without_a_class_is_set_aside(
    crops: Path, path: str, reason: str
) -> None:
    write(crops, path)
    images = read_unlabelled(crops)
    assert [one.reason for one in images.set_aside] == [reason]
    assert len(images.images) == 2


def test_of_twins_without_a_class_the_one_on_the_protected_side_is_kept(
    crops: Path,
) -> None:
    stays, goes = name_in(Split.TEST, "cell"), name_in(Split.TRAIN, "cell")
    write(crops, stays, "twin")
    write(crops, goes, "twin")
    images = read_unlabelled(crops)
    assert stays in [image.name for image in images.images]
    assert [(one.path.name, one.reason) for one in images.set_aside] == [
        (goes, f"identical to {stays}")
    ]


def test_images_without_a_class_have_splits_and_a_digest(crops: Path) -> None:
    before = read_unlabelled(crops).digest
    held_back = name_in(Split.TEST, "cell")
    write(crops, held_back, "c")
    images = read_unlabelled(crops)
    names = [image.name for image in images.of_split(Split.TEST).images]
    assert held_back in names
    assert all(split_of(name) is Split.TEST for name in names)
    assert images.digest != before


@pytest.mark.parametrize("inside", ["", "ig/IG_1.jpg"], ids=["empty", "class folders"])
def test_a_folder_without_images_of_its_own_is_told(
    tmp_path: Path, inside: str
) -> None:
    if inside:
        write(tmp_path, inside)
    with pytest.raises(DatasetError, match="no image in"):
        read_unlabelled(tmp_path)


def test_missing_folder_of_images_is_told(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no folder"):
        read_unlabelled(tmp_path / "gone")
