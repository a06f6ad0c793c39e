from pathlib import Path

import numpy as np
import pytest

from hemalens.errors import DatasetError, StorageError
from hemalens.image_files import read_image
from hemalens.image_set import ImageSet, read_class_folders
from hemalens.preprocess import cut_crop
from hemalens.split import Split
from train.cache import cached_crops


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


def test_another_content_makes_another_cache(
    drawn_dataset: Path, tmp_path: Path
) -> None:
    images = read_class_folders(drawn_dataset)
    cached_crops(images.of_split(Split.TRAIN), size_px=32, folder=tmp_path)
    cached_crops(images.of_split(Split.VALIDATION), size_px=32, folder=tmp_path)
    cached_crops(images.of_split(Split.TRAIN), size_px=32, context=1.3, folder=tmp_path)
    assert len(list(tmp_path.iterdir())) == 3


def test_an_image_that_cannot_be_decoded_is_named(tmp_path: Path) -> None:
    (tmp_path / "ig").mkdir()
    (tmp_path / "ig" / "IG_1.jpg").write_text("no image")
    images = read_class_folders(tmp_path)
    with pytest.raises(DatasetError, match=r"IG_1\.jpg"):
        cached_crops(images, size_px=32, folder=tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_an_unwritable_cache_is_named(drawn_dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    images = read_class_folders(drawn_dataset)
    with pytest.raises(StorageError, match="cannot write the cache"):
        cached_crops(images, size_px=32, folder=tmp_path / "file" / "cache")


def test_a_damaged_cache_is_refused(drawn_dataset: Path, tmp_path: Path) -> None:
    images = read_class_folders(drawn_dataset)
    cached_crops(images, size_px=32, folder=tmp_path)
    (cache,) = tmp_path.iterdir()
    np.save(cache, np.zeros((2, 2), np.uint8))
    with pytest.raises(DatasetError, match="damaged cache"):
        cached_crops(images, size_px=32, folder=tmp_path)


def test_no_images_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no image to cut"):
        cached_crops(ImageSet(images=()), size_px=32, folder=tmp_path)
