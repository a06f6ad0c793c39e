"""Which images a model has seen is known by their content."""

import shutil
from pathlib import Path
from zipfile import ZipFile

import pytest
from click.testing import CliRunner

from hemalens.classes import CLASS_NAMES
from hemalens.image_set import ImageSet, read_class_folders
from hemalens.split import Split, split_of
from hemalens.trained_images import MEMBER, TrainedImages
from tests.drawn_dataset import name_in
from tests.train.evaluation.flat_dataset import knowing_network
from tests.train.evaluation.run_folders import write_run
from train.evaluation.cli import evaluate
from train.evaluation.measure import measure
from train.evaluation.trained_on import TrainedOn


@pytest.fixture
def renamed(flat_dataset: Path, tmp_path: Path) -> Path:
    """The same files under names of other splits."""
    other = {Split.TRAIN: Split.TEST, Split.VALIDATION: Split.TRAIN}
    for name in CLASS_NAMES:
        folder = tmp_path / "renamed" / name
        folder.mkdir(parents=True)
        for number, path in enumerate(sorted((flat_dataset / name).iterdir())):
            name_now = name_in(other[split_of(path.name)], name, number)
            shutil.copy(path, folder / name_now)
    return tmp_path / "renamed"


@pytest.fixture
def model(flat_dataset: Path, tmp_path: Path) -> Path:
    """A model that lists the flat set's training images."""
    path = write_run(tmp_path / "run", knowing_network()) / "best.keras"
    trained = read_class_folders(flat_dataset).of_split(Split.TRAIN)
    content = TrainedImages(one.sha256 for one in trained.images).content()
    with ZipFile(path, "a") as archive:
        archive.writestr(MEMBER, content)
    return path


def of(images: ImageSet, listed: TrainedImages | None, digest: str) -> list[bool]:
    known = TrainedOn(images=listed, dataset_digest=digest)
    return list(known.seen(images, images.digest))


def test_an_image_is_known_again_under_another_name(
    model: Path, flat_dataset: Path, renamed: Path, crop_cache: Path
) -> None:
    found = measure(model, renamed, "all", crop_cache)
    assert (found.seen_images, found.n) == (24, 40)
    assert found.held_out is not None
    assert found.held_out.n == 16
    test = measure(model, renamed, "test", crop_cache)
    assert test.resubstitution
    assert test.held_out is None
    train = measure(model, renamed, "train", crop_cache)
    assert not train.resubstitution


def test_foreign_images_are_no_resubstitution(flat_dataset: Path) -> None:
    images = read_class_folders(flat_dataset)
    assert not any(of(images, TrainedImages(["f" * 64]), images.digest))
    assert not any(of(images, None, "e" * 64))


def test_of_its_own_set_a_model_without_a_list_has_seen_the_train_split(
    flat_dataset: Path,
) -> None:
    images = read_class_folders(flat_dataset)
    assert of(images, None, images.digest) == [
        image.split is Split.TRAIN for image in images.images
    ]


def test_a_part_of_pbc_is_known_by_its_names(
    tmp_path: Path, flat_dataset: Path
) -> None:
    images = read_class_folders(flat_dataset)
    (source,) = [one for one in images.images if one.split is Split.TRAIN][:1]
    folder = tmp_path / source.class_name
    folder.mkdir()
    names = [f"BA_{number}.jpg" for number in range(40)]
    assert source.class_name == "basophil"
    for number, name in enumerate(names):
        (folder / name).write_bytes(source.path.read_bytes() + bytes([number]))
    part = read_class_folders(tmp_path)
    splits = [image.split is Split.TRAIN for image in part.images]
    assert of(part, None, "e" * 64) == splits
    assert any(splits)


def test_evaluate_warns_of_images_that_were_trained_on(
    model: Path, renamed: Path, crop_cache: Path
) -> None:
    asked = ["--data", str(renamed), "--cache", str(crop_cache), "--split", "test"]
    result = CliRunner().invoke(evaluate, ["--model", str(model), *asked])
    assert result.exit_code == 0, result.output
    assert "warning: 24 of 24 images were trained on" in result.stderr


def test_evaluate_says_what_it_does_not_know(
    flat_dataset: Path, crop_cache: Path, tmp_path: Path
) -> None:
    run = write_run(tmp_path / "run", knowing_network())
    asked = ["--data", str(flat_dataset), "--cache", str(crop_cache)]
    result = CliRunner().invoke(evaluate, ["--model", str(run / "best.keras"), *asked])
    assert result.exit_code == 0, result.output
    assert "does not list the images it was trained on" in result.stderr
