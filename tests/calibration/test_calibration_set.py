from pathlib import Path

import pytest

from calibration.calibration_set import (
    PBC_SET,
    choose_stratified,
    find_images,
    read_calibration_set,
)
from hemalens.classes import CLASS_NAMES
from hemalens.errors import CalibrationError
from hemalens.image_set import ImageSet, LabelledImage
from hemalens.split import Split, split_of


def _images(of_each: int) -> ImageSet:
    return ImageSet(
        images=tuple(
            LabelledImage(
                path=Path(f"{name}_{number}.jpg"),
                class_name=name,
                sha256=f"{index * 1000 + number:064x}",
            )
            for index, name in enumerate(CLASS_NAMES)
            for number in range(of_each)
        )
    )


def test_every_class_gets_as_many_and_all_are_of_train() -> None:
    chosen = choose_stratified(_images(60), size=80)
    by_class = [image.class_name for image in chosen.images]
    assert all(by_class.count(name) == 10 for name in CLASS_NAMES)
    assert all(split_of(image.name) is Split.TRAIN for image in chosen.images)


def test_the_choice_depends_on_seed_and_content_alone() -> None:
    images = _images(60)
    backwards = ImageSet(images=images.images[::-1])
    assert (
        choose_stratified(images, 40).images == choose_stratified(backwards, 40).images
    )
    assert (
        choose_stratified(images, 40).digest
        != choose_stratified(images, 40, seed=1).digest
    )


def test_a_small_class_leaves_its_places_to_the_others() -> None:
    images = _images(60)
    kept = [i for i in images.images if i.class_name != "ig"]
    few = [i for i in images.images if i.class_name == "ig" and i.split is Split.TRAIN]
    chosen = choose_stratified(ImageSet(images=(*kept, *few[:2])), size=80)
    assert len(chosen.images) == 80
    assert sum(image.class_name == "ig" for image in chosen.images) == 2


@pytest.mark.parametrize("size", [0, 7, 100_000])
def test_an_impossible_size_is_refused(size: int) -> None:
    with pytest.raises(CalibrationError, match="cannot choose"):
        choose_stratified(_images(20), size=size)


def test_a_class_without_training_images_is_named() -> None:
    images = _images(20)
    without = tuple(i for i in images.images if i.class_name != "monocyte")
    with pytest.raises(CalibrationError, match="monocyte"):
        choose_stratified(ImageSet(images=without), size=80)


def test_a_manifest_survives_writing_and_reading(tmp_path: Path) -> None:
    chosen = choose_stratified(_images(20), size=16)
    path = tmp_path / "set.json"
    path.write_text(chosen.model_dump_json())
    assert read_calibration_set(path) == chosen
    assert len(find_images(chosen, _images(20)).images) == 16


def test_an_image_that_is_not_there_is_named() -> None:
    chosen = choose_stratified(_images(20), size=16)
    with pytest.raises(CalibrationError, match="are not in the dataset"):
        find_images(chosen, ImageSet(images=()))


def test_a_listed_test_image_is_refused(tmp_path: Path) -> None:
    chosen = choose_stratified(_images(20), size=16)
    held_back = next(i.name for i in _images(60).images if i.split is Split.TEST)
    path = tmp_path / "set.json"
    text = chosen.model_dump_json().replace(chosen.images[0].name, held_back)
    path.write_text(text)
    with pytest.raises(CalibrationError, match="not of the train split"):
        read_calibration_set(path)


def test_the_shipped_set_lists_training_images_of_every_class() -> None:
    shipped = read_calibration_set(PBC_SET)
    assert 200 <= len(shipped.images) <= 500
    assert {image.class_name for image in shipped.images} == set(CLASS_NAMES)
