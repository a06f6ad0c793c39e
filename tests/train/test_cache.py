import errno
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from hemalens.dataset_card import DatasetCard
from hemalens.errors import DatasetError, StorageError
from hemalens.image_files import read_image
from hemalens.image_set import ImageSet, read_class_folders, read_unlabelled
from hemalens.preprocess import PBC_PIXEL_SIZE_UM, cut_crop
from hemalens.split import Split
from train.cache import cached_crops, cached_pixels


def test_a_cached_crop_is_the_one_the_device_cuts(
    drawn_dataset: Path, tmp_path: Path
) -> None:
    images = read_class_folders(drawn_dataset)
    crops = cached_crops(images, size_px=64, folder=tmp_path)
    assert crops.crops.shape == (64, 64, 64, 3)
    for index in (0, 40):
        image = read_image(images.images[index].path)
        assert np.array_equal(
            crops.crops[index], cut_crop(image, (180, 181.5), 256, 64)
        )
        assert crops.names[index] == images.images[index].name


def test_images_are_decoded_once(drawn_dataset: Path, tmp_path: Path) -> None:
    images = read_class_folders(drawn_dataset)
    told: list[int] = []

    def tell(done: int, total: int) -> None:
        told.append(done)

    cached_crops(images, size_px=32, folder=tmp_path, progress=tell)
    assert told == list(range(1, 65))
    cached_crops(images, size_px=32, folder=tmp_path, progress=tell)
    assert len(told) == 64


def enlarged(folder: Path, drawn: Path) -> ImageSet:
    """Photograph the cells at twice the size."""
    for path in sorted(drawn.glob("*/*.jpg"))[::16]:
        (folder / path.parent.name).mkdir(parents=True, exist_ok=True)
        doubled = cv2.resize(cv2.imread(str(path)), None, fx=2, fy=2)
        assert cv2.imwrite(str(folder / path.parent.name / path.name), doubled)
    return read_class_folders(folder)


def test_images_of_another_scale_are_asked_for_it(
    drawn_dataset: Path, tmp_path: Path
) -> None:
    images = enlarged(tmp_path / "data", drawn_dataset)
    with pytest.raises(DatasetError, match=r"720x726, .* nothing says its scale"):
        cached_crops(images, size_px=32, folder=tmp_path / "cache")
    said = {"name": "a", "licence": "a", "attribution": "a"}
    said_scale = DatasetCard(**said, pixel_size_um=PBC_PIXEL_SIZE_UM / 2)
    found = cached_crops(
        replace(images, card=said_scale), size_px=32, folder=tmp_path / "cache"
    )
    kept = {image.name for image in images.images}
    usual = read_class_folders(drawn_dataset)
    usual = replace(usual, images=tuple(i for i in usual.images if i.name in kept))
    wanted = cached_crops(usual, size_px=32, folder=tmp_path / "cache")
    difference = np.abs(found.crops.astype(int) - wanted.crops)
    assert difference.mean() < 3


def test_another_content_makes_another_cache(
    drawn_dataset: Path, tmp_path: Path
) -> None:
    images = read_class_folders(drawn_dataset)
    cached_crops(images.of_split(Split.TRAIN), size_px=32, folder=tmp_path)
    cached_crops(images.of_split(Split.VALIDATION), size_px=32, folder=tmp_path)
    cached_crops(images.of_split(Split.TRAIN), size_px=32, context=1.3, folder=tmp_path)
    assert len(list(tmp_path.glob("*.npy"))) == 3


def test_an_image_that_cannot_be_decoded_is_named(tmp_path: Path) -> None:
    (tmp_path / "ig").mkdir()
    (tmp_path / "ig" / "IG_1.jpg").write_text("no image")
    images = read_class_folders(tmp_path)
    with pytest.raises(DatasetError, match=r"IG_1\.jpg"):
        cached_crops(images, size_px=32, folder=tmp_path / "cache")
    assert list((tmp_path / "cache").glob("*.npy")) == []


def test_an_unwritable_cache_is_named(drawn_dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    images = read_class_folders(drawn_dataset)
    with pytest.raises(StorageError, match="cannot write"):
        cached_crops(images, size_px=32, folder=tmp_path / "file" / "cache")


def test_a_damaged_cache_is_refused(drawn_dataset: Path, tmp_path: Path) -> None:
    images = read_class_folders(drawn_dataset)
    cached_crops(images, size_px=32, folder=tmp_path)
    (cache,) = tmp_path.glob("*.npy")
    np.save(cache, np.zeros((2, 2), np.uint8))
    with pytest.raises(DatasetError, match="damaged cache"):
        cached_crops(images, size_px=32, folder=tmp_path)


def test_no_images_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no image to cut"):
        cached_crops(ImageSet(images=()), size_px=32, folder=tmp_path)


def test_a_cache_of_another_dataset_is_refused(
    drawn_dataset: Path, tmp_path: Path
) -> None:
    images = read_class_folders(drawn_dataset)
    cached_crops(images.of_split(Split.TRAIN), size_px=32, folder=tmp_path)
    (of_train,) = tmp_path.glob("*.json")
    cached_crops(images, size_px=32, folder=tmp_path)
    (of_all,) = set(tmp_path.glob("*.json")) - {of_train}
    of_all.write_bytes(of_train.read_bytes())
    with pytest.raises(DatasetError, match="cache of another dataset: delete it"):
        cached_crops(images, size_px=32, folder=tmp_path)


def test_a_full_disk_is_met_before_a_crop_is_cut(
    drawn_dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(file: int, start: int, length: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", full)
    images = read_class_folders(drawn_dataset)
    with pytest.raises(StorageError, match="No space left on device"):
        cached_crops(images, size_px=32, folder=tmp_path)
    assert list(tmp_path.glob("*.npy")) == list(tmp_path.glob("*.part")) == []


def test_a_wider_crop_shows_more(drawn_dataset: Path, tmp_path: Path) -> None:
    images = read_class_folders(drawn_dataset)
    near, far = (
        cached_crops(images, size_px=48, crop_side_um=side, folder=tmp_path).crops
        for side in (12.16, 24.32)
    )
    middle = far[0][12:36, 12:36]
    inner = cv2.resize(near[0], (24, 24), interpolation=cv2.INTER_AREA)
    assert np.abs(middle.astype(float) - inner).mean() < 6


def test_images_without_a_class_are_cut_like_labelled_ones(
    drawn_dataset: Path, tmp_path: Path
) -> None:
    images = read_class_folders(drawn_dataset)
    of_ig = ImageSet(images=tuple(i for i in images.images if i.class_name == "ig"))
    unlabelled = read_unlabelled(drawn_dataset / "ig")
    labelled = cached_crops(of_ig, size_px=32, folder=tmp_path / "a")
    pixels = cached_pixels(unlabelled, size_px=32, folder=tmp_path / "b")
    assert np.array_equal(pixels, labelled.crops)
