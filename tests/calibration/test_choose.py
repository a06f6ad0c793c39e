from collections import Counter
from pathlib import Path

import pytest

from calibration.choose import Chooser
from calibration.methods import METHODS, Method
from hemalens.classes import CLASS_NAMES
from hemalens.errors import CalibrationError, DatasetError
from hemalens.image_set import (
    CellImage,
    CellImages,
    ImageSet,
    LabelledImage,
    read_class_folders,
)
from hemalens.split import Split, split_of
from tests.calibration.listed_images import listed_images


@pytest.fixture(scope="module")
def drawn(drawn_dataset: Path) -> ImageSet:
    return read_class_folders(drawn_dataset)


@pytest.fixture(scope="module")
def chooser(drawn: ImageSet) -> Chooser:
    return Chooser(drawn)


def unlabelled(images: ImageSet) -> CellImages:
    return CellImages(
        images=tuple(CellImage(path=i.path, sha256=i.sha256) for i in images.images)
    )


@pytest.mark.parametrize("method", METHODS)
def test_every_class_gets_as_many_and_all_are_of_train(
    chooser: Chooser, method: Method
) -> None:
    chosen = chooser.choose(method, size=27)
    assert chosen.method == method
    counts = Counter(image.class_name for image in chosen.images)
    assert sorted(counts.values()) == [3, 3, 3, 3, 3, 4, 4, 4]
    assert len({image.sha256 for image in chosen.images}) == 27
    assert all(split_of(image.name) is Split.TRAIN for image in chosen.images)


@pytest.mark.parametrize("method", METHODS)
def test_the_choice_depends_on_seed_and_content_alone(
    chooser: Chooser, drawn: ImageSet, method: Method
) -> None:
    chosen = chooser.choose(method, 16)
    backwards = Chooser(ImageSet(images=drawn.images[::-1])).choose(method, 16)
    assert chosen.images == backwards.images
    assert chosen.digest != chooser.choose(method, 16, seed=1).digest


@pytest.mark.parametrize("method", METHODS)
def test_a_larger_set_holds_the_smaller(chooser: Chooser, method: Method) -> None:
    smaller, larger = (chooser.choose(method, size) for size in (11, 30))
    assert set(smaller.images) < set(larger.images)


@pytest.mark.parametrize("method", METHODS)
def test_images_without_a_class_are_chosen_as_one_class(
    drawn: ImageSet, method: Method
) -> None:
    chosen = Chooser(unlabelled(drawn)).choose(method, size=5)
    assert len(chosen.images) == 5
    assert {image.class_name for image in chosen.images} == {None}
    assert all(split_of(image.name) is Split.TRAIN for image in chosen.images)


def test_the_methods_choose_differently(chooser: Chooser) -> None:
    drawn, spread = (chooser.choose(method, 16) for method in METHODS)
    assert drawn.digest != spread.digest


def test_images_are_measured_once_and_only_for_k_centre(drawn: ImageSet) -> None:
    told: list[tuple[int, int]] = []
    chooser = Chooser(drawn, lambda done, total: told.append((done, total)))
    chooser.choose("stratified", 16)
    assert told == []
    chooser.choose("k-centre", 16)
    chooser.choose("k-centre", 24)
    assert told == [(done, 48) for done in range(1, 49)]


def test_a_small_class_leaves_its_places_to_the_others() -> None:
    images = listed_images(60)
    kept = [i for i in images.images if i.class_name != "ig"]
    few = [i for i in images.images if i.class_name == "ig" and i.split is Split.TRAIN]
    chooser = Chooser(ImageSet(images=(*kept, *few[:2])))
    chosen = chooser.choose("stratified", size=80)
    assert len(chosen.images) == 80
    assert sum(image.class_name == "ig" for image in chosen.images) == 2


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("size", [0, 7, 100_000])
def test_an_impossible_size_is_refused(size: int, method: Method) -> None:
    with pytest.raises(CalibrationError, match="cannot choose"):
        Chooser(listed_images(20)).choose(method, size)


def test_a_class_without_training_images_is_named() -> None:
    without = (i for i in listed_images(20).images if i.class_name != "monocyte")
    with pytest.raises(CalibrationError, match="no training image of monocyte"):
        Chooser(ImageSet(images=tuple(without)))


def test_a_folder_without_training_images_is_told() -> None:
    held_back = listed_images(9).of_split(Split.TEST)
    with pytest.raises(CalibrationError, match="no training image of any class"):
        Chooser(unlabelled(held_back))


def test_an_image_that_cannot_be_decoded_is_named(
    drawn: ImageSet, tmp_path: Path
) -> None:
    broken = tmp_path / "BA_100102.jpg"
    broken.write_text("no image")
    image = LabelledImage(path=broken, class_name=CLASS_NAMES[0], sha256="0" * 64)
    with pytest.raises(DatasetError, match=r"BA_100102\.jpg"):
        Chooser(ImageSet(images=(*drawn.images, image))).choose("k-centre", 16)
