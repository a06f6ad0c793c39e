import shutil
from pathlib import Path

import pytest

from calibration.calibration_set import (
    PBC_SET,
    CalibrationSet,
    find_images,
    read_calibration_set,
    read_images_for,
)
from calibration.choose import Chooser
from hemalens.classes import CLASS_NAMES
from hemalens.errors import CalibrationError, DatasetError
from hemalens.image_set import ImageSet, read_class_folders, read_unlabelled
from hemalens.split import Split
from tests.calibration.listed_images import listed_images


@pytest.fixture
def chosen() -> CalibrationSet:
    return Chooser(listed_images(20)).choose("stratified", size=16)


@pytest.fixture
def crops(drawn_dataset: Path, tmp_path: Path) -> Path:
    """Give a folder of images without class folders."""
    folder = tmp_path / "crops"
    folder.mkdir()
    for path in drawn_dataset.glob("*/*.jpg"):
        shutil.copy(path, folder)
    return folder


def test_a_manifest_survives_writing_and_reading(
    chosen: CalibrationSet, tmp_path: Path
) -> None:
    path = tmp_path / "set.json"
    path.write_text(chosen.model_dump_json())
    assert read_calibration_set(path) == chosen
    assert len(find_images(chosen, listed_images(20)).images) == 16


def test_a_manifest_without_classes_survives_too(crops: Path, tmp_path: Path) -> None:
    chosen = Chooser(read_unlabelled(crops)).choose("k-centre", size=7)
    path = tmp_path / "set.json"
    path.write_text(chosen.model_dump_json())
    assert '"class_name":null' in path.read_text()
    assert read_calibration_set(path) == chosen


def test_images_are_found_in_a_folder_laid_out_as_the_set_was_chosen(
    crops: Path, drawn_dataset: Path
) -> None:
    for images in (read_unlabelled(crops), read_class_folders(drawn_dataset)):
        chosen = Chooser(images).choose("stratified", size=9)
        folder = images.images[0].path.parent
        root = drawn_dataset if isinstance(images, ImageSet) else folder
        found = find_images(chosen, read_images_for(chosen, root))
        assert [image.name for image in found.images] == [i.name for i in chosen.images]


def test_class_folders_hold_no_images_of_a_set_without_classes(
    crops: Path, drawn_dataset: Path
) -> None:
    chosen = Chooser(read_unlabelled(crops)).choose("stratified", size=9)
    with pytest.raises(DatasetError, match="not class folders"):
        read_images_for(chosen, drawn_dataset)


def test_an_image_that_is_not_there_is_named(chosen: CalibrationSet) -> None:
    with pytest.raises(CalibrationError, match="are not in the folder, first"):
        find_images(chosen, ImageSet(images=()))


def test_a_listed_test_image_is_refused(chosen: CalibrationSet, tmp_path: Path) -> None:
    held_back = listed_images(60).of_split(Split.TEST).images[0].name
    path = tmp_path / "set.json"
    text = chosen.model_dump_json().replace(chosen.images[0].name, held_back)
    path.write_text(text)
    with pytest.raises(CalibrationError, match="not of the train split"):
        read_calibration_set(path)


def test_a_foreign_method_is_refused(chosen: CalibrationSet, tmp_path: Path) -> None:
    path = tmp_path / "set.json"
    path.write_text(chosen.model_dump_json().replace("stratified", "by hand"))
    with pytest.raises(CalibrationError, match="no calibration manifest"):
        read_calibration_set(path)


def test_the_shipped_set_lists_training_images_of_every_class() -> None:
    shipped = read_calibration_set(PBC_SET)
    assert shipped.method == "stratified"
    assert 200 <= len(shipped.images) <= 500
    assert {image.class_name for image in shipped.images} == set(CLASS_NAMES)
